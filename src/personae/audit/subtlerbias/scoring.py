"""An encoder made to choose: no likelihood, no parsing, no invalid answer.

The option nearest to the context is the choice. Some words are near to every sentence; `centred` takes that away, so that what
is left is what this context adds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from personae.audit.subtlerbias.items import BLANK, OPTION_VALENCES, Item
from personae.models.encoder import Encoder


def encoder_choices(encoder: Encoder, items: Sequence[Item], *, centered: bool = False) -> NDArray[np.int64]:
    """Return the valence of the option that each item's context is nearest to.

    Parameters
    ----------
    encoder : Encoder
        Unit vectors; similarity is their cosine.
    items : sequence of Item
    centered : bool
        Take each option's mean similarity to the positive and to the negative contexts of its group and direction away first.

    Returns
    -------
    ndarray of shape (n_items,)
        1, -1 or 0.

    Notes
    -----
    The blank is left out of the context. Positive and negative contexts weigh the same in the mean, whatever their numbers.
    """
    contexts = encoder.encode([" ".join(item.context.replace(BLANK, " ").split()) for item in items])
    words = sorted({option for item in items for option in item.options})
    places = {word: place for place, word in enumerate(words)}
    options = encoder.encode(words)
    chosen = np.array([[places[option] for option in item.options] for item in items])  # (n_items, 3)
    scores = np.einsum("nd,nod->no", contexts, options[chosen])
    if centered:
        for kept, middle in _middles(items, contexts):
            scores[kept] -= (options @ middle)[chosen[kept]]
    choices: NDArray[np.int64] = np.array(OPTION_VALENCES)[scores.argmax(axis=1)]
    return choices


def _middles(
    items: Sequence[Item], contexts: NDArray[np.float32]
) -> list[tuple[NDArray[np.intp], NDArray[np.float32]]]:
    kinds = np.array([f"{item.group} {item.direction}" for item in items])
    valences = np.array([item.valence for item in items])
    found = []
    for kind in np.unique(kinds):
        kept = np.flatnonzero(kinds == kind)
        sides = [contexts[kept[valences[kept] == valence]] for valence in (1, -1)]
        found.append((kept, np.mean([side.mean(0) for side in sides if len(side)], axis=0)))
    return found
