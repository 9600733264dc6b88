"""`photochrom.picture`: what goes in comes out, upright, at its size, with its lightness."""

import numpy as np
import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st

from photochrom import color, picture
from photochrom.errors import (
    OutputExistsError,
    PhotochromError,
    PictureError,
    PictureReadError,
    PictureWriteError,
    ShapeError,
)

SUFFIXES = [".jpg", ".png", ".tif", ".webp", ".avif"]
LOSSLESS = [".png", ".tif"]

# EXIF orientation -> how a camera that turned the picture so has stored the upright one.
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}


def vips(pixels, interpretation="srgb"):
    return pyvips.Image.new_from_array(np.ascontiguousarray(pixels), interpretation=interpretation)


def stored_pixels(path):
    """What is in a file, without any interpretation by Photochrom."""
    return pyvips.Image.new_from_file(str(path)).numpy()


def write(path, pixels, interpretation="srgb", **options):
    vips(pixels, interpretation).write_to_file(str(path), **options)
    return path


def ab_image(height, width, seed=0, reach=100.0):
    ab = np.random.default_rng(seed).uniform(-reach, reach, (height, width, 2))
    return vips(ab.astype(np.float32), "multiband")


def flat_ab(height, width, a=0.0, b=0.0):
    return vips(np.full((height, width, 2), (a, b), dtype=np.float32), "multiband")


def mean_error(one, two):
    return np.abs(one.astype(float) - two.astype(float)).mean()


def with_exif(image):
    """A copy with a maker, a copyright, XMP, 300 dots an inch."""
    image = image.copy(xres=300 / 25.4, yres=300 / 25.4)
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Make", "Kodak (Kodak, ASCII, 6, 6)")
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Copyright", "Ann (Ann, ASCII, 4, 4)")
    image.set_type(pyvips.GValue.blob_type, "xmp-data", XMP)
    return image


XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><note>from the attic</note></x:xmpmeta>"


# Round trips


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_color_survives_a_round_trip(suffix, smooth_srgb, tmp_path):
    srgb = smooth_srgb(41, 63)
    path = picture.from_array(srgb).save(tmp_path / f"out{suffix}")
    found = picture.read(path)
    assert found.size == (41, 63)
    assert found.bits == 8
    assert not found.has_alpha
    assert found.format == picture.FORMATS[suffix]
    assert mean_error(found.srgb(), srgb) < 4
    if suffix in LOSSLESS:
        np.testing.assert_array_equal(found.srgb(), srgb)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_gray_survives_a_round_trip(suffix, gray_picture, tmp_path):
    found = picture.read(gray_picture.save(tmp_path / f"out{suffix}"))
    assert found.size == gray_picture.size
    assert mean_error(found.srgb(), gray_picture.srgb()) < 1.5


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".avif"])
def test_alpha_survives_a_round_trip(suffix, smooth_srgb, tmp_path):
    srgb = smooth_srgb(32, 48)
    alpha = np.linspace(10, 255, 32 * 48).reshape(32, 48, 1).astype(np.uint8)
    path = picture.from_array(np.concatenate([srgb, alpha], axis=2)).save(tmp_path / f"out{suffix}")
    found = picture.read(path)
    assert found.has_alpha
    assert found.srgb().shape == (32, 48, 3)
    assert mean_error(stored_pixels(path)[..., 3:], alpha) < 2
    if suffix in LOSSLESS:
        np.testing.assert_array_equal(stored_pixels(path)[..., 3:], alpha)


@pytest.mark.parametrize("suffix", LOSSLESS)
@pytest.mark.parametrize("shape", [(30, 50), (30, 50, 3), (30, 50, 4)])
def test_16_bit_survives_in_png_and_tiff(suffix, shape, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 65536, shape).astype(np.uint16)
    path = picture.from_array(pixels).save(tmp_path / f"out{suffix}")
    found = picture.read(path)
    assert found.bits == 16
    assert found.has_alpha == (shape[-1] == 4)
    np.testing.assert_array_equal(stored_pixels(path), pixels)


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_16_bit_is_reduced_where_the_format_needs_it(suffix, channels, smooth_srgb, tmp_path):
    srgb = smooth_srgb(32, 48)[..., :channels].squeeze()
    path = picture.from_array(srgb.astype(np.uint16) * 257).save(tmp_path / f"out{suffix}")
    found = picture.read(path)
    assert found.bits == 8
    expected = srgb if channels == 3 else srgb[..., None]
    assert mean_error(found.srgb(), expected) < 4


