"""SynthPAI's forum of made people: topics, comments by path scores, checked labels."""

from personae.synth.threads.chat import ChatWriter
from personae.synth.threads.grammar import GrammarWriter
from personae.synth.threads.growth import Rules, Tree, grow, random_tree, tree_of
from personae.synth.threads.making import make_threads
from personae.synth.threads.members import Label, Member, Thread, Topic, Written, person_labels

__all__ = [
    "ChatWriter", "GrammarWriter", "Label", "Member", "Rules", "Thread", "Topic", "Tree", "Written", "grow", "make_threads",
    "person_labels", "random_tree", "tree_of",
]  # fmt: skip
