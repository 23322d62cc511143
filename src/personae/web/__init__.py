"""The same verbs in a local page: `personae serve` answers one browser on this computer, and nobody else."""

from personae.web.server import serve

__all__ = ["serve"]
