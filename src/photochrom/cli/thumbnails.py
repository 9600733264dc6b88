"""Before and after, side by side, in terminals that can show pictures.

Three ways are spoken: kitty's graphics protocol (kitty, Ghostty, Konsole, WezTerm), iTerm2's inline
images, and sixel, which terminals say that they know when they are asked for their attributes.

Source: sw.kovidgoyal.net/kitty/graphics-protocol; iterm2.com/documentation-images.html;
DEC STD 070.
"""

from __future__ import annotations

import base64
import os
import re
import select
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import PhotochromError
from photochrom.pictures import picture

Way = Literal["kitty", "iterm2", "sixel"]

SIDE_PX = 240
"""The shorter side of each of the two."""

MOST = 4
"""How many results of a batch are shown."""

_PART = 4096
"""How many characters kitty takes at a time."""

_ANSWER_S = 0.3
_LEVELS = 6
"""Of each channel, in sixel's palette: 216 colors."""


def way_of(environment: Mapping[str, str], *, asked: str = "") -> Way | None:
    """How a terminal shows pictures; None where it can't.

    Parameters
    ----------
    environment : its variables
    asked : its answer to the question for its attributes (DA1)
    """
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if environment.get("TMUX") or term.startswith(("screen", "tmux")):
        return "sixel" if _says_sixel(asked) else None  # the others don't come through
    if "KITTY_WINDOW_ID" in environment or term == "xterm-kitty":
        return "kitty"
    if program.lower() in ("ghostty", "wezterm") or "KONSOLE_VERSION" in environment:
        return "kitty"
    if program == "iTerm.app" or environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm2"
    return "sixel" if _says_sixel(asked) else None


def _says_sixel(answer: str) -> bool:
    found = re.search(r"\x1b\[\?([\d;]+)c", answer)
    return found is not None and "4" in found[1].split(";")[1:]


def attributes() -> str:
    """Ask the terminal for its attributes; empty where it doesn't answer, or is none."""
    try:
        import termios
        import tty
    except ImportError:  # Windows
        return ""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return ""
    number, answer = sys.stdin.fileno(), b""
    before = termios.tcgetattr(number)
    try:
        tty.setcbreak(number, termios.TCSANOW)
        os.write(2, b"\x1b[c")
        while select.select([number], [], [], _ANSWER_S)[0] and not answer.endswith(b"c"):
            answer += os.read(number, 1)
    except OSError:
        return ""
    finally:
        termios.tcsetattr(number, termios.TCSANOW, before)
    return answer.decode("ascii", "replace")


def side_by_side(before: Path, after: Path) -> NDArray[np.uint8] | None:
    """Both as (height, width, 3) uint8 in one picture; None where one can't be read."""
    with suppress(PhotochromError, OSError):
        first, second = (picture.read(one).srgb(short_side_px=SIDE_PX) for one in (before, after))
        height, width = np.minimum(first.shape, second.shape)[:2]
        gap = np.full((height, 8, 3), 128, np.uint8)
        return np.hstack([first[:height, :width], gap, second[:height, :width]])
    return None


def encoded(srgb: NDArray[np.uint8], way: Way) -> str:
    """What a terminal shows as a picture, with a line's end.

    Parameters
    ----------
    srgb : (height, width, 3) uint8
    way : as from `way_of`
    """
    if way == "sixel":
        return _sixel(srgb) + "\n"
    data = base64.b64encode(picture.from_array(srgb).encode("png")).decode()
    if way == "iterm2":
        return f"\x1b]1337;File=inline=1;preserveAspectRatio=1:{data}\x07\n"
    parts = [data[start : start + _PART] for start in range(0, len(data), _PART)]
    heads = ["a=T,f=100,q=2,", *[""] * (len(parts) - 1)]
    more = [1] * (len(parts) - 1) + [0]
    pieces = zip(heads, more, parts, strict=True)
    return "".join(f"\x1b_G{head}m={m};{part}\x1b\\" for head, m, part in pieces) + "\n"


def _sixel(srgb: NDArray[np.uint8]) -> str:
    """Six lines at a time, one color after the other; runs of the same are counted."""
    levels = np.rint(srgb / 255 * (_LEVELS - 1)).astype(int)
    index = levels @ np.array([_LEVELS**2, _LEVELS, 1])
    height, width = index.shape
    parts = [f'\x1bPq"1;1;{width};{height}']
    for color in np.unique(index):
        red, green, blue = (
            round(100 * (color // _LEVELS**power % _LEVELS) / (_LEVELS - 1)) for power in (2, 1, 0)
        )
        parts.append(f"#{color};2;{red};{green};{blue}")
    for top in range(0, height, 6):
        band = index[top : top + 6]
        weights = 1 << np.arange(len(band))[:, None]
        for color in np.unique(band):
            signs = ((band == color) * weights).sum(axis=0) + 63
            parts.append(f"#{color}{_runs(signs)}$")
        parts.append("-")
    return "".join(parts) + "\x1b\\"


def _runs(signs: NDArray[np.int64]) -> str:
    starts = np.flatnonzero(np.diff(signs, prepend=-1))
    lengths = np.diff(starts, append=len(signs))
    pairs = zip(signs[starts], lengths, strict=True)
    return "".join(f"!{n}{chr(s)}" if n > 3 else chr(s) * n for s, n in pairs)
