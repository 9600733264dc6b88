"""The page's modules, without a browser: what `tests/studio/web/` says, in Node."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NODE = shutil.which("node")
FOLDER = Path(__file__).parent / "web"
FILES = sorted(set(FOLDER.glob("*.test.mjs")) - {FOLDER / "engine.test.mjs"})
"""Those that need nothing; `test_web_engine.py` gives the other one its cases."""


@pytest.mark.skipif(NODE is None and "CI" not in os.environ, reason="needs node")
def test_the_modules_do_what_their_tests_say():
    assert len(FILES) >= 5
    command = [NODE or "node", "--test", *FILES]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
