"""The methods of the family by name, as they are set up where nothing is known but rows of texts."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from personae.errors import UnknownName
from personae.people.attributes import Attribute
from personae.preference._core import Personaliser
from personae.preference.comparisons import Array, Item
from personae.preference.features import TextFeatures
from personae.preference.fspo import FSPO
from personae.preference.micro import MiCRo
from personae.preference.pal import PAL
from personae.preference.prefpalette import PrefPalette, column_reader, pole_reader
from personae.preference.taste import LinearTaste

POLES = {
    "warmth": ("cold, distant, rude", "warm, kind, caring"),
    "formality": ("casual slang, chatting with a friend", "formal, official language"),
    "humor": ("serious, sober, dry", "funny, a joke, playful"),
    "certainty": ("perhaps, I am not sure, it depends", "certainly, without any doubt"),
    "practicality": ("abstract theory and ideas", "practical steps, what to do"),
    "emotion": ("neutral facts", "strong feelings"),
}


def method_named(name: str, features: TextFeatures, *, random_state: int = 0) -> Personaliser:
    """Return a method, not yet fitted.

    Parameters
    ----------
    name : str
        One of `METHODS`: "taste" (linear taste), "pal" (ours), "pal-a", "pal-b" (the paper's), "micro", "fspo" (taught on made
        people), "fspo-real" (taught on those given), "prefpalette" (attributes by two poles in words, and length).
    features : TextFeatures

    Raises
    ------
    UnknownName
        Names the nearest.

    Notes
    -----
    The judges are not among them, since the bench asks what a few choices of a person tell: `EncoderJudge` and `RewardModel`
    place nobody by choices, `RewardHead` learns from items with a persona and not from rows. `CertainJudge` makes a `prob` out
    of the log-odds of each. `RPM` learns from ratings.
    """
    if name not in METHODS:
        close = difflib.get_close_matches(name, METHODS, n=1)
        nearest = f" Nearest: {close[0]}." if close else ""
        raise UnknownName(f"No method {name!r}.{nearest} There are {', '.join(METHODS)}.")
    return METHODS[name](features).set_params(random_state=random_state)


def _contexts(features: TextFeatures) -> Callable[[Sequence[Item]], Array]:
    def vectors(items: Sequence[Item]) -> Array:
        return features.encoder.encode([context for context, _ in items]).astype(float)

    return vectors


def _pal(features: TextFeatures, *, is_angle: bool) -> Personaliser:
    return PAL(features=features, contexts=_contexts(features) if is_angle else None,
               learner="angle" if is_angle else "dist", with_population=False, n_directions=0)  # fmt: skip


def _palette(features: TextFeatures) -> Personaliser:
    long = replace(features, with_length=True)
    readers = [
        pole_reader(Attribute(name, name.capitalize(), "number", poles=poles), long)
        for name, poles in POLES.items()
    ]
    lengths = np.log1p([10.0, 100.0, 1000.0])
    scale = np.zeros((3, len(long([("", "")])[0])))
    scale[:, -1] = lengths
    return PrefPalette(features=long, readers=[*readers, column_reader("length", scale, scale.shape[1] - 1)])


METHODS: dict[str, Callable[[TextFeatures], Personaliser]] = {
    "taste": lambda features: LinearTaste(features=features),
    "pal": lambda features: PAL(features=features),
    "pal-a": lambda features: _pal(features, is_angle=False),
    "pal-b": lambda features: _pal(features, is_angle=True),
    "micro": lambda features: MiCRo(features=features, n_heads=8, concentration=2.0),
    "fspo": lambda features: FSPO(features=features),
    "fspo-real": lambda features: FSPO(features=features, learn_from="real"),
    "prefpalette": _palette,
}
