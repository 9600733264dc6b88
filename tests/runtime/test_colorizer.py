"""`photochrom.runtime.colorizer`: gray in, color out, at its own size and lightness."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st

from grays import colorized, gray, lightness_of
from photochrom import color
from photochrom.errors import (
    ModelNotFoundError,
    PictureReadError,
    ShapeError,
)
from photochrom.pictures import picture
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.prepared import MAX_LONG_SIDE, MIN_SIDE_PX, small_size


@pytest.fixture(scope="module")
def colorizer():
    return Colorizer(threads=1)


# Size and lightness


@given(st.integers(1, 80), st.integers(1, 80), st.integers(0, 3))
@settings(max_examples=25)
def test_any_size_comes_back_with_its_lightness(colorizer, height, width, seed):
    levels = gray(height, width, seed)
    result = colorized(colorizer, levels)
    assert result.shape == (height, width, 3)
    before = lightness_of(np.repeat(levels[..., None], 3, axis=-1))
    assert np.abs(lightness_of(result) - before).mean() < 0.3


def test_what_is_painted_once_is_decoded_ahead_unless_it_may_be_refused(colorizer, gray_picture):
    ahead = colorizer.prepare(gray_picture, once=True)
    assert ahead.picture is not gray_picture
    np.testing.assert_array_equal(ahead.picture.srgb(), gray_picture.srgb())
    assert colorizer.prepare(gray_picture).picture is gray_picture
    kept = colorizer.prepare(gray_picture, once=True, only_gray=True)
    assert kept.picture is gray_picture


def test_it_gives_colors(colorizer):
    result = colorized(colorizer, gray(60, 80))
    assert color.colorfulness(result) > 0.5


def test_black_and_white_stay_black_and_white(colorizer):
    half = np.zeros((40, 60), np.uint8)
    half[:, 30:] = 255
    np.testing.assert_array_equal(colorized(colorizer, half), np.repeat(half[..., None], 3, -1))


def test_a_panorama_comes_back(colorizer):
    assert colorizer.colorize(gray(20, 900)).size == (20, 900)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_depth_and_alpha_are_kept(channels, dtype, colorizer, tmp_path):
    top = np.iinfo(dtype).max
    pixels = np.repeat((gray(30, 50) / 255 * top).astype(dtype)[..., None], channels, axis=-1)
    if channels == 4:
        pixels[..., 3] = np.linspace(0, top, 50)
    result = colorizer.colorize(pixels.squeeze())
    assert result.bits == 8 * np.dtype(dtype).itemsize
    assert result.has_alpha == (channels == 4)
    stored = pyvips.Image.new_from_file(str(result.save(tmp_path / "out.png"))).numpy()
    assert stored.dtype == dtype
    assert stored.shape == (30, 50, 4 if channels == 4 else 3)
    np.testing.assert_array_equal(stored[..., 3:], pixels[..., 3:])
    before = color.srgb_to_lightness(np.broadcast_to(pixels[..., :1], (30, 50, 3)))
    after = color.srgb_to_lightness(np.ascontiguousarray(stored[..., :3]))
    assert np.abs(before - after).mean() < 0.3


# What may be given


def test_path_bytes_array_and_picture_give_the_same(colorizer, tmp_path):
    levels = gray(40, 60)
    path = picture.from_array(levels).save(tmp_path / "gray.png")
    expected = colorized(colorizer, levels)
    for source in (path, str(path), path.read_bytes(), picture.read(path)):
        np.testing.assert_array_equal(colorized(colorizer, source), expected)


def test_of_a_color_picture_only_the_lightness_counts(smooth_srgb):
    colorizer = Colorizer("resnet18-gray", threads=1)  # calm enough for one gray level more or less
    srgb = smooth_srgb(48, 64)
    linear = color.lightness_to_luminance(color.srgb_to_lightness(srgb))
    copy = np.rint(color.linear_to_srgb(linear) * 255).astype(np.uint8)
    difference = colorized(colorizer, srgb).astype(int) - colorized(colorizer, copy)
    assert np.abs(difference).mean() < 2  # a copy in whole gray levels is what it is
    assert color.colorfulness(srgb) > 20  # so that there was something to throw away


def test_names_and_formats_stay(colorizer, tmp_path):
    path = picture.from_array(gray(20, 30)).save(tmp_path / "gray.jpg")
    result = colorizer.colorize(path)
    assert result.name == str(path)
    assert result.format == "jpeg"


def test_what_is_no_picture_is_refused(colorizer, tmp_path):
    with pytest.raises(PictureReadError):
        colorizer.colorize(tmp_path / "missing.jpg")
    with pytest.raises(PictureReadError):
        colorizer.colorize(b"no picture")
    with pytest.raises(ShapeError):
        colorizer.colorize(np.zeros((4, 4, 2), np.uint8))


def test_an_unknown_model_is_refused():
    with pytest.raises(ModelNotFoundError, match="nonsense"):
        Colorizer("nonsense")


# Encode once, paint many; from several threads


def test_painting_twice_gives_the_same(colorizer):
    levels = gray(40, 60)
    prepared = colorizer.prepare(levels)
    first = prepared.paint().srgb()
    np.testing.assert_array_equal(prepared.paint().srgb(), first)
    np.testing.assert_array_equal(prepared.ab(), prepared.ab())
    np.testing.assert_array_equal(colorized(colorizer, levels), first)


def test_several_prepared_pictures_do_not_mix(colorizer):
    one, other = colorizer.prepare(gray(40, 60, 1)), colorizer.prepare(gray(50, 30, 2))
    second, first = other.paint().srgb(), one.paint().srgb()
    np.testing.assert_array_equal(first, colorized(colorizer, gray(40, 60, 1)))
    np.testing.assert_array_equal(second, colorized(colorizer, gray(50, 30, 2)))


def test_prepared_is_frozen(colorizer):
    prepared = colorizer.prepare(gray(8, 8))
    for field in dataclasses.fields(prepared):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(prepared, field.name, None)


def test_coarse_colors_have_the_size_of_the_small_copy(colorizer):
    contract = colorizer.contract
    coarse = colorizer.prepare(gray(30, 45)).ab()
    small = small_size((30, 45), contract.short_side_px)
    assert coarse.shape == (*(-(-side // contract.output_stride) for side in small), 2)
    assert coarse.dtype == np.float32


def test_four_threads_give_what_one_gives(colorizer):
    pictures = [gray(20 + 9 * i, 70 - 7 * i, seed=i) for i in range(8)]
    expected = [colorized(colorizer, levels) for levels in pictures]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda levels: colorized(colorizer, levels), pictures))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_one_prepared_picture_may_be_painted_from_several_threads(colorizer):
    prepared = colorizer.prepare(gray(40, 60))
    expected = prepared.paint().srgb()
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: prepared.paint().srgb(), range(8)):
            np.testing.assert_array_equal(found, expected)


# The small copy


@given(st.integers(1, 50_000), st.integers(1, 50_000), st.sampled_from([32, 256, 500]))
def test_the_small_copy_keeps_the_aspect_ratio_within_a_pixel(height, width, short_side_px):
    short, long = sorted((height, width))
    small_short, small_long = sorted(small_size((height, width), short_side_px))
    scale = min(short_side_px / short, MAX_LONG_SIDE * short_side_px / long)
    assert small_long <= MAX_LONG_SIDE * short_side_px
    assert abs(small_long - scale * long) <= 0.5
    assert small_short >= MIN_SIDE_PX
    if small_short > MIN_SIDE_PX:
        assert abs(small_short - scale * short) <= 0.5
    if long <= MAX_LONG_SIDE * short:
        assert small_short == short_side_px


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_turning_a_picture_turns_its_small_copy(height, width):
    assert small_size((width, height), 256) == small_size((height, width), 256)[::-1]


@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((3000, 4000), (256, 341)),
        ((1000, 1000), (256, 256)),
        ((40, 60), (256, 384)),
        ((1000, 4000), (256, 1024)),
        ((1000, 10_000), (102, 1024)),
        ((10_000, 10), (1024, 16)),
        ((1, 1), (256, 256)),
    ],
)
def test_the_size_of_some_small_copies(size, small):
    assert small_size(size, 256) == small
