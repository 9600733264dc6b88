"""Photographs, manifests and processes for tests of batches by command."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from photochrom.batch.manifest import NAME
from photochrom.pictures import picture

pytestmark = pytest.mark.usefixtures("here")

PICTURES = 40
KILLS = 10
PATIENCE_S = 120
# A shell's & makes its children deaf to Ctrl-C, and pytest may be one.
COMMAND = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from photochrom.cli.main import main
main()
"""


def start(*arguments, **options):
    """Start `photochrom colorize` as a process."""
    command = [sys.executable, "-c", COMMAND, "colorize", *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options)


def wait_until(happened, process):
    """Wait for something, no longer than the process runs."""
    end = time.monotonic() + PATIENCE_S
    while not happened() and process.poll() is None:
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.002)


def photograph(name, level=0, size=(24, 36)):
    """A gray photograph in a file."""
    y, x = np.mgrid[: size[0], : size[1]]
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    picture.from_array(((3 * x + 2 * y + 5 * level) % 256).astype(np.uint8)).save(name)


def album(count):
    """So many photographs of several sizes and formats, in folders."""
    for number in range(count):
        suffix = ("png", "jpg", "tif")[number % 3]
        size = (24 + number % 7, 36 + 5 * (number % 11))
        photograph(f"in/{number % 4}/{number:02}.{suffix}", number, size)


def files(folder):
    """{path below the folder: bytes}, the manifest left out."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file() and path.name != NAME
    }


def lines(place=None):
    """The manifest's whole lines, as tables."""
    place = Path(place or Path("out") / NAME)
    if not place.exists():
        return []
    whole = place.read_bytes().rpartition(b"\n")[0]
    return [json.loads(line) for line in whole.splitlines()]


def done(place=None):
    """The inputs of all lines that say done."""
    return sorted(line["input"] for line in lines(place) if line["status"] == "done")


def names(folder="in"):
    return sorted(f"{folder}/{name}" for name in files(folder))
