"""`photochrom.studio.crew`: processes that die are started again, until it makes no sense."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="several workers need Unix sockets")

CODE = """
import os, signal, sys, time
from pathlib import Path
from photochrom.errors import JobError
from photochrom.studio import crew

first, last = int(sys.argv[1]), int(sys.argv[2])
starts, stands = Path("starts"), Path("stands")

def work(desk):
    with starts.open("a") as file:
        file.write(str(desk.number))
    count = starts.read_text().count(str(desk.number))
    if desk.number == 1 and first <= count <= last:
        os._exit(1)  # on its way
    Path(desk.door(desk.number)).touch()
    while not stands.exists():
        time.sleep(0.05)
    if desk.number == 1:
        if count == 1:
            os._exit(1)  # at work
        os.kill(os.getppid(), signal.SIGTERM)
    time.sleep(600)

if __name__ == "__main__":
    try:
        crew.run(2, work, stands=stands.touch)
    except JobError as error:
        sys.exit(str(error))
"""


@pytest.mark.parametrize(
    ("dies", "times", "message"),
    [
        ((2, 3), 4, ""),  # while it starts again, twice; then it stands
        ((2, 99), 1 + 5, "A worker of the server ends as soon as it is started."),
        ((1, 99), 1, "A worker of the server ends as soon as it is started."),
    ],
)
def test_a_worker_that_dies_on_its_way_is_started_a_few_times(tmp_path, dies, times, message):
    (tmp_path / "crew.py").write_text(CODE)
    ran = subprocess.run(
        [sys.executable, "crew.py", *map(str, dies)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ran.returncode, ran.stderr.strip()) == (1 if message else 0, message)
    starts = (tmp_path / "starts").read_text()
    assert starts.count("1") == times
    assert starts.count("0") <= 1
