"""`photochrom.picture`: which files are read, how, and what is said of those that are not."""

import os
import re
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
import pyvips

from photochrom import color, picture
from photochrom.errors import (
    AlreadyColoredError,
    OutputExistsError,
    PhotochromError,
    PictureError,
    PictureReadError,
    PictureWriteError,
    ShapeError,
)

SUFFIXES = [".jpg", ".png", ".tif", ".webp", ".avif"]


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


def noise(height=64, width=96, channels=3, dtype=np.uint8):
    high = np.iinfo(dtype).max + 1
    return np.random.default_rng(0).integers(0, high, (height, width, channels)).astype(dtype)


def in_another_process(code, *arguments):
    """What Python code prints."""
    ran = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


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
    """A colored picture needs all colours."""
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
    with pytest.raises(PictureReadError, match=r"raw\.nef: it holds only previews"):
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


# Names and places


@pytest.mark.parametrize("name", ["a[b].jpg", "scan[2]", "ä ö.png", b"caf\xe9.png", "-o.jpg"])
def test_any_name_will_do(name, smooth_srgb, tmp_path):
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(picture.from_array(smooth_srgb(20, 30)).encode("png"))
    found = picture.read(path)
    assert found.srgb(size=(10, 15)).shape == (10, 15, 3)
    target = path.with_name(path.stem + "-color.png")
    assert found.with_ab(flat_ab(20, 30)).save(target) == target
    assert sorted(tmp_path.iterdir()) == sorted([path, target])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_read_once(smooth_srgb, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    encoded = picture.from_array(smooth_srgb(20, 30)).encode("png")
    writer = threading.Thread(target=pipe.write_bytes, args=(encoded,))
    writer.start()
    found = picture.read(pipe)
    writer.join()
    np.testing.assert_array_equal(found.srgb(), smooth_srgb(20, 30))
    assert found.with_ab(flat_ab(20, 30)).encode("png")


def test_a_device_is_an_error():
    with pytest.raises(PictureReadError, match=r"/dev/null: this is no regular file"):
        picture.read(os.devnull)


def test_a_file_that_may_not_be_read_is_an_error(tmp_path):
    path = tmp_path / "locked.png"
    path.write_bytes(b"x")
    path.chmod(0)
    said = in_another_process(
        "import os, sys, photochrom, photochrom.picture\n"
        "if os.geteuid() == 0: os.seteuid(65534)\n"
        "try: photochrom.read(sys.argv[1])\n"
        "except photochrom.PhotochromError as error: print(error)",
        path,
    )
    assert said == f"{path}: can't be read (Permission denied).\n"


def test_a_name_with_a_nul_byte_is_an_error():
    with pytest.raises(PictureReadError, match="can't be read"):
        picture.read("a\0b.png")


def test_a_file_that_goes_away_is_an_error(color_picture, tmp_path):
    path = color_picture.save(tmp_path / "brief.png")
    found = picture.read(path)
    path.unlink()
    for use in use_every_way(found, tmp_path):
        with pytest.raises(PictureReadError, match=r"brief\.png: can't be read \(No such file"):
            use()
    assert not list(tmp_path.iterdir())


# Large and long


@pytest.mark.parametrize("size", [(1, 20000), (20000, 1)])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_very_long_pictures_survive(suffix, size, smooth_srgb, tmp_path):
    path = write(tmp_path / f"long{suffix}", smooth_srgb(*size))
    found = picture.read(path)
    assert found.size == size
    assert found.srgb(size=(16, 1024)).shape == (16, 1024, 3)
    colored = found.with_ab(flat_ab(4, 4, 10, 20)).save(tmp_path / f"out{suffix}")
    assert stored_pixels(colored).shape[:2] == size


def huge_png(height, width):
    """The beginning of a PNG file that would be huge; a bomb."""

    def chunk(kind, data):
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body)


def test_a_bomb_is_refused_from_its_header(tmp_path):
    (tmp_path / "bomb.png").write_bytes(huge_png(40_000, 50_000))
    with pytest.raises(
        PictureReadError,
        match=r"bomb\.png: 50000 x 40000 is more than the limit of 1,000,000,000 pixels.*"
        "--max-pixels",
    ):
        picture.read(tmp_path / "bomb.png")


def test_too_many_pixels_are_an_error(color_picture, tmp_path):
    path = color_picture.save(tmp_path / "out.png")
    with pytest.raises(PictureReadError, match="60 x 40 is more than the limit of 2,399 pixels"):
        picture.read(path, max_pixels=2399)
    assert picture.read(path, max_pixels=2400).size == (40, 60)


@pytest.mark.parametrize(("height", "width"), [(0, 10), (10, 0), (0, 0)])
def test_a_picture_without_pixels_is_an_error(height, width, tmp_path):
    (tmp_path / "none.png").write_bytes(huge_png(height, width))
    with pytest.raises(
        PictureReadError, match=r"none\.png: begins like PNG, but is broken, cut short"
    ):
        picture.read(tmp_path / "none.png")


