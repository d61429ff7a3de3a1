"""A sound run to bend, written once and copied for every test."""

import shutil

import pytest

from pipelines.store import Store
from tests.pipelines.made import Made


@pytest.fixture(scope="session")
def _sound(tmp_path_factory):
    root = tmp_path_factory.mktemp("sound")
    Made(root).write()
    return root


@pytest.fixture
def made(_sound, tmp_path):
    """A finished run of five stages in a folder of its own."""
    shutil.copytree(_sound, tmp_path / "run")
    one = Made(tmp_path / "run")
    assert one.store == Store.at(tmp_path / "run", "data")
    return one
