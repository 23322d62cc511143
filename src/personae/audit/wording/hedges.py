"""From hedged words to a number: what a reader takes "all signs point to X" or "I could be wrong" to mean.

Source: "Thinking Out Loud: Do Reasoning Models Know When They're Right?" (EMNLP 2025), arXiv 2504.06564, reads stated numbers;
this is its companion for answers that state none, fitted on human ratings of hedged sentences.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.audit.wording.abstention import abstains
from personae.audit.wording.cues import CUES, LEVELS, is_cue, plain
from personae.errors import BadInput, MissingExtra
from personae.models.encoder import Encoder

Array = NDArray[np.float64]
BANDS = (0.05, 0.25, 0.5, 0.9)  # none, doubt, tentative, likely, certain
STRENGTH = 15.0
_TOKEN = re.compile(r"[^\W\d_]+(?:['\-][^\W\d_]+)*|\d(?:[\d.,:/]*\d)?%?|[^\w\s]")
_SPOKEN = frozenset(
    """a an the of in on at to for from by with and or but is are was were be been being it its it's
    this that these those i i'm i'd i've i'll my me mine we our us you your as if so not no nor do
    does did don't doesn't didn't have has had he she his her they them their there here what when
    who whom which where why how than then very can't""".split()  # noqa: SIM905
)
_ABOUT = "X"


def lexical_confidence(sentence: str) -> float:
    """Return the worth of a sentence's most doubtful words, in [0, 1]: a word list, nothing fitted.

    >>> lexical_confidence("It might be Porto."), lexical_confidence("It is certainly Porto.")
    (0.37, 0.97)
    """
    return LEVELS[level(sentence)]


def level(sentence: str) -> str:
    """Return the name in `LEVELS` of a sentence's most doubtful words."""
    if abstains(sentence):
        return "no answer"
    text = plain(sentence)
    return next((name for name, pattern in CUES.items() if pattern.search(text)), "plain")


@lru_cache(maxsize=50_000)
def frame(sentence: str, question: str = "") -> str:
    """Return what a sentence says about certainty, with what it is about put as X.

    Names, numbers and words of the question go; hedges, function words and everything else stay.

    >>> frame("I believe Ana Silva was born in 1950.", "When was Ana Silva born?")
    'i believe X was X in X .'
    """
    asked = {token.lower() for token in _TOKEN.findall(plain(question))} - _SPOKEN
    words: list[str] = []
    is_start = True
    for token in _TOKEN.findall(plain(sentence)):
        word = token.lower()
        is_name = token[0].isupper() and not is_start and word not in _SPOKEN
        is_number = token[0].isdigit() and not token.endswith("%")
        is_asked = word in asked and word[0].isalpha() and not is_cue(word)
        if is_name or is_number or is_asked:
            word = _ABOUT
        if not (word == _ABOUT and words[-1:] == [_ABOUT]):
            words.append(word)
        is_start = token in '.!?:"“'
    return " ".join(words)


