"""Rankers that read a history and a candidate together: mean pooling, DIN, and mixtures of experts."""

from personae.recommend.awmoe.rankers import DIN, AWMoE, CategoryMoE, MeanPooling, PairRanker

__all__ = ["DIN", "AWMoE", "CategoryMoE", "MeanPooling", "PairRanker"]
