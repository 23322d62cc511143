"""P(True): how likely a proposed solution is right, and which of several solutions to believe.

Sources: Kadavath et al. (2022), arXiv 2207.05221, sections 4.1 (P(True) of a proposed answer) and 4.2 (with other samples
shown); Cobbe et al. (2021), arXiv 2110.14168 (a verifier chooses among solutions). Deviations are listed under Notes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.audit.knowledge.arithmetic import arithmetic_checks, final_number
from personae.errors import BadInput
from personae.metrics.directions import main_directions
from personae.metrics.logistic import fit_logistic, sigmoid
from personae.models.encoder import Encoder

Array = NDArray[np.float64]
PENALTY = 1.0
DIRECTIONS = 50
_OF_LEVELS = 1e-3  # a writer who was always right has a finite level


class SolutionVerifier:
    """Judge solutions to word problems, the same writers for every question.

    Parameters
    ----------
    checks : bool
        Read the sums, see `CHECKS`.
    others : bool
        Also see which of the other solutions end in the same number: the analogue of showing samples before asking for P(True).
    encoder : Encoder or None
        Also read the solution's sentence vector.
    penalty : float
        Ridge on every weight but the writers' own levels, which are only kept finite.

    Notes
    -----
    P(True) = sigmoid(level(writer) + weights . features). The level is the writer's base rate, which the paper finds
    P(True) needs. Features of agreement are one a pair of writers. Deviation: the paper asks the language model itself; here
    the solutions are recorded and their writers closed, so that a logistic head reads them.

    Examples
    --------
    >>> questions = ["Ana has 3 pens and buys 4."] * 40
    >>> good, bad = "3+4=<<3+4=7>>7\\nA: 7", "3+4=<<3+4=8>>8\\nA: 8"
    >>> verifier = SolutionVerifier(others=False).fit(questions, [[good, bad]] * 20 + [[bad, good]] * 20,
    ...                                               [[1, 0]] * 20 + [[0, 1]] * 20)
    >>> verifier.choose(questions[:2], [[good, bad], [bad, good]]).tolist()
    [0, 1]
    """

    def __init__(
        self,
        *,
        checks: bool = True,
        others: bool = True,
        encoder: Encoder | None = None,
        penalty: float = PENALTY,
    ) -> None:
        self.checks = checks
        self.others = others
        self.encoder = encoder
        self.penalty = penalty

    def fit(
        self, questions: Sequence[str], solutions: Sequence[Sequence[str]], right: ArrayLike
    ) -> SolutionVerifier:
        """Learn from solutions that were marked.

        Parameters
        ----------
        questions : sequence of str, length n_questions
        solutions : n_questions sequences of n_writers solutions, the writers in the same order
        right : array-like of shape (n_questions, n_writers), 0 or 1
        """
        outcomes = np.asarray(right, dtype=float)
        if outcomes.shape != (len(questions), len(solutions[0]) if solutions else 0):
            raise BadInput(
                f"Marks of shape {outcomes.shape} for {len(questions)} questions; give one a solution, writers in columns."
            )
        vectors, plain = self._read(questions, solutions)
        self.directions_ = main_directions(np.concatenate(list(vectors)), DIRECTIONS)
        raw = np.concatenate([vectors @ self.directions_, plain], axis=2)
        self.mean_, self.spread_ = raw.mean(axis=(0, 1)), np.maximum(raw.std(axis=(0, 1)), 1e-9)
        columns = self._standard(raw)
        ridge = np.full(columns.shape[1], self.penalty)
        ridge[: outcomes.shape[1]] = _OF_LEVELS
        self.weights_ = fit_logistic(columns, outcomes.ravel(), penalty=ridge)
        return self

    def predict(self, questions: Sequence[str], solutions: Sequence[Sequence[str]]) -> Array:
        """Return P(True) of each solution, shape (n_questions, n_writers)."""
        vectors, plain = self._read(questions, solutions)
        columns = self._standard(np.concatenate([vectors @ self.directions_, plain], axis=2))
        return sigmoid(columns @ self.weights_).reshape(plain.shape[:2])

    def choose(self, questions: Sequence[str], solutions: Sequence[Sequence[str]]) -> NDArray[np.intp]:
        """Return the writer whose solution is likeliest right, shape (n_questions,)."""
        return np.asarray(self.predict(questions, solutions).argmax(axis=1))

    def _read(self, questions: Sequence[str], solutions: Sequence[Sequence[str]]) -> tuple[Array, Array]:
        """Return the vectors and all else, (n_questions, n_writers, n_features) each; a part that is left out has no features."""
        shape = len(questions), len(solutions[0])
        vectors, parts = np.zeros((*shape, 0)), [np.zeros((*shape, 0))]
        if self.encoder is not None:
            texts = [solution for row in solutions for solution in row]
            vectors = np.asarray(self.encoder.encode(texts), dtype=float).reshape(*shape, -1)
        if self.checks:
            parts.append(
                np.array(
                    [
                        [arithmetic_checks(q, s) for s in row]
                        for q, row in zip(questions, solutions, strict=True)
                    ]
                )
            )
        if self.others:
            parts.append(_pairs(agreement(solutions)))
        return vectors, np.concatenate(parts, axis=2)

    def _standard(self, raw: Array) -> Array:
        """Return rows of levels and standardized features, (n_questions * n_writers, n_columns), writers within questions."""
        n_questions, n_writers, _ = raw.shape
        z = np.clip((raw - self.mean_) / self.spread_, -4, 4)
        levels = np.broadcast_to(np.eye(n_writers), (n_questions, n_writers, n_writers))
        return np.concatenate([levels, z], axis=2).reshape(n_questions * n_writers, -1)


def agreement(solutions: Sequence[Sequence[str]]) -> Array:
    """Return which solutions to a question end in the same number, shape (n_questions, n_writers, n_writers), 0 on the diagonal.

    >>> agreement([["A: 7", "A: 7.0", "A: 8"]])[0].tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    ends = np.array([[_end(solution) for solution in row] for row in solutions])
    same = np.abs(ends[:, :, None] - ends[:, None, :]) < 1e-6  # NaN agrees with nothing
    return np.asarray(same & ~np.eye(ends.shape[1], dtype=bool), dtype=float)


def majority(solutions: Sequence[Sequence[str]], levels: ArrayLike) -> NDArray[np.intp]:
    """Return the writer to believe by votes alone, shape (n_questions,): most agreement, ties to the highest level.

    >>> majority([["A: 7", "A: 8", "A: 8"], ["A: 1", "A: 2", "A: 3"]], [0.2, 0.9, 0.5]).tolist()
    [1, 1]
    """
    votes = agreement(solutions).sum(axis=2)
    return np.asarray((votes + 0.5 * np.asarray(levels, dtype=float)).argmax(axis=1))


def _pairs(same: Array) -> Array:
    """Return agreement as one column an ordered pair of writers, (n_questions, n_writers, n_writers ** 2)."""
    n_writers = same.shape[1]
    return np.asarray(
        (np.eye(n_writers)[None, :, :, None] * same[:, :, None, :]).reshape(len(same), n_writers, -1)
    )


def _end(solution: str) -> float:
    number = final_number(solution)
    return float("nan") if number is None else number
