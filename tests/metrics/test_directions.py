import numpy as np
import pytest

from personae.metrics.directions import main_directions


def test_directions_are_those_of_the_widest_spread():
    rows = np.array([[3.0, 4.0], [-3.0, -4.0], [0.8, -0.6], [-0.8, 0.6]])
    assert main_directions(rows, 2).T.tolist() == pytest.approx(np.array([[0.6, 0.8], [0.8, -0.6]]))


def test_without_centering_the_mean_counts():
    rows = np.array([[10.0, 1.0], [10.0, -1.0]])
    assert main_directions(rows, 1).T.tolist() == [[0.0, 1.0]]
    assert main_directions(rows, 1, centered=False).T.tolist() == [[1.0, 0.0]]


def test_there_are_no_more_directions_than_columns_or_rows():
    assert main_directions(np.eye(3)[:2], 9).shape == (3, 2)
    assert main_directions(np.zeros((4, 0)), 5).shape == (0, 0)
