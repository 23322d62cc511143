"""Choose a reply by what a person said before: the messages nearest to the question are recalled, and options held against them.

Source: Jiang et al. (2025), "Know Me, Respond to Me", arXiv 2504.14225, section 4 (retrieval setting: the five messages with
the highest cosine); scoring options by similarity, without a language model, is not in the paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.models.chat import Message
from personae.models.encoder import Encoder

RECALLED = 5  # paper, retrieval setting


@dataclass(frozen=True, slots=True)
class Recall:
    """What was recalled for a question, and how each option fits.

    Parameters
    ----------
    places : tuple of int
        The messages recalled, nearest first, as places in the history.
    closeness : ndarray of shape (n_places,)
        Their cosine to the question.
    fit : ndarray of shape (n_options,)
        Highest cosine of each option to what the person said among them.
    echo : ndarray of shape (n_options,)
        Cosine of each option to the question alone: what fits without any history.
    """

    places: tuple[int, ...]
    closeness: NDArray[np.float64]
    fit: NDArray[np.float64]
    echo: NDArray[np.float64]


def recall(
    messages: Sequence[Message],
    question: str,
    options: Sequence[str],
    encoder: Encoder,
    *,
    n_recalled: int = RECALLED,
    random_state: int | None = None,
) -> Recall:
    """Recall the messages nearest to a question, and hold the options against them.

    Parameters
    ----------
    messages : sequence of Message
        What was said before; system messages are left out.
    question : str
    options : sequence of str
    encoder : Encoder
        Wrap it in `CachedEncoder`: histories repeat.
    n_recalled : int
    random_state : int, optional
        Recall messages drawn by lot in place of the nearest: the control that must not help.

    Examples
    --------
    >>> from personae.models.encoder import home_encoder
    >>> said = [{"role": "user", "content": text} for text in ("I gave up coffee.", "My cat is asleep.", "I moved to Porto.")]
    >>> found = recall(said, "What should I drink?", ["An espresso.", "A tea, without coffee."], home_encoder(), n_recalled=1)
    >>> found.places, int(found.fit.argmax())
    ((0,), 1)
    """
    places = [
        i for i, message in enumerate(messages) if message["role"] != "system" and message["content"].strip()
    ]
    if not places or not options:
        raise BadInput(
            "There is nothing to recall from, or no option: give at least one message and one option."
        )
    said = encoder.encode([messages[i]["content"] for i in places]).astype(float)  # (n_messages, 384)
    asked = encoder.encode([question]).astype(float)[0]
    offered = encoder.encode(list(options)).astype(float)  # (n_options, 384)
    closeness = said @ asked
    order = np.argsort(-closeness, kind="stable")
    if random_state is not None:
        order = np.random.default_rng(random_state).permutation(len(places))
    nearest = order[:n_recalled]
    own = [i for i in nearest if messages[places[i]]["role"] == "user"] or list(nearest)
    fit = (offered @ said[own].T).max(axis=1)
    return Recall(tuple(places[i] for i in nearest), closeness[nearest], fit, offered @ asked)
