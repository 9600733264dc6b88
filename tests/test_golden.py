"""What happens after the network, pixel by pixel: upsampling, joining, gamut, rounding.

The colors are a formula, so that no model is needed. The pipeline is compared with the
goldens, and the goldens with the same colors computed in plain NumPy, so that they can't
merely repeat the pipeline's mistakes. `--update-goldens` writes them.
"""

from pathlib import Path

import numpy as np
import pytest
import pyvips

import photochrom
from photochrom import color
from photochrom.pictures import picture

SAMPLES = Path(photochrom.__file__).parent / "samples"
GOLDEN = Path(__file__).parent / "golden"
NAMES = ("chelsea", "china", "flower")
LONG_SIDE_PX = 96
COARSE_PX = 8


def small_sample(name):
    """The sample's gray levels, at most 96 px a side."""
    sample = picture.read(SAMPLES / f"{name}.jpg")
    scale = LONG_SIDE_PX / max(sample.size)
    height, width = (round(side * scale) for side in sample.size)
    return sample.srgb(size=(height, width))[..., 0]


def coarse_ab(height, width):
    """Smooth colors, one for about 8 x 8 pixels, some of them beyond sRGB; (h, w, 2)."""
    rows, columns = -(-height // COARSE_PX), -(-width // COARSE_PX)
    y, x = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing="ij")
    a = 60 * np.cos(2 * np.pi * (x - 0.3 * y))
    b = 60 * np.sin(2 * np.pi * (0.4 * x + 0.8 * y) + 1)
    return np.stack([a, b], axis=-1).astype(np.float32)


def painted(gray):
    """A gray picture with those colors, by the pipeline."""
    offset = pyvips.Image.new_from_array(coarse_ab(*gray.shape))
    return picture.from_array(gray).with_ab(offset)


def painted_deep(gray):
    """The same through 16 bits, rounded to 8 at the end."""
    encoded = painted(gray.astype(np.uint16) * 257).encode("png")
    pixels = pyvips.Image.new_from_buffer(encoded, "").numpy()
    assert pixels.dtype == np.uint16
    return np.rint(pixels / 257).astype(np.uint8)


def lab_of(gray):
    """What is to be shown, by other means: bilinear interpolation as two matrices."""
    coarse = coarse_ab(*gray.shape).astype(np.float64)
    down, across = (
        bilinear_weights(length, size)
        for length, size in zip(coarse.shape[:2], gray.shape, strict=True)
    )
    ab = np.einsum("yi,xj,ijc->yxc", down, across, coarse)
    lightness = color.srgb_to_lightness(np.repeat(gray[..., None], 3, axis=-1))
    return np.concatenate([lightness[..., None], ab], axis=-1)


def bilinear_weights(length, size):
    """(size, length): how much of each coarse value a pixel takes, centers aligned."""
    place = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
    return np.maximum(0, 1 - np.abs(place[:, None] - np.arange(length)))


def histogram(found, expected):
    """How many channel values are off by so many levels, as text."""
    levels, counts = np.unique(np.abs(found.astype(int) - expected), return_counts=True)
    return "".join(f"\n  off by {n:3}: {count:6}" for n, count in zip(levels, counts, strict=True))


def assert_within(tolerance, found, expected, what):
    assert found.shape == expected.shape
    worst = np.abs(found.astype(int) - expected).max()
    assert worst <= tolerance, f"{what}:{histogram(found, expected)}"


@pytest.mark.parametrize("name", NAMES)
def test_the_pipeline_gives_the_golden_picture(name, update_goldens):
    path = GOLDEN / f"{name}.png"
    found = painted_deep(small_sample(name))
    if update_goldens:
        picture.from_array(found).save(path, force=True)
    assert_within(1, found, picture.read(path).srgb(), f"{name} differs from its golden")


@pytest.mark.parametrize("name", NAMES)
def test_the_golden_picture_is_what_the_formulas_say(name):
    golden = picture.read(GOLDEN / f"{name}.png").srgb()
    expected = np.rint(color.lab_to_srgb(lab_of(small_sample(name))) * 255).astype(np.uint8)
    assert_within(1, golden, expected, f"the golden of {name} differs from NumPy")


@pytest.mark.parametrize("name", NAMES)
def test_an_8_bit_picture_comes_close_to_the_golden_one(name):
    """It may be computed faster and more coarsely; well inside sRGB it is nearly the same."""
    gray = small_sample(name)
    inside = well_inside_srgb(lab_of(gray))
    found = painted(gray).srgb()[inside]
    golden = picture.read(GOLDEN / f"{name}.png").srgb()[inside]
    assert_within(5, found, golden, f"the 8-bit picture of {name} differs from its golden")
    assert np.abs(found.astype(int) - golden).mean() < 0.5


@pytest.mark.parametrize("name", NAMES)
def test_the_goldens_hold_colors_inside_srgb_and_beyond(name):
    assert 0.2 < well_inside_srgb(lab_of(small_sample(name))).mean() < 0.8


def well_inside_srgb(lab):
    """Where even a color of 1.1 times the chroma could be shown."""
    return color.in_gamut(color.lab_to_linear(lab * np.array([1, 1.1, 1.1])))


def test_a_failure_shows_a_histogram():
    found, expected = np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2, 3), np.uint8)
    found[0, 0] = (1, 5, 5)
    with pytest.raises(AssertionError, match=r"off by +0: +9\n.*off by +1: +1\n.*off by +5: +2"):
        assert_within(1, found, expected, "this differs")
