"""`photochrom.pictures.picture`: which files are read, and how."""

import struct
from pathlib import Path

import numpy as np
import pytest
import pyvips

import photochrom
from described import ab_image, flat_ab, mean_error, stored_pixels, vips, write
from photochrom.errors import (
    PictureReadError,
)
from photochrom.pictures import picture


def noise(height=64, width=96, channels=3, dtype=np.uint8):
    high = np.iinfo(dtype).max + 1
    return np.random.default_rng(0).integers(0, high, (height, width, channels)).astype(dtype)


# Kinds of pixels


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
    assert path.read_bytes()[25] == 3  # the color type of the header: a palette
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


@pytest.mark.parametrize("profile", [True, False])
def test_16_bit_cmyk_tiff_becomes_16_bit_srgb(profile, smooth_srgb, tmp_path):
    srgb = smooth_srgb(40, 60) // 2 + 64
    ink = vips(srgb).icc_transform("cmyk", input_profile="srgb", depth=16)
    ink.write_to_file(str(tmp_path / "ink.tif"), **({} if profile else {"keep": "none"}))
    found = picture.read(tmp_path / "ink.tif")
    assert found.bits == 16
    assert mean_error(found.srgb(), srgb) < 8
    assert mean_error(found.srgb(size=(40, 60)), srgb) < 8


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_ink_without_a_profile_gets_that_of_srgb(suffix, smooth_srgb, tmp_path):
    ink = vips(smooth_srgb(40, 60)).icc_transform("cmyk", input_profile="srgb")
    ink.write_to_file(str(tmp_path / f"ink{suffix}"), keep="none")
    saved = picture.read(tmp_path / f"ink{suffix}").save(tmp_path / "out.png")
    assert pyvips.Image.new_from_file(str(saved)).get("icc-profile-data")[16:20] == b"RGB "


def test_16_bit_lab_tiff_becomes_srgb(smooth_srgb, tmp_path):
    srgb = smooth_srgb(40, 60) // 2 + 64
    vips(srgb).colourspace("labs").write_to_file(str(tmp_path / "lab.tif"))
    found = picture.read(tmp_path / "lab.tif")
    assert found.bits == 16
    assert mean_error(found.srgb(), srgb) < 4
    assert mean_error(found.srgb(size=(40, 60)), srgb) < 4
    assert found.with_ab(flat_ab(40, 60)).save(tmp_path / "out.tif")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("bands", [2, 4, 5, 6])
def test_spare_channels_are_left_out(dtype, bands, tmp_path):
    space = {np.uint8: "srgb", np.uint16: "rgb16"}[dtype] if bands > 2 else "b-w"
    pixels = noise(20, 30, bands, dtype)
    path = write(tmp_path / "many.tif", pixels, space)
    found = picture.read(path)
    assert found.has_alpha == (bands in (2, 4))
    assert bool(found.notes) == (bands > 4)
    colored = found.with_ab(flat_ab(20, 30, 5, 5)).save(tmp_path / "out.png")
    assert stored_pixels(colored).shape == (20, 30, 4 if bands in (2, 4) else 3)
    assert found.srgb(size=(10, 15)).shape == (10, 15, 3)


def test_premultiplied_alpha_is_taken_apart(tmp_path):
    pixels = np.full((20, 30, 4), (200, 120, 40, 128), np.uint8)
    path = write(tmp_path / "premultiplied.tif", pixels, premultiply=True)
    found = picture.read(path)
    assert np.abs(found.srgb().astype(int) - (200, 120, 40)).max() <= 2


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 3)])
@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.uint32])
def test_tiff_of_other_samples_is_an_error(shape, dtype, tmp_path):
    path = write(tmp_path / "science.tif", np.zeros(shape, dtype=dtype), "multiband")
    with pytest.raises(PictureReadError, match=r"science\.tif: .* convert it to 8 or 16 bit"):
        picture.read(path)


@pytest.mark.parametrize("palette", [True, False])
def test_a_palette_or_few_bits_are_not_kept(palette, tmp_path):
    """A colored picture needs all colors."""
    pixels = np.tile(np.arange(0, 256, 17, dtype=np.uint8), (20, 2))
    path = write(tmp_path / "few.png", pixels, "b-w", bitdepth=4, palette=palette)
    assert path.read_bytes()[24] < 8
    saved = picture.read(path).with_ab(ab_image(20, 32)).save(tmp_path / "out.png")
    assert saved.read_bytes()[24:26] == b"\x08\x02"


# Pages and frames