def test_16_bit_is_read_as_8_bit_srgb(smooth_srgb, tmp_path):
    srgb = smooth_srgb(20, 30)
    path = write(tmp_path / "deep.png", srgb.astype(np.uint16) * 257, "rgb16")
    assert picture.read(path).srgb().dtype == np.uint8
    assert np.abs(picture.read(path).srgb().astype(int) - srgb).max() <= 1


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1)])
def test_thin_pictures_survive_a_round_trip(suffix, size, smooth_srgb, tmp_path):
    original = picture.from_array(smooth_srgb(*size))
    found = picture.read(original.with_ab(flat_ab(*size, 10, 20)).save(tmp_path / f"out{suffix}"))
    assert found.size == size
    assert found.srgb().shape == (*size, 3)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_bytes_are_read_as_the_file_is(suffix, color_picture, tmp_path):
    path = color_picture.save(tmp_path / f"out{suffix}")
    np.testing.assert_array_equal(picture.read(path.read_bytes()).srgb(), picture.read(path).srgb())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_encode_gives_the_bytes_of_the_saved_file(suffix, color_picture, tmp_path):
    path = color_picture.save(tmp_path / f"out{suffix}", quality=70)
    encoded = color_picture.encode(picture.FORMATS[suffix], quality=70)
    np.testing.assert_array_equal(picture.read(encoded).srgb(), picture.read(path).srgb())


@pytest.mark.parametrize("format_", ["jpeg", "png", "tiff", "webp", "avif"])
def test_bytes_know_their_format(format_, color_picture, tmp_path):
    encoded = color_picture.encode(format_)
    assert picture.read(encoded).format == format_
    (tmp_path / "misnamed.jpg").write_bytes(encoded)
    assert picture.read(tmp_path / "misnamed.jpg").format == format_


def test_reading_twice_gives_the_same(color_picture, tmp_path):
    """A picture is a recipe, not a stream that runs dry."""
    found = picture.read(color_picture.save(tmp_path / "out.png"))
    np.testing.assert_array_equal(found.srgb(), found.srgb())


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_changed_file_is_read_anew(suffix, orientation, tmp_path):
    """libvips would remember the pixels of a file name."""
    for level, size in ((20, (40, 60)), (200, (40, 70))):
        image = vips(np.full((*size, 3), level, dtype=np.uint8)).copy()
        image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
        image.write_to_file(str(tmp_path / f"new{suffix}"))
        path = (tmp_path / f"new{suffix}").replace(tmp_path / f"photo{suffix}")
        for found in (picture.read(path).srgb(), picture.read(path).srgb(short_side_px=20)):
            assert mean_error(found, np.uint8(level)) < 3
            assert max(found.shape) / min(found.shape[:2]) == max(size) / min(size)


# Kinds of files


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
@pytest.mark.parametrize("orientation", STORED)
def test_orientation_is_applied_once(suffix, orientation, smooth_srgb, tmp_path):
    upright = smooth_srgb(24, 40)
    image = vips(STORED[orientation](upright)).copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    path = tmp_path / f"turned{suffix}"
    image.write_to_file(str(path), **({"lossless": True} if suffix == ".webp" else {}))
    assert stored_pixels(path).shape == STORED[orientation](upright).shape

    found = picture.read(path)
    assert found.size == (24, 40)
    np.testing.assert_array_equal(found.srgb(), upright)
    saved = picture.read(found.save(tmp_path / "saved.png"))
    np.testing.assert_array_equal(saved.srgb(), upright)
    np.testing.assert_array_equal(stored_pixels(tmp_path / "saved.png"), upright)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("orientation", STORED)
