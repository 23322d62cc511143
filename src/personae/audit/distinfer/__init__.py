"""What a released model tells of the people it was trained on: the share of women among them, or any such property.

Source: Suri, Evans (2022), "Formalizing and Estimating Distribution Inference Risks", arXiv 2109.06024.
"""

from personae.audit.distinfer.black_box import LossTest, OutputRegression, PerPointTest, ThresholdTest
from personae.audit.distinfer.columns import StackedRegression, column_norms
from personae.audit.distinfer.leakage import Leak, leak, most_accuracy, poisson_affinity, ratio_affinity
from personae.audit.distinfer.pin import PermutationInvariantNetwork
from personae.audit.distinfer.ratios import Cells, resample

__all__ = [
    "Cells",
    "Leak",
    "LossTest",
    "OutputRegression",
    "PerPointTest",
    "PermutationInvariantNetwork",
    "StackedRegression",
    "ThresholdTest",
    "column_norms",
    "leak",
    "most_accuracy",
    "poisson_affinity",
    "ratio_affinity",
    "resample",
]
