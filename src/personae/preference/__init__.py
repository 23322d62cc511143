"""Models of what a person prefers: every method fits rows of `personae.people.records.Preference`."""

from personae.preference._core import Chance, Chances, Personaliser, Reason
from personae.preference._params import clone
from personae.preference.bench import Measure, Split, bench, counts_had, split_rows
from personae.preference.comparisons import Comparisons, comparisons, read_comparisons
from personae.preference.features import TextFeatures
from personae.preference.fspo import FSPO, Recipe
from personae.preference.judged import CertainJudge
from personae.preference.methods import METHODS, method_named
from personae.preference.micro import MiCRo, Route
from personae.preference.pal import PAL
from personae.preference.personafeedback import (
    ChoiceItem,
    CosineScorer,
    RewardHead,
    RewardModel,
    read_feedback,
)
from personae.preference.personaljudge import EncoderJudge, Verdict, VerdictStack, ask_verdicts
from personae.preference.population import Population, fit_population
from personae.preference.prefpalette import PrefPalette
from personae.preference.rpm import RPM
from personae.preference.taste import LinearTaste

__all__ = [
    "FSPO",
    "METHODS",
    "PAL",
    "RPM",
    "CertainJudge",
    "Chance",
    "Chances",
    "ChoiceItem",
    "Comparisons",
    "CosineScorer",
    "EncoderJudge",
    "LinearTaste",
    "Measure",
    "MiCRo",
    "Personaliser",
    "Population",
    "PrefPalette",
    "Reason",
    "Recipe",
    "RewardHead",
    "RewardModel",
    "Route",
    "Split",
    "TextFeatures",
    "Verdict",
    "VerdictStack",
    "ask_verdicts",
    "bench",
    "clone",
    "comparisons",
    "counts_had",
    "fit_population",
    "method_named",
    "read_comparisons",
    "read_feedback",
    "split_rows",
]
