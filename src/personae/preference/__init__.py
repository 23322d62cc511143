"""Models of what a person prefers: every method fits rows of `personae.people.records.Preference`."""

from personae.preference._core import Chance, Chances, Personaliser, Reason, clone
from personae.preference.bench import Measure, Split, bench, split_rows
from personae.preference.comparisons import Comparisons, comparisons, read_comparisons
from personae.preference.features import TextFeatures
from personae.preference.pal import PAL
from personae.preference.micro import MiCRo, Route
from personae.preference.personaljudge import EncoderJudge, Verdict, VerdictStack, ask_verdicts
from personae.preference.population import Population, fit_population
from personae.preference.taste import LinearTaste

__all__ = [
    "PAL",
    "Chance",
    "Chances",
    "Comparisons",
    "EncoderJudge",
    "LinearTaste",
    "Measure",
    "MiCRo",
    "Personaliser",
    "Population",
    "Reason",
    "Route",
    "Split",
    "TextFeatures",
    "Verdict",
    "VerdictStack",
    "ask_verdicts",
    "bench",
    "clone",
    "comparisons",
    "fit_population",
    "read_comparisons",
    "split_rows",
]
