"""Pluralistic alignment: people as mixtures of a few prototype tastes in a learned space."""

from personae.preference.pal.learner import PAL

__all__ = ["PAL"]
