"""Arguments of a method as scikit-learn has them: read, set by name, and copied without what was learned."""

from __future__ import annotations

import inspect
from typing import Any, Self, TypeVar

from personae.errors import BadInput
from personae.fittable import Fittable
from personae.preference._extras import needs


class Parameters(Fittable):
    """What every method and judge of the family can do with its constructor's arguments, which it only stores."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn's own checks ask for, such as `check_is_fitted`."""
        with needs("scikit-learn"):
            from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type=None, target_tags=TargetTags(required=False))

    def set_params(self, **params: Any) -> Self:
        """Set constructor arguments."""
        unknown = set(params) - set(self.get_params())
        if unknown:
            raise BadInput(
                f"{type(self).__name__} has no argument {', '.join(sorted(unknown))}; it has "
                f"{', '.join(self.get_params())}."
            )
        for name, value in params.items():
            setattr(self, name, value)
        return self


Method = TypeVar("Method", bound=Parameters)


def clone(method: Method) -> Method:
    """Return the same method, unfitted."""
    return type(method)(**method.get_params())
