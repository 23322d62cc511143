"""What a network's file and the rows it is shown must be."""

import numpy as np
import pytest

from personae.audit.torch_classifier import TorchClassifier
from personae.errors import BadInput

torch = pytest.importorskip("torch")


@pytest.fixture
def network():
    return TorchClassifier(lambda rows: rows[:, 0], features=("a", "b"), classes=("no", "yes"))


def test_two_columns_are_two_columns(network):
    assert network.predict(np.array([[2.0, 0.0], [-2.0, 0.0]])).tolist() == ["yes", "no"]
    with pytest.raises(BadInput, match="2 columns"):
        network.predict(np.zeros((1, 3)))


@pytest.mark.parametrize("ending", [".pt2", ".pt"])
def test_a_file_that_holds_no_network_is_named_and_nothing_else_is_printed(tmp_path, capfd, ending):
    path = tmp_path / f"net{ending}"
    with pytest.raises(BadInput, match="no such file"):
        TorchClassifier.load(path)
    path.write_bytes(b"no network")
    with pytest.raises(BadInput, match=f"net{ending}: cannot be loaded"):
        TorchClassifier.load(path)
    assert capfd.readouterr() == ("", "")
