"""Vectors of invented texts do not stay on the machine; those of real data sets do, so that they are encoded once."""

import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def _no_traces_in_the_home_folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        if not os.environ.get("PERSONAE_DATA"):
            patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield
