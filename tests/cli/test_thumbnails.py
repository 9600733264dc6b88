"""Before and after in terminals: which way is spoken, and that what is sent is the picture."""

import base64
import io
import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from photochrom.cli import console, crew, thumbnails
from photochrom.cli import main as cli
from photochrom.pictures import picture

SIXEL = "\x1b[?62;4;22c"
PLAIN = "\x1b[?62;22;14c"


@pytest.mark.parametrize(
    ("environment", "asked", "way"),
    [
        ({"TERM": "xterm-kitty"}, "", "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "", "kitty"),
        ({"TERM_PROGRAM": "ghostty"}, "", "kitty"),
        ({"TERM_PROGRAM": "WezTerm"}, SIXEL, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "", "iterm2"),
        ({"TERM": "foot"}, SIXEL, "sixel"),
        ({"TERM": "xterm-256color"}, PLAIN, None),
        ({"TERM": "xterm-256color"}, "\x1b[?4;22c", None),  # a level, and no attribute
        ({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1"}, "", None),
        ({"TERM": "tmux-256color", "TMUX": "x"}, SIXEL, "sixel"),
        ({}, "", None),
    ],
)
def test_ways(environment, asked, way):
    assert thumbnails.way_of(environment, asked=asked) == way


def colors(height=37, width=50):
    y, x = np.mgrid[:height, :width]
    return np.stack([5 * x, 6 * y, 3 * (x + y)], axis=-1).clip(0, 255).astype(np.uint8)


def test_kitty_gets_a_png_in_parts():
    srgb = np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    text = thumbnails.encoded(srgb, "kitty")
    parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", text)
    assert len(parts) > 2
    assert parts[0][0] == "a=T,f=100,q=2,m=1"
    assert [head for head, _ in parts[1:]] == ["m=1"] * (len(parts) - 2) + ["m=0"]
    assert all(len(part) <= 4096 for _, part in parts)
    found = picture.read(base64.b64decode("".join(part for _, part in parts))).srgb()
    assert np.array_equal(found, srgb)


def test_iterm2_gets_a_png():
    found = re.fullmatch(
        r"\x1b\]1337;File=inline=1;[^:]*:(.+)\x07\n", thumbnails.encoded(colors(), "iterm2")
    )
    assert np.array_equal(picture.read(base64.b64decode(found[1])).srgb(), colors())


def decoded(sixel):
    """What a terminal makes of it: (height, width, 3), in 0..100."""
    size = re.match(r'\x1bPq"1;1;(\d+);(\d+)', sixel)
    width, height = int(size[1]), int(size[2])
    body = sixel[size.end() : sixel.index("\x1b\\")]
    palette, canvas, x, y, color = {}, np.zeros((height, width, 3)), 0, 0, None
    for sign in re.finditer(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)(.)|([?-~])|([$-])", body):
        if sign[1]:
            color = int(sign[1])
            if sign[2]:
                palette[color] = [int(sign[n]) for n in (2, 3, 4)]
        elif sign[8] == "-":
            x, y = 0, y + 6
        elif sign[8] == "$":
            x = 0
        else:
            bits = ord(sign[6] or sign[7]) - 63
            for _ in range(int(sign[5] or 1)):
                for row in range(6):
                    if bits >> row & 1:
                        canvas[y + row, x] = palette[color]
                x += 1  # noqa: SIM113
    return canvas


def test_sixel_is_the_picture_in_216_colors():
    found = decoded(thumbnails.encoded(colors(), "sixel"))
    assert np.abs(found - colors() / 2.55).max() <= 10.5  # half of a step of 20


def photograph(name, number=0):
    y, x = np.mgrid[:300, :400]
    picture.from_array(((3 * x + 2 * y + number) % 256).astype(np.uint8)).save(name)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the program in this process, in an empty folder -> (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["photochrom", *arguments])
        try:
            cli.main()
            code = 0
        except SystemExit as stop:
            code = stop.code
        return code, *capsys.readouterr()

    return call


def test_results_are_shown_where_the_terminal_can(run, monkeypatch):
    for number in range(6):
        photograph(f"{number}.jpg", number)
    sent = []
    monkeypatch.setattr(crew, "_is_seen", lambda: True)
    monkeypatch.setattr(thumbnails, "attributes", lambda: SIXEL)
    monkeypatch.setattr(thumbnails, "encoded", lambda srgb, way: sent.append((srgb, way)) or "")
    for name in ("KITTY_WINDOW_ID", "TERM_PROGRAM", "TMUX", "LC_TERMINAL", "KONSOLE_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "foot")
    code, _, err = run("colorize", *(f"{n}.jpg" for n in range(6)), "-o", f"out{os.sep}", "--show")
    assert code == 0
    assert [way for _, way in sent] == ["sixel"] * thumbnails.MOST
    assert sent[0][0].shape == (240, 320 + 8 + 320, 3)
    left, right = sent[0][0][:, :320].astype(int), sent[0][0][:, 328:].astype(int)
    assert np.ptp(left, axis=-1).max() <= 2  # gray
    assert np.ptp(right, axis=-1).max() > 10  # in color
    assert "and 2 more" in err


def test_elsewhere_that_is_said(run):
    photograph("a.jpg")
    code, _, err = run("colorize", "a.jpg", "--show")
    assert code == 0
    assert "--show needs a terminal" in err


def test_json_has_a_line_for_each_photograph(run):
    photograph("a.jpg")
    Path("b.jpg").write_bytes(b"nothing")
    code, out, err = run("colorize", "a.jpg", "b.jpg", "-o", f"out{os.sep}", "--json")
    assert code == 1
    lines = {one["input"]: one for one in map(json.loads, out.splitlines())}
    assert set(lines) == {"a.jpg", "b.jpg"}
    done, failed = lines["a.jpg"], lines["b.jpg"]
    assert (done["status"], done["output"]) == ("done", str(Path("out", "a.jpg")))
    assert (done["width"], done["height"], done["error"]) == (400, 300, None)
    assert failed["status"] == "failed"
    assert failed["error"]
    assert "b.jpg" in err


def test_json_and_a_picture_do_not_share_stdout(run):
    photograph("a.jpg")
    code, out, err = run("colorize", "a.jpg", "-o", "-", "--json")
    assert (code, out) == (2, "")
    assert "--json prints to stdout" in err


@pytest.mark.parametrize(
    ("ci", "terminal", "watched"),
    [("", True, True), ("false", True, True), ("true", True, False), ("", False, False)],
)
def test_bars_are_for_people(monkeypatch, ci, terminal, watched):
    from rich.console import Console

    monkeypatch.setenv("CI", ci)
    file = io.StringIO()
    shown = Console(file=file, force_terminal=terminal, width=80)
    with console.progress("colorizing", 3, console=shown) as done:
        done(1, 3)
    assert bool(file.getvalue()) is watched
