"""What in a text may move a rating: its parts, and marks such as swearing, insults, groups of people, second person.

Source: step 1 of RPM (2025), "LLMs Think, But Not In Your Flow", arXiv 2505.21082, section 3, without a language model: the
rating is never looked at, so that a new text's features are made exactly as those of the history.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.models.encoder import Encoder

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
Codes = NDArray[np.intp]
Span = tuple[int, int]

_LEXICON = {
    "swearing": r"fuck\w*|shit\w*|damn\w*|bitch\w*|ass|asshole\w*|cunt\w*|dick\w*|crap|bastard\w*",
    "insult": r"stupid\w*|idiot\w*|moron\w*|dumb\w*|retard\w*|loser\w*|pathetic|ugly|trash|garbage|disgusting|scum|clown\w*"
    r"|coward\w*|ignorant",
    "violence": r"kill\w*|die|dead|shoot\w*|hang\w*|beat|punch\w*|murder\w*|burn\w*|rape\w*",
    "politics": r"trump\w*|republican\w*|democrat\w*|liberal\w*|conservative\w*|biden|left|right|vote\w*|government|politic\w*",
    "sex": r"sex\w*|porn\w*|gay\w*|whore\w*|slut\w*|penis|vagina|naked|pussy",
    "race or religion": r"black\w*|white\w*|jew\w*|muslim\w*|race|racis[mt]\w*|mexican\w*|asian\w*|immigra\w*|nazi\w*",
    "gender": r"women|woman|girls?|feminis\w*|men|trans\w*",
    "second person": r"you|your|you're|u",
    "kind words": r"thank\w*|love|great|good|nice|please|hope|happy|awesome|lol",
    "first person": r"i|my|me",
    "negation": r"not|\w+n't|never|no",
    "we": r"we|our",
    "they": r"them|they|their|those",
}
_MARKS = {
    "question": re.compile(r"\?"),
    "exclamation": re.compile(r"!"),
    "capitals": re.compile(r"\b[A-Z]{3,}\b"),
    "quotation": re.compile(r"[\"”]"),
    "link": re.compile(r"http\S*"),
} | {
    name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for name, words in _LEXICON.items()
}  # fmt: skip
FLAGS = (*_MARKS, "length")
_MOST = 2  # times that a mark counts
_LONGEST, _MOST_PARTS = 120, 24  # characters of a part, parts of a text
_CUT = re.compile(
    r"[.!?;:,\n]+|\s-+\s|\b(?:and|but|because|so|that|when|if|or|who|which|while|than)\b", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Views:
    """n texts as features: vectors (n, 384), flags (n, len(FLAGS)), and the vectors of their parts, one below another.

    `starts` of shape (n,) are the rows of `parts` where each text's begin.
    """

    vectors: Floats
    flags: Array
    parts: Floats
    starts: Codes

    @property
    def sizes(self) -> Codes:
        """Parts of each text, shape (n,)."""
        return np.diff(np.append(self.starts, len(self.parts)))

    def take(self, rows: Codes) -> Views:
        """Return some of the texts, by place."""
        sizes = self.sizes[rows]
        starts = np.cumsum(sizes) - sizes
        places = np.repeat(self.starts[rows] - starts, sizes) + np.arange(sizes.sum())
        return Views(self.vectors[rows], self.flags[rows], self.parts[places], starts)


def part_spans(text: str) -> list[Span]:
    """Return where the parts of a text stand, cut at marks and at words that join; the whole text where there is none.

    >>> text = "I walked home, and it rained."
    >>> [text[start:end] for start, end in part_spans(text)]
    ['I walked home', 'it rained']
    """
    spans, start = [], 0
    for cut in (*_CUT.finditer(text), None):
        end = len(text) if cut is None else cut.start()
        bare = text[start:end].strip(" \"'()“”*")
        if _WORD.search(bare):
            begin = text.index(bare, start)
            spans.append((begin, min(begin + len(bare), begin + _LONGEST)))
        start = end if cut is None else cut.end()
    return spans[:_MOST_PARTS] or [(0, len(text))]


def flag_spans(text: str) -> dict[str, list[Span]]:
    """Return where each mark stands; marks that a text does not have are left out.

    >>> flag_spans("Thank you!")
    {'exclamation': [(9, 10)], 'second person': [(6, 9)], 'kind words': [(0, 5)]}
    """
    found = {name: [match.span() for match in mark.finditer(text)] for name, mark in _MARKS.items()}
    return {name: spans for name, spans in found.items() if spans}


def read_views(texts: Sequence[str], encoder: Encoder) -> Views:
    """Return the features of texts."""
    parts = [[text[start:end] for start, end in part_spans(text)] for text in texts]
    sizes = np.array([len(each) for each in parts], dtype=np.intp)
    flags = np.zeros((len(texts), len(FLAGS)))
    for row, text in enumerate(texts):
        spans = flag_spans(text)
        flags[row, :-1] = [min(len(spans.get(name, ())), _MOST) for name in FLAGS[:-1]]
        flags[row, -1] = np.log1p(len(text.split()))
    inside = encoder.encode([part for each in parts for part in each])
    return Views(encoder.encode(list(texts)), flags, inside, np.cumsum(sizes) - sizes)


def matched(first: Views, second: Views) -> Array:
    """Return how alike the sets of parts are, in [-1, 1], shape (n_first, n_second).

    Notes
    -----
    The mean, over the parts of one text, of the largest cosine with a part of the other, taken both ways and averaged.
    """
    ways = []
    cosines = first.parts @ second.parts.T
    for table, here, there in ((cosines, first, second), (cosines.T, second, first)):
        best = np.maximum.reduceat(np.ascontiguousarray(table), there.starts, axis=1)
        ways.append(np.add.reduceat(best, here.starts, axis=0) / here.sizes[:, None])
    return np.asarray((ways[0] + ways[1].T) / 2, dtype=float)


def kernel(first: Views, second: Views, scale: Array) -> Array:
    """Return how alike texts are in what they say, in their parts and in their marks, in (0, 3], shape (n_first, n_second).

    Parameters
    ----------
    scale : ndarray of shape (len(FLAGS),)
        The spread of each mark.

    Notes
    -----
    exp(cos - 1) + exp(matched - 1) + exp(-|f - g|^2 / (2 n_flags)), f and g the marks in units of their spread.
    """
    said = np.asarray(first.vectors @ second.vectors.T, dtype=float)
    f, g = (each.flags / (scale * np.sqrt(len(FLAGS))) for each in (first, second))
    far = np.maximum((f**2).sum(axis=1)[:, None] + (g**2).sum(axis=1) - 2 * f @ g.T, 0.0)
    return np.asarray(np.exp(said - 1) + np.exp(matched(first, second) - 1) + np.exp(-far / 2))