def test_a_turned_jpeg_is_saved_upright(suffix, orientation, smooth_srgb, tmp_path):
    upright = smooth_srgb(48, 80)
    image = vips(STORED[orientation](upright)).copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    image.write_to_file(str(tmp_path / "turned.jpg"), Q=98)

    found = picture.read(tmp_path / "turned.jpg")
    for shrunk in (found.srgb(size=(24, 40)), found.srgb(short_side_px=24)):
        assert mean_error(shrunk, upright.reshape(24, 2, 40, 2, 3).mean(axis=(1, 3))) < 5
    path = found.with_ab(flat_ab(48, 80)).save(tmp_path / f"saved{suffix}")
    saved = pyvips.Image.new_from_file(str(path))
    assert not saved.get_typeof("orientation") or saved.get("orientation") == 1
    expected = color.srgb_to_lightness(upright)
    assert mean_error(color.srgb_to_lightness(picture.read(path).srgb()), expected) < 2


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_embedded_profile_is_converted_to_srgb(suffix, smooth_srgb, tmp_path):
    srgb = smooth_srgb(40, 60)
    path = tmp_path / f"p3{suffix}"
    vips(srgb).icc_transform("p3", input_profile="srgb").write_to_file(str(path), Q=98)
    assert mean_error(stored_pixels(path), srgb) > 5
    found = picture.read(path)
    assert mean_error(found.srgb(), srgb) < 3
    assert mean_error(found.srgb(size=(40, 60)), srgb) < 3
    saved = picture.read(found.save(tmp_path / "saved.png"))
    assert mean_error(saved.srgb(), srgb) < 3


def test_embedded_profile_is_converted_at_16_bit(smooth_srgb, tmp_path):
    srgb = smooth_srgb(40, 60).astype(np.uint16) * 257
    deep = vips(srgb, "rgb16").icc_transform("p3", input_profile="srgb", depth=16)
    deep.write_to_file(str(tmp_path / "p3.png"))
    found = picture.read(tmp_path / "p3.png")
    assert found.bits == 16
    path = found.save(tmp_path / "saved.png")
    assert mean_error(stored_pixels(path), srgb) < 0.5 * 257


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif"])
def test_exif_survives_a_save(suffix, color_picture, tmp_path):
    with_exif(vips(color_picture.srgb())).write_to_file(str(tmp_path / "in.jpg"))
    colored = picture.read(tmp_path / "in.jpg").with_ab(ab_image(40, 60))
    saved = pyvips.Image.new_from_file(str(colored.save(tmp_path / f"out{suffix}")))
    assert saved.get("exif-ifd0-Make").startswith("Kodak")
    assert saved.get("exif-ifd0-Copyright").startswith("Ann")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_xmp_survives_a_save(suffix, color_picture, tmp_path):
    with_exif(vips(color_picture.srgb())).write_to_file(str(tmp_path / "in.jpg"))
    colored = picture.read(tmp_path / "in.jpg").with_ab(ab_image(40, 60))
    saved = pyvips.Image.new_from_file(str(colored.save(tmp_path / f"out{suffix}")))
    assert b"from the attic" in saved.get("xmp-data")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_resolution_survives_a_save(suffix, color_picture, tmp_path):
    with_exif(vips(color_picture.srgb())).write_to_file(str(tmp_path / "in.jpg"))
    colored = picture.read(tmp_path / "in.jpg").with_ab(ab_image(40, 60))
    saved = pyvips.Image.new_from_file(str(colored.save(tmp_path / f"out{suffix}")))
    assert saved.xres * 25.4 == pytest.approx(300, abs=0.5)
    assert saved.yres * 25.4 == pytest.approx(300, abs=0.5)


def test_the_preview_of_the_grey_picture_is_dropped(color_picture, tmp_path):
    image = vips(color_picture.srgb()).copy()
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Make", "Kodak (Kodak, ASCII, 6, 6)")
    preview = color_picture.encode("jpeg", quality=10)
    image.set_type(pyvips.GValue.blob_type, "jpeg-thumbnail-data", preview)
    image.write_to_file(str(tmp_path / "in.jpg"))
    before = pyvips.Image.new_from_file(str(tmp_path / "in.jpg"))
    assert before.get_typeof("jpeg-thumbnail-data")
    path = picture.read(tmp_path / "in.jpg").save(tmp_path / "out.jpg")
    assert not pyvips.Image.new_from_file(str(path)).get_typeof("jpeg-thumbnail-data")