class HedgeRegressor:
    """Read how sure a sentence sounds, as a probability, from ratings by people.

    Parameters
    ----------
    encoder : Encoder or None
        Adds the sentence vector of the frame.
    word_list : bool
        Adds the level of `personae.audit.wording.cues`.
    masked : bool
        Read the frame, see `frame`; False reads the sentence as it stands.
    strength : float
        Inverse of the ridge.

    Attributes
    ----------
    means_ : ndarray of shape (n_bands,)
        Mean rating in each of the bands that `BANDS` cuts.

    Notes
    -----
    A multinomial logistic regression over the bands, on words and pairs and triples of words, character n-grams and the
    vector; the rating is sum over bands of P(band) * mean rating of the band. Ratings come in clusters ("not sure" far from
    "believe"), which a linear fit blurs. Needs the extra `learn`.
    """

    def __init__(
        self,
        *,
        encoder: Encoder | None = None,
        word_list: bool = True,
        masked: bool = True,
        strength: float = STRENGTH,
    ) -> None:
        self.encoder = encoder
        self.word_list = word_list
        self.masked = masked
        self.strength = strength

    def fit(
        self, sentences: Sequence[str], ratings: ArrayLike, questions: Sequence[str] | None = None
    ) -> HedgeRegressor:
        """Learn from rated sentences.

        Parameters
        ----------
        sentences : sequence of str
        ratings : array-like of shape (n_sentences,), in [0, 1]
        questions : sequence of str, optional
            What each sentence answers: its words are what the sentence is about.

        Raises
        ------
        MissingExtra
            Without scikit-learn.
        """
        try:
            from sklearn.linear_model import LogisticRegression
            from threadpoolctl import threadpool_limits
        except ImportError as error:
            raise MissingExtra("Reading hedges needs scikit-learn: pip install 'personae[learn]'.") from error
        rating = np.asarray(ratings, dtype=float)
        if rating.shape != (len(sentences),) or not ((rating >= 0) & (rating <= 1)).all():
            raise BadInput(
                f"Ratings of shape {rating.shape} for {len(sentences)} sentences; one each, in [0, 1]."
            )
        texts = self._texts(sentences, questions)
        self.words_, self.characters_, *ngrams = _learned_ngrams(tuple(texts))
        bands = np.digitize(rating, BANDS)
        with threadpool_limits(1):  # the vectors are short: threads would only wait for each other
            self.model_ = LogisticRegression(C=self.strength, max_iter=200).fit(
                self._columns(ngrams, sentences, texts), bands
            )
        self.means_ = np.array([rating[bands == band].mean() for band in self.model_.classes_])
        return self

    def predict(self, sentences: Sequence[str], questions: Sequence[str] | None = None) -> Array:
        """Return how sure each sentence sounds, shape (n_sentences,), in [0, 1]."""
        texts = self._texts(sentences, questions)
        ngrams = [self.words_.transform(texts), self.characters_.transform(texts)]
        return np.asarray(self.model_.predict_proba(self._columns(ngrams, sentences, texts)) @ self.means_)

    def _texts(self, sentences: Sequence[str], questions: Sequence[str] | None) -> list[str]:
        if not self.masked:
            return [plain(sentence).lower() for sentence in sentences]
        return [frame(s, q) for s, q in zip(sentences, questions or [""] * len(sentences), strict=True)]

    def _columns(self, ngrams: Sequence[Any], sentences: Sequence[str], texts: Sequence[str]) -> Any:
        from scipy.sparse import csr_matrix, hstack

        parts = list(ngrams)
        if self.encoder is not None:
            parts.append(csr_matrix(self.encoder.encode(texts)))
        if self.word_list:
            known = list(LEVELS)
            parts.append(
                csr_matrix(np.eye(len(known))[[known.index(level(sentence)) for sentence in sentences]])
            )
        return hstack(parts).tocsr()


@lru_cache(maxsize=2)
def _learned_ngrams(texts: tuple[str, ...]) -> tuple[Any, Any, Any, Any]:
    """Return the vocabularies of words and characters, and the texts' columns under each; the last texts' are remembered."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(ngram_range=(1, 3), min_df=2, sublinear_tf=True, token_pattern=r"\S+")
    characters = TfidfVectorizer(analyzer=_character_ngrams, min_df=3, sublinear_tf=True)
    return words, characters, words.fit_transform(texts), characters.fit_transform(texts)


@lru_cache(maxsize=5_000)
def _character_ngrams(text: str) -> tuple[str, ...]:
    """Return the character n-grams of a text, two to five characters within words; each text is cut once for all fits."""
    return tuple(map(sys.intern, _character_analyzer()(text)))


@lru_cache(maxsize=1)
def _character_analyzer() -> Callable[[str], list[str]]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    analyzer: Callable[[str], list[str]] = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 5)
    ).build_analyzer()
    return analyzer
