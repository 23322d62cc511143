"""Made people: populations, life stories, threads, and raters who tell made from real."""

from personae.synth.backstories import Backstory, interview
from personae.synth.joint import Joint
from personae.synth.learning import learn_spec
from personae.synth.panorama import Panorama, violations
from personae.synth.population import MadePerson, Population, Spec, population_of, sample
from personae.synth.raking import Margin, Raked, rake
from personae.synth.spectrum import Persona, compile_profile, made_persona
from personae.synth.statistics import home_spec, read_spec, spec_of
from personae.synth.threads import Thread, make_threads
from personae.synth.variables import Variable

__all__ = [
    "Backstory",
    "Joint",
    "MadePerson",
    "Margin",
    "Panorama",
    "Persona",
    "Population",
    "Raked",
    "Spec",
    "Thread",
    "Variable",
    "compile_profile",
    "home_spec",
    "interview",
    "learn_spec",
    "made_persona",
    "make_threads",
    "population_of",
    "rake",
    "read_spec",
    "sample",
    "spec_of",
    "violations",
]
