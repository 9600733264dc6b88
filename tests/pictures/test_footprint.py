"""How much memory a picture takes, known by its header."""

import json
import subprocess
import sys

import numpy as np
import pytest
import pyvips

from photochrom.errors import PictureReadError
from photochrom.pictures import footprint, formats

SIDE, MOST = 1500, 10**9
PIXELS = SIDE * SIDE

PEAK = """
import json, re, sys
from pathlib import Path
import numpy as np
from photochrom import Colorizer
from photochrom.pictures import footprint, picture
def own(name):
    return 1024 * int(re.search(name + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
colorizer = Colorizer(threads=1)
colorizer.colorize(np.zeros((64, 64), np.uint8)).encode("jpeg")
found = []
for place in sys.argv[1:]:
    data = Path(place).read_bytes()
    Path("/proc/self/clear_refs").write_text("5")
    before = own("VmRSS")
    colorizer.colorize(data).encode("jpeg")
    reckoned = footprint.of(data, max_pixels=10**9).writing("jpeg", kept=True)
    found.append([own("VmHWM") - before, reckoned])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def rgb():
    y, x = np.mgrid[:SIDE, :SIDE]
    levels = np.stack([x % 256, y % 256, (x + y) % 256], axis=-1).astype(np.uint8)
    return pyvips.Image.new_from_array(levels).copy(interpretation="srgb")


def with_orientation(image, value):
    image = image.copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", value)
    return image


def reckoned(source, *, name="", max_pixels=MOST):
    return footprint.of(source, name=name, max_pixels=max_pixels)


def decoding(data):
    return reckoned(data).decoding


def test_a_small_file_may_be_a_huge_picture(black_webp):
    data = black_webp(15_800)
    assert len(data) < 50
    found = reckoned(data, name="x.webp")
    assert found.size == (15_800, 15_800)
    assert found.format == "webp"
    assert 2.0e9 < found.reading < 3e9


def test_what_streams_takes_little_whatever_the_height(rgb):
    tall = rgb.replicate(1, 8)
    for save in ("jpegsave_buffer", "pngsave_buffer"):
        one, eight = (reckoned(getattr(image, save)()) for image in (rgb, tall))
        assert one.decoding == eight.decoding == 0
        assert one.reading == eight.reading
    assert decoding(tall.tiffsave_buffer(compression="deflate")) < 3e6


def test_whole_pictures_are_reckoned_by_their_pixels(rgb):
    assert decoding(rgb.jpegsave_buffer(interlace=True)) == 3.5 * PIXELS
    assert decoding(rgb.jpegsave_buffer(interlace=True, subsample_mode="off")) == 6.6 * PIXELS
    assert decoding(rgb.pngsave_buffer(interlace=True)) == 3.5 * PIXELS
    deep = (rgb * 257).cast("ushort").copy(interpretation="rgb16")
    assert decoding(deep.pngsave_buffer(interlace=True, bitdepth=16)) == 6.5 * PIXELS
    assert decoding(rgb.webpsave_buffer()) == 8 * PIXELS
    strip = rgb.tiffsave_buffer(tile=True, tile_width=1504, tile_height=1504)
    assert decoding(strip) == 9 * PIXELS


def test_turning_holds_the_picture(rgb):
    wide = rgb.crop(0, 0, 1500, 1000)
    upright, turned = (
        reckoned(with_orientation(wide, value).jpegsave_buffer()) for value in (1, 6)
    )
    assert (upright.size, turned.size) == ((1000, 1500), (1500, 1000))
    assert turned.decoding - upright.decoding == 3 * 1500 * 1000


def test_savers_hold_what_they_hold(rgb):
    found = reckoned(rgb.jpegsave_buffer())
    assert found.writing(".jpg") == found.writing("jpeg") == found.writing("png") == found.reading
    assert found.writing(".webp") == found.reading + footprint.WEBP * PIXELS
    assert found.writing("webp", lossless=True) == found.reading + footprint.WEBP_LOSSLESS * PIXELS
    assert found.writing("avif") == found.reading + footprint.AVIF * PIXELS
    with_alpha = reckoned(rgb.bandjoin(255).pngsave_buffer(), max_pixels=MOST)
    assert with_alpha.writing("webp") == with_alpha.writing("webp", lossless=True)
    for name in formats.KNOWN:
        assert found.writing(name, kept=True) >= found.writing(name)


def test_too_many_pixels_are_refused(black_webp):
    with pytest.raises(PictureReadError, match="more than the limit"):
        reckoned(black_webp(101), max_pixels=10_000)


def test_what_is_no_picture_is_refused(tmp_path):
    for content in (b"", b"nonsense", tmp_path / "none.jpg"):
        with pytest.raises(PictureReadError):
            reckoned(content)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peaks are read from /proc")
def test_peaks_stay_below_what_is_reckoned(tmp_path, rgb, black_webp):
    wide = rgb.replicate(3, 3)
    files = {
        "a.jpg": with_orientation(wide, 6).jpegsave_buffer(interlace=True),
        "b.png": wide.pngsave_buffer(interlace=True, compression=1),
        "c.webp": black_webp(5000),
        "d.avif": wide.heifsave_buffer(compression="av1", effort=0),
        "e.tif": wide.tiffsave_buffer(tile=True, tile_width=4512, tile_height=4512),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    ran = subprocess.run(
        [sys.executable, "-c", PEAK, *(str(tmp_path / name) for name in files)],
        capture_output=True,
        text=True,
        check=True,
    )
    for name, (peak, most) in zip(files, json.loads(ran.stdout), strict=True):
        assert peak <= most, name
