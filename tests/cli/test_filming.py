"""`photochrom video`, through its public door."""

import io
import os
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import pyvips

import photochrom
from photochrom.cli.pipes import piped as piped_ends

av = pytest.importorskip("av")

SCRIPT = Path(sysconfig.get_path("scripts")) / "photochrom"
SAMPLE = Path(photochrom.__file__).parent / "samples" / "china.jpg"


@pytest.fixture
def film(tmp_path, monkeypatch):
    """A gray film of 16 frames in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return write(Path("old.mp4"), 16)


def write(path, count):
    levels = pyvips.Image.thumbnail(str(SAMPLE), 240).colourspace("b-w").numpy().squeeze()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for at in range(count):
            x = at % 100
            window = np.ascontiguousarray(levels[20:116, x : x + 128])
            frame = av.VideoFrame.from_ndarray(window, format="gray")
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode())
    return path


def run(*arguments):
    command = [SCRIPT, "video", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_film_is_colorized(film):
    ran = run(film, "-o", "new.mp4", "--end", "0:00:00.4", "--quality", 20)
    assert ran.returncode == 0, ran.stderr
    assert "old.mp4 -> new.mp4 (10 frames, 1 shot)" in ran.stderr
    with av.open("new.mp4") as container:
        frames = list(container.decode(video=0))
        assert "Photochrom" in container.metadata["comment"]
    assert len(frames) == 10
    assert np.ptp(frames[5].to_ndarray(format="rgb24").astype(int), axis=2).max() > 20


def test_a_folder_gets_a_picture_of_each_frame(film):
    ran = run(film, "-o", "frames/", "--end", "0.2")
    assert ran.returncode == 0, ran.stderr
    assert "old.mp4 -> frames/ (5 frames, 1 shot)" in ran.stderr
    assert "at 25 frames a second" in ran.stderr
    names = sorted(path.name for path in Path("frames").iterdir())
    assert names == [f"frame-00000{number}.png" for number in range(1, 6)]
    ran = run("frames", "-o", "again.mkv", "--rate", "25")
    assert ran.returncode == 0, ran.stderr
    ran = run(film, "-o", "frames/")
    assert ran.returncode == 2
    assert "--force" in ran.stderr


def piped(*arguments, content):
    command = [SCRIPT, "video", *map(str, arguments)]
    return subprocess.run(command, input=content, capture_output=True, check=False)


def test_a_film_may_come_and_go_through_pipes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    luma = np.arange(6 * 64 * 96, dtype=np.uint32).reshape(6, 64, 96) // 97 % 200 + 20
    head = b"YUV4MPEG2 W96 H64 F18:1 Ip A1:1 Cmono\n"
    y4m = head + b"".join(b"FRAME\n" + one.astype(np.uint8).tobytes() for one in luma)
    ran = piped("-", "-o", "-", "--codec", "ffv1", content=y4m)
    assert ran.returncode == 0, ran.stderr
    assert b"stdin -> stdout (6 frames, 1 shot)" in ran.stderr
    with av.open(io.BytesIO(ran.stdout)) as container:
        assert container.format.name.startswith("matroska")
        frames = list(container.decode(video=0))
    assert [round(18 * float(frame.pts * frame.time_base)) for frame in frames] == list(range(6))
    found = [frame.to_ndarray()[:64] for frame in frames]
    assert all(np.array_equal(*pair) for pair in zip(found, luma, strict=True))
    assert not list(tmp_path.iterdir())


def test_a_pipe_that_brings_no_film_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for content, said in ((b"", b"nothing came through the pipe"), (b"no film", b"as a film")):
        ran = piped("-", "-o", "new.mp4", content=content)
        assert ran.returncode == 2
        assert said in ran.stderr
        assert b"Traceback" not in ran.stderr
    ran = piped("-", "-o", "-", "--preview", content=b"x")
    assert ran.returncode == 2
    assert b"name the page" in ran.stderr
    assert not list(tmp_path.iterdir())


def test_work_that_a_pipe_began_goes_and_earlier_work_stays(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: False, buffer=io.BytesIO(b"x")))
    target = tmp_path / "new.mp4"
    work = tmp_path / "new.mp4.photochrom"
    for is_earlier in (False, True):
        sys.stdin.buffer.seek(0)
        if is_earlier:
            work.mkdir()
        with piped_ends(Path("-"), str(target), preview=False) as ends:
            assert ends.source.read_bytes() == b"x"
            work.mkdir(exist_ok=True)
        assert work.exists() == is_earlier
        assert not ends.source.exists()


def test_a_preview_is_a_page_and_a_sheet(film):
    ran = run(film, "-o", "new.mp4", "--preview")
    assert ran.returncode == 0, ran.stderr
    page = Path("new.html").read_text()
    assert page.count("<figure>") == 1
    assert "0:00:00.0 to 0:00:00.6, 16 frames" in page
    assert pyvips.Image.new_from_file("new.jpg").bands == 3
    assert not Path("new.mp4").exists()
    ran = run(film, "-o", "new.mp4", "--preview")
    assert ran.returncode == 2
    assert "new.html: the file already exists" in ran.stderr


def test_a_preview_keeps_to_a_part_and_says_what_it_does_not_show(film):
    Path("hints.json").write_text(
        '{"version": 1, "cuts": {"add": [0.32]},'
        ' "hints": [{"time": 0.1, "hints": [{"x": 9, "y": 9, "color": "#c22"}]}]}'
    )
    part = ["--start", "0.2", "--end", "0:00:00.4", "--hints", "hints.json"]
    ran = run(film, "-o", "new.html", "--preview", *part)
    assert ran.returncode == 0, ran.stderr
    page = Path("new.html").read_text()
    assert "0:00:00.2 to 0:00:00.3, 3 frames" in page
    assert "0:00:00.3 to 0:00:00.4, 2 frames" in page
    assert page.count("<figure>") == 2
    assert "Hints on single frames" in ran.stderr
    ran = run(film, "-o", "other.html", "--preview", "--start", "9")
    assert ran.returncode == 2
    assert "no frames in this part" in ran.stderr
    assert not Path("other.html").exists()


@pytest.mark.parametrize(
    "asked",
    [["--every", "8"], ["--codec", "h264"], ["--quality", "20"], ["--preset", "slow"]],
)
def test_a_preview_refuses_what_it_has_no_use_for(film, asked):
    ran = run(film, "-o", "new.html", "--preview", *asked)
    assert ran.returncode == 2
    assert asked[0] in ran.stderr
    assert "has no effect" in " ".join(ran.stderr.split())
    assert not Path("new.html").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.mp4", "-o", "new.mp4"], "the film does not exist"),
        (["old.mp4", "-o", "new.gif"], "suffix"),
        (["old.mp4", "-o", "old.mp4"], "the file already exists"),
        (["old.mp4", "-o", "old.mp4", "--force"], "the file already exists"),
        (["old.mp4", "-o", "new.mp4", "--start", "x"], "is not a time"),
        (["old.mp4", "-o", "new.mp4", "--start", "3", "--end", "2"], "after --start"),
        (["old.mp4", "-o", "new.mp4", "--hints", "none.json"], "can't be read"),
        (["old.mp4", "-o", "new.mp4", "--codec", "mpeg"], "is not a codec"),
        (["old.mp4", "-o", "new.mp4", "--rate", "18"], "has a rate of its own"),
    ],
)
def test_what_cannot_be_done_is_said(film, arguments, said):
    ran = run(*arguments)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.skipif(
    sys.platform == "win32" or signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
    reason="Ctrl-C can't be sent here",
)
def test_ctrl_c_keeps_the_work_and_says_how_to_go_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    film = write(Path("old.mp4"), 600)
    process = subprocess.Popen(
        [SCRIPT, "video", film, "-o", "new.mp4"],
        stderr=subprocess.PIPE,
        text=True,
    )
    work = Path("new.mp4.photochrom")
    while process.poll() is None and not list(work.glob("*.part.segment")):
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "The same command goes on from there" in said
    assert (work / "plan.json").exists()
    assert not Path("new.mp4").exists()
