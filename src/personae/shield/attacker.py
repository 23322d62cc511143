"""The home reader as an attacker: every word of its evidence marked, and no text encoded twice."""

from __future__ import annotations

from pathlib import Path

from personae.infer._home_model import FILE
from personae.infer.home import HomeReader
from personae.models.encoder import CachedEncoder, HomeEncoder, TokenStates, home_encoder

KEPT = 4000  # token states of lines, 75 kB for one of fifty tokens


class _Remembering(CachedEncoder):
    """A cache that also gives, and keeps, the token states that an attribution to words needs."""

    def __init__(self, encoder: HomeEncoder) -> None:
        super().__init__(encoder)
        self.home = encoder
        self._states: dict[str, TokenStates] = {}

    def token_states(self, text: str) -> TokenStates:
        if text not in self._states:
            if len(self._states) >= KEPT:
                self._states.clear()
            self._states[text] = self.home.token_states(text)
        return self._states[text]


def home_attacker(file: Path = FILE) -> HomeReader:
    """Return the reader that ships as a shield needs it: its evidence names the words of unsure guesses too."""
    return HomeReader(_Remembering(home_encoder()), file=file, mark_abstained=True)
