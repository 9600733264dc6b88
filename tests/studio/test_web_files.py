"""Files whose colors are not plain sRGB, on the page without a server.

Needs the runtime for browsers (`make web`), Playwright and Chromium.
"""

import numpy as np
import pytest
import pyvips

from described import gray_profile, mean_error, stored_pixels, vips, with_fields
from photochrom import Colorizer, color
from photochrom.pictures import metadata, picture
from photochrom.studio import site

pytestmark = pytest.mark.skipif(
    not (site.RUNTIME / "ort-wasm-simd-threaded.wasm").is_file(), reason="needs make web"
)

SIZE = (400, 600)


def wide_gamut(srgb):
    """Vivid pixels of Display P3, with its profile."""
    vivid = np.clip(2.5 * (srgb - 127.5) + 127.5, 0, 255).astype(np.uint8)
    return vips(vivid).icc_transform("p3", input_profile="srgb")


def darker_gray(srgb):
    """Gray pixels of another curve than sRGB's, with its profile."""
    return with_fields(vips(srgb[..., 1], "b-w"), icc__profile__data=gray_profile(1.8))


def lightness(srgb):
    """L* of 8-bit sRGB or gray."""
    return color.srgb_to_lightness(np.broadcast_to(srgb.reshape(*srgb.shape[:2], -1), (*SIZE, 3)))


@pytest.mark.slow
@pytest.mark.parametrize("make", [wide_gamut, darker_gray])
@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_a_profile_is_followed_from_the_file_to_the_download(
    visit, host, smooth_srgb, tmp_path, make, kind
):
    path, saved = tmp_path / f"scan.{kind}", tmp_path / f"saved.{kind}"
    make(smooth_srgb(*SIZE)).write_to_file(str(path), **({"Q": 98} if kind == "jpeg" else {}))
    source = lightness(picture.read(path).srgb())
    assert np.abs(lightness(stored_pixels(path)) - source).mean() > 0.6  # without it
    studio = visit(url=host.url).open(path)
    studio.download().save_as(saved)
    expected = Colorizer(threads=1).colorize(path)
    found = picture.read(saved).srgb()
    assert np.abs(lightness(found) - source).mean() < 0.3
    assert mean_error(found, picture.read(expected.encode(kind)).srgb()) < 2
    profile = pyvips.Image.new_from_file(str(saved)).get("icc-profile-data")
    assert bytes(profile) == metadata.srgb_profile()
    for x, y in ((0.2, 0.3), (0.5, 0.5), (0.8, 0.7)):  # and what is shown is what is saved
        row, column = round(y * SIZE[0]), round(x * SIZE[1])
        around = found[row - 7 : row + 7, column - 7 : column + 7]
        shown = color.srgb_to_lab(around).mean(axis=(0, 1))
        assert np.abs(studio.lab(x, y) - shown).max() < 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("suffix", "said"),
    [(".jpg", "inks for printing (CMYK)"), (".tif", "a TIFF file"), (".heic", "a HEIC file")],
)
def test_what_browsers_read_wrongly_or_not_at_all_is_said(
    visit, host, smooth_srgb, tmp_path, suffix, said
):
    path = tmp_path / f"scan{suffix}"
    image = vips(smooth_srgb(64, 96))
    if suffix == ".heic":  # libvips can write AVIF alone: one whose brand is HEIC's
        avif = image.write_to_buffer(".avif")
        path.write_bytes(avif.replace(b"avif", b"heic", 2).replace(b"mif1", b"heix"))
    else:
        cmyk = image.icc_transform("cmyk", input_profile="srgb")
        (cmyk if suffix == ".jpg" else image).write_to_file(str(path))
    studio = visit(url=host.url, expect_faults=True)
    studio.choose(path)
    studio.page.wait_for_selector("#stage[data-state=failed]")
    words = studio.page.locator("#failed").inner_text()
    assert said in words
    assert "install Photochrom" in words


@pytest.mark.slow
def test_that_16_bits_become_8_is_said(visit, host, smooth_srgb, tmp_path):
    path, saved = tmp_path / "deep.png", tmp_path / "saved.png"
    vips(smooth_srgb(64, 96).astype(np.uint16) * 257, "rgb16").write_to_file(str(path))
    studio = visit(url=host.url).open(path)
    studio.page.get_by_text("16 bits become 8").wait_for()
    studio.download().save_as(saved)
    assert picture.read(saved).bits == 8
