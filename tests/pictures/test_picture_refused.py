"""`photochrom.pictures.picture`: odd names and sizes; what is said of files that can't be read."""

import os
import re
import struct
import subprocess
import sys
import threading
import zlib
from contextlib import suppress

import numpy as np
import pytest
import pyvips

from photochrom import color
from photochrom.errors import (
    AlreadyColoredError,
    OutputExistsError,
    PhotochromError,
    PictureError,
    PictureReadError,
    PictureWriteError,
    ShapeError,
)
from photochrom.pictures import heic, incoming, picture

SUFFIXES = [".jpg", ".png", ".tif", ".webp", ".avif"]


def vips(pixels, interpretation="srgb"):
    return pyvips.Image.new_from_array(np.ascontiguousarray(pixels), interpretation=interpretation)


def stored_pixels(path):
    """What is in a file, without any interpretation by Photochrom."""
    return pyvips.Image.new_from_file(str(path)).numpy()


def write(path, pixels, interpretation="srgb", **options):
    vips(pixels, interpretation).write_to_file(str(path), **options)
    return path


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
    content = picture.from_array(smooth_srgb(20, 30)).encode("png")
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    found = picture.read(pipe)
    writer.join()
    np.testing.assert_array_equal(found.srgb(), smooth_srgb(20, 30))
    assert found.with_ab(flat_ab(20, 30)).encode("png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_without_an_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(incoming, "MOST_PIPE_BYTES", 3 * 2**20)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def write():
        with suppress(BrokenPipeError), pipe.open("wb", buffering=0) as endless:
            while True:
                endless.write(bytes(2**16))

    writer = threading.Thread(target=write)
    writer.start()
    with pytest.raises(PictureReadError, match="pipe has no end after 3 MB"):
        picture.read(pipe)
    writer.join()


def test_a_device_is_an_error():
    with pytest.raises(PictureReadError, match=r"/dev/null: this is not a regular file"):
        picture.read(os.devnull)


def test_a_file_that_may_not_be_read_is_an_error(tmp_path):
    path = tmp_path / "locked.png"
    path.write_bytes(b"x")
    path.chmod(0)
    said = in_another_process(
        "import os, sys, photochrom, photochrom.pictures.picture\n"
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
        match=r"bomb\.png: 50000 x 40000 is more than the limit of 1,000,000,000 pixels.*",
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
    with pytest.raises(PictureReadError, match="upload: no data"):
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
    with pytest.raises(PictureReadError, match=f"{name}: this is not a picture"):
        picture.read(path)
    with pytest.raises(PictureReadError, match="upload: this is not a picture"):
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
    with pytest.raises(ShapeError, match="expected"):
        picture.from_array(np.zeros(shape, dtype=np.uint8))


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.bool_])
def test_from_array_of_other_types_is_an_error(dtype):
    with pytest.raises(ShapeError, match="expected uint8 or uint16"):
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
            PictureReadError, match=r"cut.*: damaged or truncated: \d+ of 400 rows"
        ) as caught:
            use()
        rows = int(str(caught.value).split("truncated: ")[1].split(" of")[0])
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
    with pytest.raises(PictureReadError, match="damaged or truncated"):
        picture.read(bytes(whole)).srgb()


@pytest.mark.parametrize("suffix", [".tif", ".webp", ".avif"])
def test_what_is_cut_short_is_called_by_its_name(suffix):
    title = {".tif": "TIFF", ".webp": "WebP", ".avif": "AVIF"}[suffix]
    whole = picture.from_array(noise()).encode(suffix)
    with pytest.raises(
        PictureReadError, match=f"scan: begins like {title}, but is broken, cut short"
    ):
        picture.read(whole[: len(whole) // 2], name="scan")


@pytest.mark.parametrize("has_decoder", [False, True])
def test_heic_is_called_by_its_name(has_decoder, monkeypatch):
    """Its codec is patented, and missing in the wheel."""
    if has_decoder:
        pytest.importorskip("pi_heif")
    else:
        monkeypatch.setattr(heic, "decoder", lambda: None)
    avif = picture.from_array(noise()).encode("avif")
    data = (
        avif.replace(b"ftypavif", b"ftypheic").replace(b"av01", b"hvc1").replace(b"av1C", b"hvcC")
    )
    found = (
        "the HEIC file is damaged"
        if has_decoder
        else r"HEIC, .* 'photochrom\[heic\]', " r"or convert it"
    )
    with pytest.raises(PictureReadError, match=f"photo: {found}"):
        picture.read(data, name="photo").srgb()


@pytest.mark.parametrize("suffix", [".v", ".csv", ".mat", ".hdr", ".raw"])
def test_other_loaders_of_libvips_are_off(suffix, tmp_path):
    """Tables of numbers and libvips' own files are no photographs."""
    path = tmp_path / f"table{suffix}"
    if suffix == ".v":
        vips(noise()).write_to_file(str(path))
    else:
        path.write_text("2 2\n1 2\n3 4\n")
    with pytest.raises(PictureReadError, match="this is not a picture in a known format"):
        picture.read(path)
