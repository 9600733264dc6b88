"""`photochrom.color.toning`: gray and toned pictures are told from colored ones."""

from pathlib import Path

import numpy as np
import pytest
import pyvips

import photochrom
from photochrom import color
from photochrom.color import toning
from photochrom.pictures import picture

SAMPLES = Path(photochrom.__file__).parent / "samples"
NAMES = ["chelsea", "china", "flower"]


def gray_of(name):
    """The gray sample, 300 px on its short side; (height, width, 3) float."""
    return picture.read(SAMPLES / f"{name}.jpg").srgb(short_side_px=300).astype(float)


def sepia(gray, strength=1.0):
    """Brown, more so in the shadows; the paper is yellowish."""
    toned = gray * (1.07, 0.93, 0.74) + (12, 6, -4)
    return gray + (toned - gray) * strength


def cyanotype(gray):
    dark, middle, light = np.array([[10, 30, 80], [60, 120, 180], [235, 240, 240]], float)
    share = gray[..., :1] / 255
    low = dark + (middle - dark) * np.minimum(2 * share, 1)
    return low + (light - middle) * np.maximum(2 * share - 1, 0)


def yellowed(gray):
    """Faintly tinted, and more so toward the corners."""
    height, width = gray.shape[:2]
    y, x = np.mgrid[:height, :width] / max(height, width)
    far = np.hypot(y - 0.3, x - 0.5)[..., None]
    return gray * (1 - (0.03 + 0.15 * far) * np.array([0.1, 0.3, 1.0]))


def noisy(gray):
    return gray + np.random.default_rng(0).normal(0, 12, gray.shape)


TONES = {
    "gray": lambda gray: gray,
    "sepia": sepia,
    "weak sepia": lambda gray: sepia(gray, 0.4),
    "strong sepia": lambda gray: sepia(gray, 1.5),
    "cyanotype": cyanotype,
    "yellowed": yellowed,
    "yellowed sepia": lambda gray: yellowed(sepia(gray)),
    "noisy": noisy,
    "noisy sepia": lambda gray: noisy(sepia(gray)),
}


def as_jpeg(srgb, quality):
    image = pyvips.Image.new_from_array(
        np.rint(np.clip(srgb, 0, 255)).astype(np.uint8), interpretation="srgb"
    )
    return picture.read(image.write_to_buffer(".jpg", Q=quality))


@pytest.mark.parametrize("quality", [30, 90])
@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("name", NAMES)
def test_toned_prints_are_monochrome(name, tone, quality):
    assert as_jpeg(TONES[tone](gray_of(name)), quality).is_monochrome()


@pytest.mark.parametrize("quality", [30, 90])
@pytest.mark.parametrize("name", NAMES)
def test_color_photographs_are_not(name, quality):
    original = picture.read(SAMPLES / "originals" / f"{name}.jpg").srgb(short_side_px=300)
    assert not as_jpeg(original, quality).is_monochrome()
    lab = color.srgb_to_lab(original)
    faded = 255 * color.lab_to_srgb(lab * (1, 0.5, 0.5))
    assert not as_jpeg(faded, quality).is_monochrome()


@pytest.mark.parametrize("tone", ["gray", "sepia"])
@pytest.mark.parametrize("name", NAMES)
def test_one_colored_thing_is_enough(name, tone):
    """A red coat of a thirtieth of the picture."""
    srgb = TONES[tone](gray_of(name))
    height, width = srgb.shape[:2]
    side = round((height * width / 30) ** 0.5)
    top, left = height // 3, width // 3
    srgb[top : top + side, left : left + side] *= (1.0, 0.3, 0.3)
    assert not as_jpeg(srgb, 90).is_monochrome()


def test_grey_deviates_by_nothing(gray_picture):
    assert toning.color_deviation(gray_picture.srgb()) == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (3, 5), (48, 48), (97, 1000)])
def test_any_size_has_an_answer(size, smooth_srgb):
    assert toning.color_deviation(smooth_srgb(*size)) >= 0
    assert toning.is_monochrome(np.full((*size, 3), (200, 150, 90), np.uint8))


def test_colors_of_equal_lightness_deviate_by_their_distance():
    """Two halves 40 a* apart lie 20 off any curve."""
    lab = np.full((96, 96, 3), (60.0, -20.0, 0.0))
    lab[:, 48:, 1] = 20
    srgb = np.rint(255 * color.lab_to_srgb(lab)).astype(np.uint8)
    assert toning.color_deviation(srgb) == pytest.approx(20, abs=3)