def test_cmyk_jpeg_becomes_srgb(smooth_srgb, tmp_path):
    srgb = smooth_srgb(40, 60) // 2 + 64  # a quiet picture, inside what ink can print
    vips(srgb).icc_transform("cmyk", input_profile="srgb").write_to_file(
        str(tmp_path / "ink.jpg"), Q=95
    )
    assert stored_pixels(tmp_path / "ink.jpg").shape[2] == 4
    found = picture.read(tmp_path / "ink.jpg")
    assert found.size == (40, 60)
    assert not found.has_alpha
    assert mean_error(found.srgb(), srgb) < 8
    assert mean_error(found.srgb(size=(40, 60)), srgb) < 8
    saved = picture.read(found.save(tmp_path / "out.jpg"))
    assert mean_error(saved.srgb(), srgb) < 10


def test_cmyk_jpeg_without_a_profile_becomes_srgb(smooth_srgb, tmp_path):
    srgb = smooth_srgb(40, 60) // 2 + 64
    ink = vips(srgb).icc_transform("cmyk", input_profile="srgb")
    ink.write_to_file(str(tmp_path / "ink.jpg"), Q=95, keep="none")
    assert not pyvips.Image.new_from_file(str(tmp_path / "ink.jpg")).get_typeof("icc-profile-data")
    found = picture.read(tmp_path / "ink.jpg")
    assert mean_error(found.srgb(), srgb) < 12
    assert found.with_ab(flat_ab(40, 60)).srgb().shape == (40, 60, 3)


def test_palette_png_becomes_srgb(tmp_path):
    colors = np.array([[200, 30, 40], [20, 90, 160]], dtype=np.uint8)
    srgb = colors[np.indices((20, 30)).sum(axis=0) % 2]
    path = write(tmp_path / "palette.png", srgb, palette=True)
    assert path.read_bytes()[25] == 3  # the colour type of the header: a palette
    found = picture.read(path)
    assert found.size == (20, 30)
    assert np.abs(found.srgb().astype(int) - srgb).max() <= 2


def test_1_bit_png_becomes_8_bit_grey(tmp_path):
    pixels = (np.indices((20, 30)).sum(axis=0) % 2 * 255).astype(np.uint8)
    path = write(tmp_path / "bits.png", pixels, "b-w", bitdepth=1)
    found = picture.read(path)
    assert found.bits == 8
    np.testing.assert_array_equal(found.srgb(), np.repeat(pixels[..., None], 3, axis=2))


def test_animated_gif_gives_its_first_frame(tmp_path):
    frames = np.empty((60, 30, 3), dtype=np.uint8)
    frames[:20], frames[20:40], frames[40:] = (250, 10, 10), (10, 250, 10), (10, 10, 250)
    strip = vips(frames).copy()
    strip.set_type(pyvips.GValue.gint_type, "page-height", 20)
    strip.write_to_file(str(tmp_path / "moving.gif"))
    assert pyvips.Image.new_from_file(str(tmp_path / "moving.gif")).get("n-pages") == 3
    found = picture.read(tmp_path / "moving.gif")
    assert found.size == (20, 30)
    assert np.abs(found.srgb().astype(int) - (250, 10, 10)).max() <= 8
    saved = picture.read(found.save(tmp_path / "still.webp"))
    assert saved.size == (20, 30)


@pytest.mark.parametrize("deep", [False, True])
def test_grey_png_with_alpha(deep, tmp_path):
    dtype, space = (np.uint16, "grey16") if deep else (np.uint8, "b-w")
    pixels = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (20, 30, 2)).astype(dtype)
    path = write(tmp_path / "alpha.png", pixels, space)
    found = picture.read(path)
    assert found.has_alpha
    assert found.bits == (16 if deep else 8)
    assert np.ptp(found.srgb(), axis=2).max() == 0
    colored = found.with_ab(ab_image(20, 30)).save(tmp_path / "out.png")
    assert stored_pixels(colored).shape == (20, 30, 4)
    np.testing.assert_array_equal(stored_pixels(colored)[..., 3], pixels[..., 1])


