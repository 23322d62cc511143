"""Sensitive data kept for testing alone: looked at through aggregates, never through rows, never beside features.

Source: Bogen, Rieke, Ahmed (2020), arXiv 1912.06171, section 5: data that tests need and decisions must not see.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput, PolicyDenied, UnknownName
from personae.metrics.discrimination import auroc_interval
from personae.metrics.disparity import MIN_CELL, Disparity, disparity, labels_of, one_hot
from personae.metrics.folds import deal_folds
from personae.metrics.intervals import DRAWS, Interval, RandomState
from personae.metrics.logistic import fit_logistic
from personae.people.access import AccessLog
from personae.people.policy import Rules, Setting, require

TEST_PURPOSES: Final = ("fairness-test", "self-test", "regulatory-report")
REPORT = Setting(operation="report", granularity="aggregate")


class SealedGroups:
    """Group probabilities of people, in a file of their own, that answer only questions in aggregate.

    Every question names its purpose, passes the gate and is logged; purposes other than tests and reports are refused whatever
    the rules say. Ids are kept as salted digests, no method returns a row, and pickling is refused.

    Parameters
    ----------
    attribute : str
        What the groups are of, such as "ethnicity".
    groups : sequence of str
    ids : sequence of str
    probabilities : array-like of shape (n_people, n_groups)
        0 and 1 where the group is known.
    log : AccessLog or None
    rules : Rules or None

    Examples
    --------
    >>> sealed = SealedGroups("sex", ("f", "m"), ["a", "b", "c", "d"], [[1, 0], [1, 0], [0, 1], [0, 1]])
    >>> hired = {"a": 1.0, "b": 0.0, "c": 1.0, "d": 1.0}
    >>> sealed.disparity(hired, "f", "m", purpose="fairness-test", min_cell=2, draws=100).gap.value
    -0.5
    """

    def __init__(
        self,
        attribute: str,
        groups: Sequence[str],
        ids: Sequence[str],
        probabilities: ArrayLike,
        *,
        log: AccessLog | None = None,
        rules: Rules | None = None,
    ) -> None:
        table = np.asarray(probabilities, dtype=float)
        if table.shape != (len(ids), len(groups)) or len(set(ids)) != len(ids):
            raise BadInput(
                f"{len(ids)} ids, {len(groups)} groups, probabilities of shape {table.shape}: give one row a person, each once."
            )
        self.attribute, self.groups = attribute, tuple(groups)
        self._log, self._rules = log, rules
        self._salt = os.urandom(16)
        self._places = {self._digest(id_): place for place, id_ in enumerate(ids)}
        self._table = table

    def __repr__(self) -> str:
        return f"SealedGroups({self.attribute!r}, {len(self._places)} people)"

    def __reduce__(self) -> Any:
        raise BadInput("Sealed groups are not pickled; `save` writes them to a file of their own.")

    def disparity(
        self,
        outcomes: Mapping[str, float],
        first: str,
        second: str,
        *,
        purpose: str,
        setting: Setting = REPORT,
        conditions_met: bool = False,
        min_cell: int = MIN_CELL,
        draws: int = DRAWS,
        random_state: RandomState = 0,
    ) -> Disparity:
        """Return what two groups' outcomes differ by, of the people in both.

        Parameters
        ----------
        outcomes : dict of id to float
        first, second : str
            Names of groups.
        purpose, setting, conditions_met
            As in `personae.people.policy.require`.
        min_cell, draws, random_state
            As in `personae.metrics.disparity.disparity`.

        Raises
        ------
        PolicyDenied, BadInput, UnknownName
        """
        self._gate(purpose, setting, conditions_met)
        columns = [self._column(name) for name in (first, second)]
        ids, rows = self._joined(outcomes)
        return disparity(
            [outcomes[id_] for id_ in ids], self._table[rows], first=columns[0], second=columns[1], min_cell=min_cell,
            draws=draws, random_state=random_state,
        )  # fmt: skip

    def leakage(
        self,
        features: Mapping[str, Sequence[float]],
        group: str,
        *,
        purpose: str,
        setting: Setting = REPORT,
        conditions_met: bool = False,
        min_cell: int = MIN_CELL,
        draws: int = DRAWS,
        random_state: RandomState = 0,
    ) -> Interval:
        """Return how well a model's features tell who is in a group: AUROC by a logistic on people left out, .5 by chance.

        Parameters
        ----------
        features : dict of id to sequence of float
        group : str
        """
        self._gate(purpose, setting, conditions_met)
        column = self._column(group)
        ids, rows = self._joined(features)
        member = one_hot(labels_of(self._table[rows]), len(self.groups))[:, column]
        if min(member.sum(), len(member) - member.sum()) < max(min_cell, 2):
            raise BadInput(
                f"Fewer than {max(min_cell, 2)} people are in the group {group!r} or outside it; nothing is shown."
            )
        table = np.array([features[id_] for id_ in ids], dtype=float)
        spread = table.std(axis=0)
        scaled = (table - table.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        design = np.column_stack([np.ones(len(scaled)), scaled])
        scores, folds = np.zeros(len(ids)), deal_folds(ids, random_state=random_state)
        for fold in np.unique(folds):
            rest = folds != fold
            scores[~rest] = design[~rest] @ fit_logistic(design[rest], member[rest], penalty=1.0)
        return auroc_interval(scores, member, draws=draws, random_state=random_state)

    def save(self, path: Path) -> None:
        """Write the groups to a file that only its owner can read, in one step."""
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            np.savez_compressed(
                stream, attribute=self.attribute, groups=self.groups, salt=self._salt.hex(), digests=list(self._places),
                probabilities=self._table,
            )  # fmt: skip
        part.replace(path)

    @classmethod
    def load(cls, path: Path, *, log: AccessLog | None = None, rules: Rules | None = None) -> SealedGroups:
        """Open what `save` wrote; the groups stay sealed."""
        try:
            with np.load(path, allow_pickle=False) as held:
                sealed = cls(
                    str(held["attribute"]),
                    held["groups"].tolist(),
                    [],
                    np.zeros((0, len(held["groups"]))),
                    log=log,
                    rules=rules,
                )
                sealed._salt = bytes.fromhex(str(held["salt"]))
                sealed._places = {digest: place for place, digest in enumerate(held["digests"].tolist())}
                sealed._table = held["probabilities"]
        except (ValueError, KeyError, EOFError):
            raise BadInput(f"{path}: no sealed groups. Give a file that `SealedGroups.save` wrote.") from None
        return sealed

    def _gate(self, purpose: str, setting: Setting, conditions_met: bool) -> None:
        decision = require(
            purpose, self.attribute, setting, table=self._rules, conditions_met=conditions_met, log=self._log
        )
        if decision.purpose not in TEST_PURPOSES:
            raise PolicyDenied(
                f"Sealed groups are for {', '.join(TEST_PURPOSES)}; {decision.purpose!r} does not open them."
            )

    def _column(self, name: str) -> int:
        if name not in self.groups:
            raise UnknownName(f"No group named {name!r}. Groups: {', '.join(self.groups)}.")
        return self.groups.index(name)

    def _joined(self, given: Mapping[str, Any]) -> tuple[list[str], NDArray[np.intp]]:
        places = {id_: self._places.get(self._digest(id_)) for id_ in given}
        ids = [id_ for id_, place in places.items() if place is not None]
        if not ids:
            raise BadInput(
                "None of these ids is among the sealed groups. Give the ids they were sealed with."
            )
        return ids, np.array([places[id_] for id_ in ids], dtype=np.intp)

    def _digest(self, id_: str) -> str:
        return hashlib.blake2b(id_.encode(), key=self._salt, digest_size=16).hexdigest()
