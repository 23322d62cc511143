"""One thing found by asking: the conversation that the page `find` shows, and the catalog that it is about."""

from __future__ import annotations

import threading
from functools import cached_property
from pathlib import Path

from personae.papers.harness import Context
from personae.papers.movielens import movielens
from personae.recommend.catalog import CatalogAsker, read_catalog
from personae.recommend.episode import Episode


class Finder:
    """The one conversation of a run. Nothing of it is kept when the program ends.

    Parameters
    ----------
    catalog : Path or None
        JSONL of items, as `personae recommend --ask --items` reads it; None for the films of PERSONAE_DATA.

    Raises
    ------
    BadInput
        From everything below, where there is no such catalog or it cannot be used.
    """

    def __init__(self, catalog: Path | None = None) -> None:
        self.catalog = catalog
        self._episode: Episode | None = None
        self._lock = threading.Lock()

    @property
    def episode(self) -> Episode:
        """The conversation as it stands, begun where none was."""
        with self._lock:
            return self._now()

    def tell(self, turn: int, answer: str) -> None:
        """Answer a turn, counted from 0; nothing happens where it was answered before, in another tab or by going back.

        Raises
        ------
        BadInput
            When the move has no such answer.
        """
        with self._lock:
            episode = self._now()
            if turn == len(episode.turns) and episode.move is not None:
                episode.tell(answer)

    def take_back(self) -> None:
        """Take the last answer back."""
        with self._lock:
            self._episode = Episode(self._asker, turns=self._now().turns[:-1])

    def begin(self) -> None:
        """Begin another conversation."""
        with self._lock:
            self._episode = Episode(self._asker)

    def _now(self) -> Episode:
        if self._episode is None:
            self._episode = Episode(self._asker)
        return self._episode

    @cached_property
    def _asker(self) -> CatalogAsker:
        if self.catalog is not None:
            return CatalogAsker(read_catalog(self.catalog))
        films = movielens(Context())
        return CatalogAsker(films.items, liking=films.likes().popularity())