# srgb


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("size", "short_side_px", "expected"),
    [
        ((60, 90), 20, (20, 30)),
        ((90, 60), 20, (30, 20)),
        ((61, 97), 32, (32, 51)),
        ((60, 90), 60, (60, 90)),
        ((60, 90), 200, (60, 90)),
        ((1, 80), 1, (1, 80)),
        ((2, 300), 1, (1, 150)),
    ],
)
def test_short_side_shrinks_and_never_enlarges(suffix, size, short_side_px, expected, smooth_srgb):
    found = picture.read(picture.from_array(smooth_srgb(*size)).encode(picture.FORMATS[suffix]))
    assert found.srgb(short_side_px=short_side_px).shape == (*expected, 3)


@pytest.mark.parametrize("size", [(7, 13), (64, 64), (128, 40), (1, 1)])
def test_size_resizes_whatever_the_aspect_ratio(size, color_picture, tmp_path):
    path = color_picture.save(tmp_path / "out.jpg")
    colored = color_picture.with_ab(flat_ab(40, 60))
    for found in (color_picture, picture.read(path), picture.read(path.read_bytes()), colored):
        assert found.srgb(size=size).shape == (*size, 3)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_shrinking_averages_the_area(suffix, smooth_srgb, tmp_path):
    srgb = smooth_srgb(64, 96)
    path = picture.from_array(srgb).save(tmp_path / f"out{suffix}", quality=98)
    expected = srgb.reshape(32, 2, 48, 2, 3).mean(axis=(1, 3))
    assert mean_error(picture.read(path).srgb(size=(32, 48)), expected) < 3


def test_srgb_leaves_alpha_out_unblended(smooth_srgb):
    srgb = smooth_srgb(10, 12)
    clear = np.concatenate([srgb, np.full((10, 12, 1), 3, dtype=np.uint8)], axis=2)
    np.testing.assert_array_equal(picture.from_array(clear).srgb(), srgb)


def test_srgb_is_contiguous(gray_picture, smooth_srgb):
    turned = picture.from_array(smooth_srgb(20, 30).transpose(1, 0, 2))
    for found in (gray_picture.srgb(), turned.srgb(), turned.srgb(size=(9, 7))):
        assert found.flags.c_contiguous
        assert found.dtype == np.uint8


# with_ab


@pytest.mark.parametrize("reach", [10, 40, 100])
def test_with_ab_keeps_8_bit_lightness(reach):
    levels = np.tile(np.arange(256, dtype=np.uint8), (128, 1))
    colored = picture.from_array(levels).with_ab(ab_image(128, 256, reach=reach)).srgb()
    expected = color.srgb_to_lightness(np.repeat(levels[..., None], 3, axis=2))
    error = np.abs(color.srgb_to_lightness(colored) - expected)
    assert error.mean() < 0.3
    assert error.max() < 1.5


def test_with_ab_keeps_16_bit_lightness(tmp_path):
    levels = np.arange(65536).reshape(256, 256).astype(np.uint16)
    path = picture.from_array(levels).with_ab(ab_image(256, 256)).save(tmp_path / "out.png")
    expected = color.srgb_to_lightness(np.repeat(levels[..., None], 3, axis=2))
    error = np.abs(color.srgb_to_lightness(stored_pixels(path)) - expected)
    assert error.mean() < 0.05
    assert error.max() < 0.2


def test_with_ab_keeps_the_lightness_of_a_color_picture(smooth_srgb):
    srgb = smooth_srgb(60, 90)
    colored = picture.from_array(srgb).with_ab(ab_image(60, 90)).srgb()
    error = np.abs(color.srgb_to_lightness(colored) - color.srgb_to_lightness(srgb))
    assert error.mean() < 0.3
    assert error.max() < 1.5


def test_zero_ab_gives_back_every_8_bit_grey():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    colored = picture.from_array(levels).with_ab(flat_ab(16, 16)).srgb()
    np.testing.assert_array_equal(colored, np.repeat(levels[..., None], 3, axis=2))


