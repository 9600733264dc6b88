"""`photochrom.pictures.picture`: saving, and what can go wrong there."""

import os
import subprocess
import sys

import numpy as np
import pytest
import pyvips

from photochrom.errors import OutputExistsError, PictureWriteError
from photochrom.pictures import formats, picture

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


# save


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_save_never_overwrites_unasked(suffix, color_picture, tmp_path):
    target = tmp_path / f"out{suffix}"
    target.write_bytes(b"precious")
    with pytest.raises(OutputExistsError, match="file already exists"):
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


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_save_flushes_a_file_that_is_open_for_writing(suffix, color_picture, tmp_path, monkeypatch):
    """Windows refuses to flush any other."""
    fcntl = pytest.importorskip("fcntl")
    modes = []

    def note_mode(descriptor):
        modes.append(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE)

    monkeypatch.setattr(os, "fsync", note_mode)
    color_picture.save(tmp_path / f"out{suffix}")
    assert modes == [os.O_RDWR]


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
    with pytest.raises(
        PictureWriteError, match=f"quality is {quality}; expected a number from 1 to 100"
    ):
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


def test_lossless_webp_keeps_what_is_transparent():
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 4)).astype(np.uint8)
    pixels[..., 3] = np.where(pixels[..., 3] < 128, 0, pixels[..., 3])
    encoded = picture.from_array(pixels).encode("webp", lossless=True)
    np.testing.assert_array_equal(pyvips.Image.new_from_buffer(encoded, "").numpy(), pixels)


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 3), (20, 30, 4)])
@pytest.mark.parametrize("format_", ["avif", "png", "tiff", "webp"])
def test_lossless_is_exact(format_, shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    found = picture.read(picture.from_array(pixels).encode(format_, lossless=True))
    assert found.has_alpha == (shape[-1] == 4)
    expected = np.broadcast_to(pixels[..., None], (20, 30, 3)) if len(shape) == 2 else pixels
    np.testing.assert_array_equal(found.srgb(), expected[..., :3])


def test_jpeg_can_not_be_lossless(color_picture, tmp_path):
    match = r"JPEG can't be lossless; write to \.png, \.tif or \.webp"
    with pytest.raises(PictureWriteError, match=match):
        color_picture.save(tmp_path / "out.jpg", lossless=True)
    with pytest.raises(PictureWriteError, match=match):
        color_picture.encode("jpeg", lossless=True)
    with pytest.raises(PictureWriteError, match=match):
        color_picture.check_writable(".jpg", lossless=True)
    assert not list(tmp_path.iterdir())


def test_transparency_goes_on_white_in_jpeg():
    pixels = np.full((20, 30, 4), (200, 40, 40, 255), np.uint8)
    pixels[:, 16:, 3] = 0
    transparent = picture.from_array(pixels)
    assert transparent.losses("jpeg") == ("transparency becomes white, as JPEG has none",)
    found = picture.read(transparent.encode("jpeg")).srgb().astype(int)
    assert np.abs(found[:, 24:] - 255).max() <= 2
    assert np.abs(found[:, :8] - (200, 40, 40)).max() <= 4


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_transparency_goes_on_white_in_jpeg(dtype):
    high = np.iinfo(dtype).max
    pixels = np.zeros((20, 30, 2), dtype)
    pixels[:, :16, 1] = high
    png = vips(pixels, "b-w" if dtype is np.uint8 else "grey16").write_to_buffer(".png")
    found = picture.read(picture.read(png).encode("jpeg")).srgb().astype(int)
    assert np.abs(found[:, 24:] - 255).max() <= 2
    assert found[:, :8].max() <= 2


def test_losses_say_what_a_format_can_not_hold():
    deep = picture.from_array(np.zeros((20, 30, 4), np.uint16))
    assert deep.losses("png") == deep.losses("tiff") == deep.losses(".tif") == ()
    assert deep.losses("webp") == ("16 bits become 8, as WebP supports no more",)
    assert deep.losses("avif") == ("16 bits become 12, as AVIF supports no more",)
    assert len(deep.losses(".jpg")) == 2
    with pytest.raises(PictureWriteError, match="format is not known"):
        deep.losses("bmp")


@pytest.mark.parametrize(("suffix", "limit"), [(".webp", 16383), (".jpg", 65500)])
def test_too_long_a_side_is_an_error(suffix, limit, tmp_path):
    picture.from_array(np.zeros((1, limit), np.uint8)).save(tmp_path / f"fits{suffix}")
    longer = picture.from_array(np.zeros((limit + 1, 1), np.uint8))
    with pytest.raises(PictureWriteError, match=f"1 x {limit + 1} is too large .*write to .png"):
        longer.save(tmp_path / f"out{suffix}")
    with pytest.raises(PictureWriteError, match="too large"):
        longer.check_writable(suffix)
    assert len(list(tmp_path.iterdir())) == 1


def test_huge_tiff_files_get_the_large_kind():
    """Those of more than 4 GB; whether they will be, isn't known before they are compressed."""
    kinds = {}
    for height in (1000, 50_000):
        image = pyvips.Image.black(40_000, height, bands=3).copy(interpretation="srgb")
        huge = picture.Picture("huge", "tiff", lambda image=image: image, None)
        options = huge._saver_options(formats.KNOWN["tiff"], "huge", quality=90, lossless=False)
        kinds[height] = options["bigtiff"]
    assert kinds == {1000: False, 50_000: True}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_is_an_error_that_leaves_nothing(suffix, tmp_path):
    code = """if True:
        import resource, sys
        import numpy as np
        from photochrom.pictures import picture
        from photochrom.errors import PictureWriteError

        noise = np.random.default_rng(0).integers(0, 256, (400, 400, 3)).astype(np.uint8)
        noisy = picture.from_array(noise)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        try:
            noisy.save(sys.argv[1])
        except PictureWriteError as error:
            print(error)
    """
    target = tmp_path / f"out{suffix}"
    ran = subprocess.run(
        [sys.executable, "-c", code, str(target)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert ran.stdout == f"{target}: can't be written (File too large).\n"
    assert not list(tmp_path.iterdir())
