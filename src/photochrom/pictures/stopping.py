"""Ending work that nobody waits for: libvips pipelines stop at their next tile.

What can't be interrupted, such as a decoder that takes the whole picture at once, ends by itself;
nothing further begins then.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import pyvips

from photochrom.errors import StoppedError

_current: ContextVar[Stop | None] = ContextVar("photochrom_stop", default=None)


class Stop:
    """Ends one piece of work, from another thread."""

    def __init__(self) -> None:
        self._images: list[pyvips.Image] = []
        self._lock = threading.Lock()
        self._stopped = False

    def stop(self) -> None:
        """End the work; for good."""
        with self._lock:
            self._stopped = True
            for image in self._images:
                image.set_kill(True)

    def check(self) -> None:
        """Raise where the work has been ended.

        Raises
        ------
        StoppedError
            It has.
        """
        if self._stopped:
            raise StoppedError("The work was canceled, because nobody is waiting for it.")

    @contextmanager
    def watching(self, image: pyvips.Image) -> Iterator[pyvips.Image]:
        """Inside, an image like this one, which `stop` ends. Errors as for `check`."""
        own = image.copy()  # others may use the same one
        with self._lock:
            self.check()
            self._images.append(own)
        try:
            yield own
        finally:
            with self._lock:
                self._images = [one for one in self._images if one is not own]

    @contextmanager
    def over(self) -> Iterator[None]:
        """Inside, this thread's work is that which `stop` ends."""
        token = _current.set(self)
        try:
            self.check()
            yield
        finally:
            _current.reset(token)


@contextmanager
def watching(image: pyvips.Image) -> Iterator[pyvips.Image]:
    """Inside, an image whose pipeline ends with the work that this thread is at.

    Raises
    ------
    StoppedError
        It has been ended already.
    """
    stop = _current.get()
    if stop is None:
        yield image
    else:
        with stop.watching(image) as own:
            yield own


def check() -> None:
    """Raise where the work that this thread is at has been ended. Errors as for `watched`."""
    stop = _current.get()
    if stop is not None:
        stop.check()