def test_zero_ab_gives_back_every_16_bit_grey(tmp_path):
    levels = np.arange(65536).reshape(256, 256).astype(np.uint16)
    path = picture.from_array(levels).with_ab(flat_ab(256, 256)).save(tmp_path / "out.png")
    np.testing.assert_array_equal(stored_pixels(path), np.repeat(levels[..., None], 3, axis=2))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_zero_ab_turns_color_to_exact_grey(dtype, tmp_path):
    highest = np.iinfo(dtype).max
    srgb = np.random.default_rng(0).integers(0, highest + 1, (100, 100, 3)).astype(dtype)
    path = picture.from_array(srgb).with_ab(flat_ab(100, 100)).save(tmp_path / "out.png")
    found = stored_pixels(path)
    assert np.ptp(found, axis=2).max() == 0
    lightness = color.srgb_to_lightness(srgb)
    expected = color.lab_to_srgb(np.stack([lightness, 0 * lightness, 0 * lightness], axis=-1))
    assert np.abs(found - expected * highest).max() < 1


def test_with_ab_agrees_with_the_array_functions_at_16_bit(tmp_path):
    """At 8 bit the colours are rounded: see test_painting."""
    rng = np.random.default_rng(1)
    highest = 65535
    srgb = rng.integers(0, highest + 1, (80, 90, 3)).astype(np.uint16)
    ab = rng.uniform(-60, 60, (80, 90, 2)).astype(np.float32)
    path = picture.from_array(srgb).with_ab(vips(ab, "multiband")).save(tmp_path / "out.png")
    lab = np.concatenate([color.srgb_to_lightness(srgb)[..., None], ab], axis=2)
    inside = color.in_gamut(color.lab_to_linear(lab), tolerance=0)
    assert 0.2 < inside.mean() < 0.9
    error = np.abs(stored_pixels(path) - color.lab_to_srgb(lab) * highest).max(axis=2)
    assert error[inside].max() < 1
    assert error.max() < 2


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_with_ab_keeps_alpha_size_and_bits(dtype, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (33, 47, 4)).astype(dtype)
    colored = picture.from_array(pixels).with_ab(ab_image(33, 47))
    assert colored.size == (33, 47)
    assert colored.has_alpha
    assert colored.bits == pixels.itemsize * 8
    path = colored.save(tmp_path / "out.png")
    np.testing.assert_array_equal(stored_pixels(path)[..., 3], pixels[..., 3])


def test_with_ab_leaves_the_original_as_it_was(gray_picture):
    before = gray_picture.srgb()
    gray_picture.with_ab(ab_image(40, 60)).srgb()
    np.testing.assert_array_equal(gray_picture.srgb(), before)


def test_with_ab_shrinks_to_what_it_would_save(gray_picture):
    colored = gray_picture.with_ab(flat_ab(40, 60, 30, -20))
    whole = colored.srgb().reshape(20, 2, 30, 2, 3).mean(axis=(1, 3))
    assert mean_error(colored.srgb(size=(20, 30)), whole) < 3


@pytest.mark.parametrize("bands", [1, 3])
def test_with_ab_of_other_bands_is_an_error(bands, gray_picture):
    ab = vips(np.zeros((40, 60, bands), dtype=np.float32).squeeze(), "multiband")
    with pytest.raises(ShapeError, match=f"offset has {bands} bands; 2 are wanted"):
        gray_picture.with_ab(ab)
    with pytest.raises(ShapeError, match=f"gain has {bands} bands; 2 are wanted"):
        gray_picture.with_ab(flat_ab(40, 60), ab)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pictures")


@given(
    size=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    channels=st.sampled_from([1, 3, 4]),
    dtype=st.sampled_from([np.uint8, np.uint16]),
    suffix=st.sampled_from([".jpg", ".png", ".tif", ".webp"]),
)
def test_any_size_comes_back_the_same(size, channels, dtype, suffix, folder):
    original = picture.from_array(np.full((*size, channels), 99, dtype=dtype))
    path = original.with_ab(flat_ab(*size, 9, 9)).save(folder / f"out{suffix}", force=True)
    assert picture.read(path).size == size
    assert stored_pixels(path).shape[:2] == size


