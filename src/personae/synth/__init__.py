"""Made people: populations, life stories, threads, and raters who tell made from real."""

from personae.synth.joint import Joint
from personae.synth.learning import learn_spec
from personae.synth.panorama import Panorama, violations
from personae.synth.population import MadePerson, Population, Spec, population_of, sample
from personae.synth.raking import Margin, Raked, rake
from personae.synth.statistics import home_spec, read_spec, spec_of
from personae.synth.variables import Variable

__all__ = [
    "Joint",
    "MadePerson",
    "Margin",
    "Panorama",
    "Population",
    "Raked",
    "Spec",
    "Variable",
    "home_spec",
    "learn_spec",
    "population_of",
    "rake",
    "read_spec",
    "sample",
    "spec_of",
    "violations",
]
