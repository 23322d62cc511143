"""ToolRec: recommenders that go by attributes as tools, and a surrogate of the person who uses them."""

from personae.recommend.toolrec.fusion import Weights
from personae.recommend.toolrec.grammar import Finish, Rerank, Retrieve, Turn, read_turn
from personae.recommend.toolrec.model import ToolRec
from personae.recommend.toolrec.session import Session, Surrogate, Transcript, play
from personae.recommend.toolrec.surrogates import ModelSurrogate, RuleSurrogate, expected_cost
from personae.recommend.toolrec.taste import Kind, concentration, kind_of, kinds_of
from personae.recommend.toolrec.tools import AttributeTool

__all__ = [
    "AttributeTool",
    "Finish",
    "Kind",
    "ModelSurrogate",
    "Rerank",
    "Retrieve",
    "RuleSurrogate",
    "Session",
    "Surrogate",
    "ToolRec",
    "Transcript",
    "Turn",
    "Weights",
    "concentration",
    "expected_cost",
    "kind_of",
    "kinds_of",
    "play",
    "read_turn",
]