# save


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_save_never_overwrites_unasked(suffix, color_picture, tmp_path):
    target = tmp_path / f"out{suffix}"
    target.write_bytes(b"precious")
    with pytest.raises(OutputExistsError, match="--force"):
        color_picture.save(target)
    assert target.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [target]


def test_save_never_overwrites_what_appears_meanwhile(color_picture, tmp_path):
    """The pipeline itself writes the target, after `save` has looked for it."""
    target = tmp_path / "out.png"

    def open_late():
        target.write_bytes(b"precious")
        return color_picture._open()

    late = picture.Picture("late", "png", open_late, color_picture._shrink)
    with pytest.raises(OutputExistsError):
        late.save(target)
    assert target.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [target]


def test_save_replaces_with_force(color_picture, tmp_path):
    target = tmp_path / "out.png"
    target.write_bytes(b"old")
    assert color_picture.save(target, force=True) == target
    np.testing.assert_array_equal(picture.read(target).srgb(), color_picture.srgb())
    assert list(tmp_path.iterdir()) == [target]


def test_save_over_its_own_source_with_force(smooth_srgb, tmp_path):
    path = write(tmp_path / "own.png", smooth_srgb(200, 300))
    picture.read(path).with_ab(flat_ab(200, 300)).save(path, force=True)
    assert np.ptp(stored_pixels(path), axis=2).max() == 0
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_save_leaves_nothing_beside_its_file(suffix, color_picture, tmp_path):
    target = color_picture.save(tmp_path / f"out{suffix}")
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", ["out.xyz", "out", "out.gif", "out.heic", ".png"])
def test_save_of_unknown_suffix_is_an_error(name, color_picture, tmp_path):
    with pytest.raises(PictureWriteError, match=r"\.jpg, \.png, \.tif, \.webp, \.avif"):
        color_picture.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_save_takes_suffixes_in_capitals(color_picture, tmp_path):
    path = color_picture.save(tmp_path / "OUT.PNG")
    assert path.name == "OUT.PNG"
    assert picture.read(path).format == "png"


def test_save_takes_names_as_long_as_the_file_system_does(color_picture, tmp_path):
    target = tmp_path / ("x" * 251 + ".png")
    assert color_picture.save(target) == target
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("quality", [0, 101, -5])
def test_quality_outside_1_to_100_is_an_error(quality, color_picture, tmp_path):
    with pytest.raises(PictureWriteError, match=f"quality is {quality}; a number from 1 to 100"):
        color_picture.save(tmp_path / "out.jpg", quality=quality)
    assert not list(tmp_path.iterdir())


def test_save_into_a_missing_folder_is_an_error(color_picture, tmp_path):
    with pytest.raises(PictureWriteError, match="nowhere"):
        color_picture.save(tmp_path / "nowhere" / "out.png")
    assert not list(tmp_path.iterdir())


def test_save_over_a_folder_is_an_error(color_picture, tmp_path):
    target = tmp_path / "out.png"
    target.mkdir()
    with pytest.raises(PictureWriteError):
        color_picture.save(target, force=True)
    assert list(tmp_path.iterdir()) == [target]


def test_encode_of_unknown_format_is_an_error(color_picture):
    with pytest.raises(PictureWriteError, match="format is not known"):
        color_picture.encode("bmp")


@pytest.mark.parametrize("format_", ["jpeg", "webp", "avif"])
def test_higher_quality_is_larger(format_, smooth_srgb):
    noise = np.random.default_rng(0).integers(-20, 20, (64, 64, 3))
    noisy = picture.from_array((smooth_srgb(64, 64) * 0.8 + 25 + noise).astype(np.uint8))
    low, high = (len(noisy.encode(format_, quality=q)) for q in (30, 95))
    assert low < 0.7 * high


def test_lossless_webp_is_exact(color_picture):
    found = picture.read(color_picture.encode("webp", lossless=True))
    np.testing.assert_array_equal(found.srgb(), color_picture.srgb())


