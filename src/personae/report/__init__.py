"""What a reader sees: one self-contained page from typed results, and the pictures in it."""

from personae.report._file import environment
from personae.report._words import aged, silence, unanswered
from personae.report.contents import Quality, Report, Subject
from personae.report.paper import results_table
from personae.report.person import render, write
from personae.report.plots import Bin, Step

__all__ = ["Bin", "Quality", "Report", "Step", "Subject", "aged", "environment", "render", "results_table",
           "silence", "unanswered", "write"]  # fmt: skip
