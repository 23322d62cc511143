"""Choosing for a person: what comes next, what to ask, and why."""

from personae.recommend._core import Recommender, Suggestion
from personae.recommend.answering import ModelAnswerer, Typing, Wanting
from personae.recommend.awmoe import DIN, AWMoE, CategoryMoE, MeanPooling
from personae.recommend.catalog import CatalogAsker, read_catalog
from personae.recommend.episode import Answerer, Asker, Episode, Move, Turn
from personae.recommend.interactions import (
    Interactions,
    Items,
    by_time,
    interactions,
    interactions_of,
    last_out,
    liked,
)
from personae.recommend.m2trec import M2TRec
from personae.recommend.nbpo import NBPO
from personae.recommend.sasrec import SASRec
from personae.recommend.simple import AttributeCosine, ItemKNN, Popularity
from personae.recommend.tables import read_interactions
from personae.recommend.toolrec import ModelSurrogate, RuleSurrogate, ToolRec, Transcript
from personae.recommend.training import Epoch, Plan

__all__ = [
    "DIN",
    "NBPO",
    "AWMoE",
    "Answerer",
    "Asker",
    "AttributeCosine",
    "CatalogAsker",
    "CategoryMoE",
    "Episode",
    "Epoch",
    "Interactions",
    "ItemKNN",
    "Items",
    "M2TRec",
    "MeanPooling",
    "ModelAnswerer",
    "ModelSurrogate",
    "Move",
    "Plan",
    "Popularity",
    "Recommender",
    "RuleSurrogate",
    "SASRec",
    "Suggestion",
    "ToolRec",
    "Transcript",
    "Turn",
    "Typing",
    "Wanting",
    "by_time",
    "interactions",
    "interactions_of",
    "last_out",
    "liked",
    "read_catalog",
    "read_interactions",
]
