"""What several tests of the server share: photographs to send, and what answers have to be."""

import time
from pathlib import Path

import numpy as np

import photochrom
from photochrom.pictures import picture

SAMPLES = Path(photochrom.__file__).parent / "samples"
ORIGINAL = SAMPLES / "originals" / "flower.jpg"
PROBLEM = "application/problem+json"
PHONE = {"width": 390, "height": 844}
TOKEN = "a+b&c=d%20e/f-16"


def photograph(height=60, width=90, *, format_="jpeg", levels=None):
    """A gray photograph as a file's bytes."""
    y, x = np.mgrid[:height, :width]
    levels = ((3 * x + 2 * y) % 256).astype(np.uint8) if levels is None else levels
    return picture.from_array(levels).encode(format_)


def pixels(data):
    return picture.read(data).srgb().astype(int)


def opened(client, data=None, **query):
    answer = client.post("/v1/pictures", content=data or photograph(), params=query)
    assert answer.status_code == 201, answer.text
    return answer.json()


def is_problem(answer, status, *words):
    """Whether an answer is a problem of this status that says these words."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    body = answer.json()
    assert {"type", "title", "status", "detail", "instance"} <= set(body)
    assert body["status"] == status
    assert body["instance"] == answer.request.url.path
    for word in words:
        assert word in body["detail"]
    return body


def metric(client, name):
    lines = client.get("/metrics").text.splitlines()
    found = [line for line in lines if line.startswith(f"photochrom_{name} ")]
    return float(found[0].split()[-1]) if found else 0.0


def until(condition, seconds=20):
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
