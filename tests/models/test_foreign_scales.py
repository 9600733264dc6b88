"""`photochrom.models.foreign`: colors stay in their places, whatever a photograph's size is."""

import numpy as np
import pytest

from photochrom import Colorizer, Hint, color
from standins import ddcolor, deoldify, zhang

pytestmark = pytest.mark.train

SIZES = [(24, 24), (31, 47), (64, 300), (300, 64), (255, 257), (513, 511), (300, 1100), (900, 600)]
PLACES = [(u, v) for u in (0.1, 0.3, 0.5, 0.7, 0.9) for v in (0.1, 0.3, 0.5, 0.7, 0.9)]

MODELS = {
    "fixed": ("ddcolor", ddcolor, ""),
    "fixed, lightness": ("eccv16", zhang, ""),
    "square": ("deoldify", deoldify, "side = 128\n"),
    "free": ("deoldify", deoldify, 'side = 128\nshape = "free"\n'),
    "own hints": (
        "siggraph17",
        lambda path: zhang(path, side=None, name="L", hints=True),
        "side = 128\n",
    ),
}


@pytest.fixture(scope="module", params=MODELS)
def colorizer(request, tmp_path_factory):
    kind, write, more = MODELS[request.param]
    path = write(tmp_path_factory.mktemp("models") / "theirs.onnx")
    path.with_suffix(".toml").write_text(f'like = "{kind}"\n{more}')
    return Colorizer(path, threads=1)


def scene(height, width):
    """The same smooth scene at any size, gray, of low contrast: no color leaves the gamut."""
    y, x = np.mgrid[:height, :width]
    u, v = (x + 0.5) / width, (y + 0.5) / height
    waves = np.sin(2 * np.pi * (0.9 * u + 0.2)) + np.sin(2 * np.pi * (0.7 * v + 0.3 * u))
    return np.rint(128 + 32 * waves).astype(np.uint8)


def colors_at(srgb):
    """The mean a* and b* of 5 x 5 pixels around each of `PLACES`."""
    ab = color.srgb_to_lab(srgb)[..., 1:]
    height, width = ab.shape[:2]
    found = []
    for u, v in PLACES:
        x, y = int(u * width), int(v * height)
        found.append(ab[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].mean(axis=(0, 1)))
    return np.array(found)


@pytest.fixture(scope="module")
def usual(colorizer):
    """Colors at `PLACES` of the scene at a usual size."""
    found = colors_at(colorizer.colorize(scene(400, 400)).srgb())
    assert np.ptp(found, axis=0).max() > 3
    return found


@pytest.mark.parametrize("size", SIZES)
def test_colors_stay_in_their_places_at_any_size(size, colorizer, usual):
    result = colorizer.colorize(scene(*size)).srgb()
    assert result.shape == (*size, 3)
    off = np.abs(colors_at(result) - usual)
    assert off.mean() < 1
    assert off.max() < 3
    gray = np.repeat(scene(*size)[..., None], 3, axis=-1)
    assert np.abs(color.srgb_to_lightness(result) - color.srgb_to_lightness(gray)).max() < 2


@pytest.mark.parametrize("size", [(1, 1), (2, 500), (500, 2), (1, 40), (17, 16)])
def test_extreme_shapes_are_painted(size, colorizer):
    result = colorizer.colorize(np.full(size, 90, np.uint8)).srgb()
    assert result.shape == (*size, 3)
    assert np.ptp(result.reshape(-1, 3).astype(int), axis=0).max() <= 12  # one gray, one color


@pytest.mark.parametrize("size", [(120, 120), (90, 400), (700, 500)])
def test_hints_stand_where_they_were_set_at_any_size(size, colorizer):
    height, width = size
    at = (0.3 * width, 0.6 * height)
    hint = Hint(points=(at,), ab=(30.0, -35.0), radius_px=0.05 * min(size))
    prepared = colorizer.prepare(scene(height, width))
    plain, hinted = (
        color.srgb_to_lab(prepared.paint(hints=given).srgb())[..., 1:] for given in ((), (hint,))
    )
    moved = np.linalg.norm(hinted - plain, axis=-1)
    row, column = np.unravel_index(moved.argmax(), moved.shape)
    assert moved.max() > 20
    assert abs(column - at[0]) < 0.08 * max(size)
    assert abs(row - at[1]) < 0.08 * max(size)
