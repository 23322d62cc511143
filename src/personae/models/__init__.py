"""Models that every room is given as an argument: chat models by their model strings, and the encoder that ships."""

from personae.models.chat import ChatModel, Message, Reply, Request, Usage
from personae.models.cost import DryRun, Ledger, Price, Spent
from personae.models.recording import Recording
from personae.models.strings import FORMS, chat_model

__all__ = [
    "FORMS",
    "ChatModel",
    "DryRun",
    "Ledger",
    "Message",
    "Price",
    "Recording",
    "Reply",
    "Request",
    "Spent",
    "Usage",
    "chat_model",
]