# Errors at reading


def use_every_way(found, folder):
    """Everything that decodes pixels, as functions."""
    ab = flat_ab(*found.size)
    return [
        found.srgb,
        lambda: found.srgb(size=found.size),
        lambda: found.srgb(short_side_px=max(1, min(found.size) // 2)),
        lambda: found.encode("png"),
        lambda: found.save(folder / "out.png"),
        lambda: found.with_ab(ab).srgb(),
        lambda: found.with_ab(ab).save(folder / "colored.tif"),
    ]


def test_missing_file_is_an_error(tmp_path):
    with pytest.raises(PictureReadError, match=r"gone\.jpg: can't be read \(No such file"):
        picture.read(tmp_path / "gone.jpg")


def test_empty_file_is_an_error(tmp_path):
    (tmp_path / "empty.png").touch()
    with pytest.raises(PictureReadError, match=r"empty\.png: the file is empty"):
        picture.read(tmp_path / "empty.png")


def test_empty_bytes_are_an_error():
    with pytest.raises(PictureReadError, match="upload: empty"):
        picture.read(b"", name="upload")


def test_folder_is_an_error(tmp_path):
    with pytest.raises(PictureReadError, match="this is a folder"):
        picture.read(tmp_path)


@pytest.mark.parametrize("name", ["noise.jpg", "noise.png", "noise.tif", "noise.webp", "noise"])
@pytest.mark.parametrize(
    "content", [b"Dear diary, no picture today.\n" * 20, bytes(range(256)) * 9, b"\0", b"\xff\xd8"]
)
def test_what_is_no_picture_is_an_error(name, content, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(PictureReadError, match=f"{name}: this is no picture"):
        picture.read(path)
    with pytest.raises(PictureReadError, match="upload: this is no picture"):
        picture.read(content, name="upload")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_truncated_file_is_an_error_before_it_is_used(suffix, share, tmp_path):
    """At the latest: when pixels are used, in whatever way, and nothing is left behind."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3)).astype(np.uint8)
    whole = picture.from_array(noise).save(tmp_path / f"whole{suffix}").read_bytes()
    (tmp_path / f"whole{suffix}").unlink()
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(whole[: int(len(whole) * share)])
    try:
        found = picture.read(path)
    except PictureReadError:
        return
    for use in use_every_way(found, tmp_path):
        with pytest.raises(PictureError):
            use()
    assert list(tmp_path.iterdir()) == [path]


def test_svg_is_no_picture(tmp_path):
    """It could name other files to be read; untrusted loaders are off."""
    path = tmp_path / "drawing.svg"
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    with pytest.raises(PictureReadError):
        picture.read(path)


@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.uint32])
def test_tiff_of_other_samples_is_an_error(dtype, tmp_path):
    path = write(tmp_path / "science.tif", np.zeros((8, 8), dtype=dtype), "multiband")
    with pytest.raises(PictureReadError, match="convert it to 8 or 16 bit"):
        picture.read(path)


def test_too_many_pixels_are_an_error(color_picture, tmp_path):
    path = color_picture.save(tmp_path / "out.png")
    with pytest.raises(PictureReadError, match="60 x 40 is more than the limit of 2,399 pixels"):
        picture.read(path, max_pixels=2399)
    assert picture.read(path, max_pixels=2400).size == (40, 60)


@pytest.mark.parametrize("shape", [(), (5,), (0, 5), (5, 0, 3), (5, 5, 2), (5, 5, 5), (1, 5, 5, 3)])
def test_from_array_of_other_shapes_is_an_error(shape):
    with pytest.raises(ShapeError, match="wanted"):
        picture.from_array(np.zeros(shape, dtype=np.uint8))


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.bool_])
def test_from_array_of_other_types_is_an_error(dtype):
    with pytest.raises(ShapeError, match="uint8 or uint16 is wanted"):
        picture.from_array(np.zeros((5, 5), dtype=dtype))


def test_picture_errors_are_errors_of_the_package():
    for error in (PictureReadError, PictureWriteError, OutputExistsError):
        assert issubclass(error, PictureError)
        assert issubclass(error, PhotochromError)
