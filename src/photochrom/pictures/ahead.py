"""Decoding ahead: a thread decodes a picture while others get ready for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

import pyvips

MOST_BYTES = 48_000_000
"""What is decoded ahead takes at most so much memory."""


def decoded(
    open_: Callable[[], pyvips.Image], header: pyvips.Image
) -> Callable[[], pyvips.Image] | None:
    """Begin to decode a picture into memory.

    Parameters
    ----------
    open_ : opens it
    header : an image of its size, depth and channels

    Returns
    -------
    What waits for the decoded picture, and raises the error that decoding it has raised; None
    where it takes more than `MOST_BYTES`, or no more threads may be started
    """
    depth = 2 if header.format == "ushort" else 1
    if header.width * header.height * header.bands * depth > MOST_BYTES:
        return None
    pixels: Future[pyvips.Image] = Future()

    def decode() -> None:
        try:
            image = open_().copy_memory().copy()
            image.remove("vips-sequential")
            pixels.set_result(image)
        except BaseException as error:  # for whoever uses the pixels
            pixels.set_exception(error)

    try:
        threading.Thread(target=decode).start()  # no daemon: libvips ends after it
    except RuntimeError:
        return None
    return pixels.result