# Grey or not


@pytest.mark.parametrize("name", ["chelsea", "china", "flower"])
def test_samples_are_grey_and_their_originals_are_not(name):
    samples = Path(picture.__file__).parent / "samples"
    assert picture.read(samples / f"{name}.jpg").is_monochrome()
    assert not picture.read(samples / "originals" / f"{name}.jpg").is_monochrome()


# Errors


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


@pytest.mark.parametrize("shape", [(), (5,), (0, 5), (5, 0, 3), (5, 5, 2), (5, 5, 5), (1, 5, 5, 3)])
def test_from_array_of_other_shapes_is_an_error(shape):
    with pytest.raises(ShapeError, match="wanted"):
        picture.from_array(np.zeros(shape, dtype=np.uint8))


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.bool_])
def test_from_array_of_other_types_is_an_error(dtype):
    with pytest.raises(ShapeError, match="uint8 or uint16 is wanted"):
        picture.from_array(np.zeros((5, 5), dtype=dtype))


def test_picture_errors_are_errors_of_the_package():
    for error in (
        AlreadyColoredError,
        PictureReadError,
        PictureWriteError,
        OutputExistsError,
    ):
        assert issubclass(error, PictureError)
        assert issubclass(error, PhotochromError)


@pytest.mark.parametrize("kind", ["path", "bytes"])
@pytest.mark.parametrize(("suffix", "least"), [(".jpg", 100), (".png", 100)])
def test_the_error_says_how_far_decoding_got(suffix, least, kind, tmp_path):
    whole = picture.from_array(noise(400, 300)).save(tmp_path / f"whole{suffix}").read_bytes()
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(whole[: len(whole) * 6 // 10])
    found = picture.read(path) if kind == "path" else picture.read(path.read_bytes(), name="cut")
    for use in use_every_way(found, tmp_path):
        with pytest.raises(
            PictureReadError, match=r"cut.*: broken or cut short: \d+ of 400 rows"
        ) as caught:
            use()
        rows = int(str(caught.value).split("short: ")[1].split(" of")[0])
        assert least < rows < 260


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_damage_can_be_allowed(suffix, smooth_srgb, tmp_path):
    srgb = smooth_srgb(400, 300)
    whole = picture.from_array(srgb).save(tmp_path / f"whole{suffix}").read_bytes()
    found = picture.read(whole[: len(whole) * 6 // 10], allow_damaged=True)
    assert re.fullmatch(r"damaged: \d+ of 400 rows .*; the rest is made up", found.notes[0])
    rows = int(found.notes[0].split()[1])
    assert rows > 50
    colored = picture.read(found.with_ab(flat_ab(400, 300)).save(tmp_path / "out.png"))
    expected = color.srgb_to_lightness(srgb[:rows])
    assert mean_error(color.srgb_to_lightness(colored.srgb()[:rows]), expected) < 2
    assert picture.read(whole, allow_damaged=True).notes == ()


def test_a_wrong_checksum_is_an_error():
    whole = bytearray(picture.from_array(noise()).encode("png"))
    whole[len(whole) // 2] ^= 0x5A
    with pytest.raises(PictureReadError, match="broken or cut short"):
        picture.read(bytes(whole)).srgb()


@pytest.mark.parametrize("suffix", [".tif", ".webp", ".avif"])
def test_what_is_cut_short_is_called_by_its_name(suffix):
    title = {".tif": "TIFF", ".webp": "WebP", ".avif": "AVIF"}[suffix]
    whole = picture.from_array(noise()).encode(picture.FORMATS[suffix])
    with pytest.raises(
        PictureReadError, match=f"scan: begins like {title}, but is broken, cut short"
    ):
        picture.read(whole[: len(whole) // 2], name="scan")


def test_heic_is_called_by_its_name():
    """Its codec is patented, and missing in the wheel."""
    avif = picture.from_array(noise()).encode("avif")
    heic = (
        avif.replace(b"ftypavif", b"ftypheic").replace(b"av01", b"hvc1").replace(b"av1C", b"hvcC")
    )
    with pytest.raises(PictureReadError, match=r"photo: HEIC, .* Convert it to JPEG"):
        picture.read(heic, name="photo").srgb()


@pytest.mark.parametrize("suffix", [".v", ".csv", ".mat", ".hdr", ".raw"])
def test_other_loaders_of_libvips_are_off(suffix, tmp_path):
    """Tables of numbers and libvips' own files are no photographs."""
    path = tmp_path / f"table{suffix}"
    if suffix == ".v":
        vips(noise()).write_to_file(str(path))
    else:
        path.write_text("2 2\n1 2\n3 4\n")
    with pytest.raises(PictureReadError, match="this is no picture that is known here"):
        picture.read(path)
