"""The command line for tests: in an empty folder."""

from functools import partial

import pytest


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The test starts in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def colorize(run):
    """Run `photochrom colorize` in this process -> (exit code, stdout, stderr)."""
    return partial(run, "colorize")
