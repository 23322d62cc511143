"""One tree of errors. Each says what was wrong, what was expected and the next step, and never quotes a trace."""


class PersonaeError(Exception):
    """Base class: the command line prints its message and exits 1, without a traceback."""


class BadInput(PersonaeError, ValueError):
    """A file, row or option that cannot be used; the message names it and the mend."""


class NotFitted(BadInput, AttributeError):
    """A method that was asked before it has learned; the message says to call `fit`."""


class DamagedData(BadInput):
    """A file of a data set that is cut off or cannot be read; the message names the file and how to compare it."""


class UnknownName(PersonaeError, KeyError):
    """A name (attribute, purpose, format, data set, paper) that does not exist; the message lists the nearest."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class PolicyDenied(PersonaeError, PermissionError):
    """An inference that the named purpose does not allow; the message names the rule."""


class MissingData(PersonaeError, FileNotFoundError):
    """A data set that is not on this machine; the message says how to get it."""


class MissingExtra(PersonaeError, ImportError):
    """An optional dependency that is not installed; the message names the extra."""


class ModelFailed(PersonaeError, RuntimeError):
    """A model server that did not answer after the retries, or a budget that ran out."""
