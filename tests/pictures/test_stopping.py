"""Work that nobody waits for ends."""

import threading
import time

import numpy as np
import pytest
import pyvips

from photochrom.errors import StoppedError
from photochrom.pictures import picture, stopping
from photochrom.pictures.stopping import Stop


def huge():
    """A picture that takes a second to encode or to shrink, and no memory."""
    noise = pyvips.Image.gaussnoise(6_000, 6_000, mean=128)
    return picture.from_image(noise.cast("uchar").copy(interpretation="b-w"))


def at_work(stop, work, begun):
    """Do work in a thread; its outcome is put into the list that is returned."""
    outcome = []

    def run():
        try:
            with stop.over():
                begun.set()
                outcome.append(work())
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


@pytest.mark.parametrize(
    "work",
    [lambda: huge().encode("png"), lambda: huge().srgb(size=(20, 20))],
    ids=["encode", "shrink"],
)
def test_what_is_going_on_ends(work):
    stop, begun = Stop(), threading.Event()
    thread, outcome = at_work(stop, work, begun)
    assert begun.wait(20)
    while not (stop._images or outcome):
        time.sleep(0.001)
    stop.stop()
    thread.join()
    assert isinstance(outcome[0], StoppedError)


def test_nothing_further_begins():
    stop = Stop()
    stop.stop()
    with pytest.raises(StoppedError), stop.over():
        pytest.fail("it has begun")
    stop = Stop()
    with stop.over():
        small = picture.from_array(np.zeros((9, 9), np.uint8))
        assert small.encode("png")
        stop.stop()
        with pytest.raises(StoppedError):
            small.encode("png")
        with pytest.raises(StoppedError):
            small.srgb()
    assert small.encode("png")  # other work is not concerned
    assert small.srgb().shape == (9, 9, 3)
    stopping.check()
