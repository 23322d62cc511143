"""How often each class of rules was right on people it was not written on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from personae.models.places import HOME

STRENGTH = 12.0  # statements; the likeliest concentration of the classes' beta-binomial on the held-out half


@dataclass(frozen=True, slots=True)
class Precision:
    """Counts of right and of all statements, by class of rule and by attribute.

    `classes` maps "en.age.i_am" to (right, all); `attributes` maps "age" to the sums over its classes.
    """

    classes: Mapping[str, tuple[int, int]]
    attributes: Mapping[str, tuple[int, int]]

    def of(self, attribute: str, kind: str) -> float:
        """Return the posterior mean of a class's precision, in [0, 1].

        Each level is smoothed towards the one above, as if `STRENGTH` statements of its precision had been seen: a class
        towards its attribute, an attribute towards all of them, all under Jeffreys' prior Beta(1/2, 1/2). A class that was
        never seen, such as every one outside English, therefore has its attribute's precision.

        >>> seen = Precision({"en.age.i_am": (9, 10)}, {"age": (19, 20)})
        >>> round(seen.of("age", "en.age.i_am"), 4), round(seen.of("age", "de.age.i_am"), 4)
        (0.9229, 0.942)
        """
        everything = tuple(map(sum, zip(*self.attributes.values(), strict=True))) or (0, 0)
        mean = (everything[0] + 0.5) / (everything[1] + 1)
        for right, all_ in (self.attributes.get(attribute, (0, 0)), self.classes.get(kind, (0, 0))):
            mean = (right + STRENGTH * mean) / (all_ + STRENGTH)
        return mean


def read_precision(text: str, half: str = "held_out") -> Precision:
    """Return the counts of one half, "held_out" or "written_on", of a file that `training/measure_stated.py` wrote."""
    counts = json.loads(text)[half]
    classes = {kind: _sums(corpora) for kind, corpora in counts["classes"].items()}
    attributes = {name: _sums(corpora) for name, corpora in counts["attributes"].items()}
    return Precision(classes, attributes)


def _sums(corpora: Mapping[str, Mapping[str, int]]) -> tuple[int, int]:
    return sum(c["right"] for c in corpora.values()), sum(c["all"] for c in corpora.values())


@lru_cache(maxsize=1)
def home_precision() -> Precision:
    """Return the counts that ship with the package, read once."""
    return read_precision((HOME / "stated.json").read_text(encoding="utf-8"))
