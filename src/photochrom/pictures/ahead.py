"""Decoding ahead: a thread decodes a picture while others get ready for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

import pyvips


def decoded_ahead(open_: Callable[[], pyvips.Image]) -> Callable[[], pyvips.Image] | None:
    """Begin to decode a picture into memory.

    Parameters
    ----------
    open_ : opens it

    Returns
    -------
    What waits for the decoded picture, and raises the error that decoding it has raised; None
    where no more threads may be started
    """
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
