"""The command line for tests: in an empty folder."""

import pytest


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The test starts in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
