"""The home reader as an attacker: every word of its evidence marked, and no text encoded twice."""

from __future__ import annotations

from pathlib import Path

from personae.infer._home_model import FILE
from personae.infer.home import HomeReader
from personae.models.encoder import CachedEncoder, home_encoder


def home_attacker(file: Path = FILE) -> HomeReader:
    """Return the reader that ships as a shield needs it: its evidence names the words of unsure guesses too."""
    return HomeReader(CachedEncoder(home_encoder()), file=file, mark_abstained=True)
