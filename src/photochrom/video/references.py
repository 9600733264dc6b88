"""Color photographs that a film follows: in all its shots, or in some."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from photochrom.runtime.asked import Reference
from photochrom.video.hints import FilmHints


class References:
    """What is to be followed in which shot.

    Parameters
    ----------
    hints : name photographs, and the shots that follow them
    everywhere : one that all shots follow
    look : what the network sees in a photograph
    """

    def __init__(
        self,
        hints: FilmHints,
        everywhere: Reference | None,
        look: Callable[[Path], Reference],
    ) -> None:
        self._all = [] if everywhere is None else [(frozenset[int](), everywhere)]
        self._all += [(frozenset(one.shots), look(one.picture)) for one in hints.references]

    def of(self, shot: int, more: Reference | None = None) -> Reference | None:
        """All that a shot, from 1, is to follow, and more; None without anything."""
        found = [one for shots, one in self._all if not shots or shot in shots]
        if more is not None:
            found.append(more)
        joined: Reference | None = None
        for one in found:
            joined = one if joined is None else joined.joined(one)
        return joined
