"""Films for the tests of the Studio, and what several of them do with one."""

import asyncio
import time

import numpy as np

PATIENCE_S = 120.0


def textured(number, count, size=(96, 160)):
    """Frames of a pan over a texture, (count, h, w) uint8; another number is another shot."""
    rng = np.random.default_rng(number)
    coarse = rng.integers(40, 220, (12, 16)).astype(float)
    height, width = size[0] + count, size[1] + count
    rows, columns = np.linspace(0, 10.99, height), np.linspace(0, 14.99, width)
    fine = np.stack([np.interp(rows, np.arange(12), line) for line in coarse.T], axis=1)
    fine = np.stack([np.interp(columns, np.arange(16), line) for line in fine])
    levels = fine.astype(np.uint8)
    return np.stack([levels[at : at + size[0], at : at + size[1]] for at in range(count)])


def write(path, frames, codec="ffv1"):
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:], "yuv420p"
        for levels in frames:
            frame = av.VideoFrame.from_ndarray(levels, format="gray").reformat(format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def opened(client, clip, name="old film.mkv"):
    answer = client.post("/v1/films", params={"name": name}, content=clip.read_bytes())
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def state_when(client, id_, holds):
    """The state of a film once something holds of it."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        state = client.get(f"/v1/films/{id_}").json()
        if holds(state):
            return state
        time.sleep(0.05)
    raise AssertionError(state)


def looked_through(client, id_):
    return state_when(client, id_, lambda state: state["looking"]["finished"])


def has_ended(state):
    """Whether the film's coloring was stopped, or was done before that."""
    return state["rendering"]["state"] in ("stopped", "finished")


def received(shelf, clip):
    """Bring a film to the disk; returns its file."""

    async def chunks():
        yield clip.read_bytes()

    return asyncio.run(shelf.receive(chunks(), name="a.mkv", told=0))
