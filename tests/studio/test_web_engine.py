"""The browser's engine in Node: it computes what Python computes."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import photochrom

NODE = shutil.which("node")
TESTS = Path(__file__).parent / "web"
SAMPLES = Path(photochrom.__file__).parent / "samples"

pytestmark = pytest.mark.skipif(NODE is None, reason="needs node")


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cases")
    path = Path(__file__).parent / "engine_cases.py"
    found = importlib.util.spec_from_file_location("engine_cases", path)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    module.write(folder, SAMPLES)
    return folder


def node(*files, **environment):
    done = subprocess.run(
        [NODE, "--test", *map(str, files)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_it_computes_what_python_computes(cases):
    node(TESTS / "against_python.mjs", CASES=str(cases / "cases.json"))