def pages(*sizes):
    """A TIFF file of several pages; a negative width marks a page as a smaller copy."""
    tiff, links = bytearray(b"II*\0\0\0\0\0"), [4]
    for number, (height, width) in enumerate(sizes):
        data_at = len(tiff)
        tiff += bytes([40 * (number + 1)]) * (height * abs(width))
        tiff += bytes(-len(tiff) % 2)
        struct.pack_into("<I", tiff, links[-1], len(tiff))
        entries = [
            (254, 4, int(width < 0)),
            (256, 4, abs(width)),
            (257, 4, height),
            (258, 3, 8),
            (259, 3, 1),
            (262, 3, 1),
            (273, 4, data_at),
            (277, 3, 1),
            (278, 4, height),
            (279, 4, height * abs(width)),
        ]
        tiff += struct.pack("<H", len(entries))
        for tag, kind, value in entries:
            tiff += struct.pack("<HHII", tag, kind, 1, value)
        links.append(len(tiff))
        tiff += bytes(4)
    return bytes(tiff)


def test_of_several_pages_the_first_is_taken_and_said():
    found = picture.read(pages((20, 30), (21, 31), (22, 32)))
    assert found.size == (20, 30)
    assert found.srgb().max() == 40
    assert found.notes == ("3 pages; the first was taken",)


def test_smaller_copies_of_a_page_are_no_pages():
    found = picture.read(pages((20, 30), (10, -15)))
    assert found.notes == ()
    found = picture.read(pages((10, -15), (20, 30), (21, 31)))
    assert found.size == (20, 30)
    assert found.srgb().max() == 80
    assert found.srgb(size=(10, 15)).max() == 80
    assert found.notes == ("2 pages; the first was taken",)


def test_a_file_of_previews_only_is_an_error(tmp_path):
    (tmp_path / "raw.nef").write_bytes(pages((10, -15)))
    with pytest.raises(PictureReadError, match=r"raw\.nef: it holds a camera's raw data"):
        picture.read(tmp_path / "raw.nef")


@pytest.mark.parametrize("subifd", [False, True])
def test_a_pyramid_stays_one(subifd, smooth_srgb, tmp_path):
    options = {"tile": True, "tile_width": 64, "tile_height": 32, "pyramid": True}
    path = write(tmp_path / "map.tif", smooth_srgb(200, 300), **options, subifd=subifd)
    found = picture.read(path)
    assert found.notes == ()
    assert found.size == (200, 300)
    np.testing.assert_array_equal(found.srgb(), smooth_srgb(200, 300))
    colored = found.with_ab(flat_ab(200, 300, 9, 9)).save(tmp_path / "out.tif")
    half = {"subifd": 0} if subifd else {"page": 1}
    smaller = pyvips.Image.tiffload(str(colored), **half)
    assert (smaller.height, smaller.width) == (100, 150)
    flat = found.save(tmp_path / "out.png")
    np.testing.assert_array_equal(stored_pixels(flat), smooth_srgb(200, 300))


@pytest.mark.parametrize("compression", ["none", "lzw", "deflate", "packbits", "jpeg"])
def test_tiff_keeps_its_compression(compression, smooth_srgb, tmp_path):
    path = write(tmp_path / "in.tif", smooth_srgb(64, 64), compression=compression)
    saved = picture.read(path).save(tmp_path / "out.tif")
    kinds = [
        struct.unpack_from("<HHIHH", data, data.index(struct.pack("<HHI", 259, 3, 1)))[3]
        for data in (path.read_bytes(), saved.read_bytes())
    ]
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_jpeg_in_tiff_becomes_deflate_where_it_must(dtype, smooth_srgb, tmp_path):
    path = write(tmp_path / "in.tif", smooth_srgb(64, 64), compression="jpeg")
    found = picture.read(path)
    saved = found.save(tmp_path / "out.tif", lossless=True)
    np.testing.assert_array_equal(stored_pixels(saved), found.srgb())


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_of_an_animation_the_first_frame_is_taken_and_said(suffix, tmp_path):
    frames = np.empty((60, 30, 3), dtype=np.uint8)
    frames[:20], frames[20:40], frames[40:] = (250, 10, 10), (10, 250, 10), (10, 10, 250)
    strip = vips(frames).copy()
    strip.set_type(pyvips.GValue.gint_type, "page-height", 20)
    strip.write_to_file(str(tmp_path / f"moving{suffix}"))
    found = picture.read(tmp_path / f"moving{suffix}")
    assert found.notes == ("3 frames; the first was taken",)
    assert found.size == (20, 30)
    saved = found.with_ab(flat_ab(20, 30)).save(tmp_path / "out.webp")
    assert picture.read(saved).notes == ()
    assert stored_pixels(saved).shape[:2] == (20, 30)


# Gray or not


@pytest.mark.parametrize(
    "name", ["astronaut", "chelsea", "china", "flower", "mountains", "print", "rocket"]
)
def test_samples_are_grey_and_their_originals_are_not(name):
    samples = Path(photochrom.__file__).parent / "samples"
    assert picture.read(samples / f"{name}.jpg").is_monochrome()
    assert not picture.read(samples / "originals" / f"{name}.jpg").is_monochrome()
