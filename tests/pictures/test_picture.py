"""`photochrom.pictures.picture`: what goes in comes out, at its size, with its lightness."""

import numpy as np
import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st

from described import ab_image, flat_ab, mean_error, stored_pixels, vips, write
from photochrom import color
from photochrom.errors import PictureReadError, ShapeError
from photochrom.models.contract import ModelIdentity
from photochrom.pictures import ahead as ahead_module
from photochrom.pictures import formats, picture

MODEL = ModelIdentity("model")

SUFFIXES = [".jpg", ".png", ".tif", ".webp", ".avif"]
LOSSLESS = [".png", ".tif"]


# Round trips


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_color_survives_a_round_trip(suffix, smooth_srgb, tmp_path):
    srgb = smooth_srgb(41, 63)
    path = picture.from_array(srgb).save(tmp_path / f"out{suffix}")
    found = picture.read(path)
    assert found.size == (41, 63)
    assert found.bits == 8
    assert not found.has_alpha
    assert found.format == formats.BY_SUFFIX[suffix].name
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


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
@pytest.mark.parametrize("channels", [1, 3])
def test_16_bit_is_reduced_where_the_format_needs_it(suffix, channels, smooth_srgb, tmp_path):
    srgb = smooth_srgb(32, 48)[..., :channels].squeeze()
    path = picture.from_array(srgb.astype(np.uint16) * 257).save(tmp_path / f"out{suffix}")
    found = picture.read(path)
    assert found.bits == 8
    expected = srgb if channels == 3 else srgb[..., None]
    assert mean_error(found.srgb(), expected) < 4


@pytest.mark.parametrize("bits", [10, 12])
def test_avif_of_10_and_12_bits_keeps_them(bits, smooth_srgb, tmp_path):
    srgb = smooth_srgb(32, 48)
    deep = vips(srgb.astype(np.uint16) * 257, "rgb16")
    deep.write_to_file(str(tmp_path / "in.avif"), bitdepth=bits, lossless=True)
    found = picture.read(tmp_path / "in.avif")
    assert found.bits == bits
    saved = picture.read(found.save(tmp_path / "out.avif", lossless=True))
    assert saved.bits == bits
    np.testing.assert_array_equal(
        stored_pixels(tmp_path / "out.avif"), stored_pixels(tmp_path / "in.avif")
    )


def test_16_bit_becomes_12_in_avif(smooth_srgb, tmp_path):
    srgb = smooth_srgb(32, 48)
    path = picture.from_array(srgb.astype(np.uint16) * 257).save(tmp_path / "out.avif")
    assert picture.read(path).bits == 12
    assert mean_error(picture.read(path).srgb(), srgb) < 4


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
    encoded = color_picture.encode(suffix, quality=70)
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
    found = picture.read(picture.from_array(smooth_srgb(*size)).encode(suffix))
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


def test_enlarging_keeps_the_centers_of_pixels(smooth_srgb):
    """Mirrored and enlarged is enlarged and mirrored: nothing moves to one side."""
    srgb = smooth_srgb(24, 18)
    usual = picture.from_array(srgb).srgb(size=(60, 45))
    mirrored = picture.from_array(np.ascontiguousarray(srgb[::-1, ::-1])).srgb(size=(60, 45))
    assert np.abs(usual.astype(int) - mirrored[::-1, ::-1]).max() <= 1


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
    """At 8 bit the colors are rounded: see test_painting."""
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


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_prefetched_gives_what_streaming_gives(dtype, channels, orientation, tmp_path):
    levels = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (37, 50, channels))
    spaces = ("b-w", "srgb") if dtype == np.uint8 else ("grey16", "rgb16")
    image = vips(levels.astype(dtype), spaces[channels > 1]).copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    image.write_to_file(str(tmp_path / "in.tif"))
    plain = picture.read(tmp_path / "in.tif")
    ahead = plain.prefetched()
    assert ahead is not plain
    assert (ahead.size, ahead.bits, ahead.has_alpha) == (plain.size, plain.bits, plain.has_alpha)
    offset, gain = ab_image(4, 5), ab_image(4, 5, seed=1, reach=0.5)
    for change in (lambda one: one, lambda one: one.signed(MODEL).with_ab(offset, gain)):
        assert change(ahead).encode("png") == change(plain).encode("png")
    np.testing.assert_array_equal(ahead.srgb(size=(9, 11)), plain.srgb(size=(9, 11)))


def test_prefetched_decodes_once_and_streams_what_is_large(color_picture, tmp_path, monkeypatch):
    path = color_picture.save(tmp_path / "in.png")
    ahead = picture.read(path).prefetched()
    expected = ahead.srgb()
    path.unlink()
    np.testing.assert_array_equal(ahead.srgb(), expected)
    color_picture.save(path)
    large = picture.read(path)
    monkeypatch.setattr(ahead_module, "MOST_BYTES", large.width * large.height * 3 - 1)
    assert large.prefetched() is large


def test_prefetched_says_what_is_broken_where_it_is_used(color_picture, tmp_path):
    path = color_picture.save(tmp_path / "in.png")
    path.write_bytes(path.read_bytes()[:-400])
    ahead = picture.read(path).prefetched()
    for use in (ahead.srgb, lambda: ahead.save(tmp_path / "out.png")):
        with pytest.raises(PictureReadError, match=r"in\.png: damaged or truncated"):
            use()
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize("bands", [1, 3])
def test_with_ab_of_other_bands_is_an_error(bands, gray_picture):
    ab = vips(np.zeros((40, 60, bands), dtype=np.float32).squeeze(), "multiband")
    with pytest.raises(ShapeError, match=f"offset has {bands} bands; expected 2"):
        gray_picture.with_ab(ab)
    with pytest.raises(ShapeError, match=f"gain has {bands} bands; expected 2"):
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
