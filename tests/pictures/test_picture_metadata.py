"""`photochrom.pictures.picture`: orientation, profiles and metadata are kept, right, and signed."""

import io
import struct
import zlib

import numpy as np
import pytest
import pyvips

from described import (
    CAPTION,
    MODEL,
    STALE,
    SUFFIXES,
    XMP,
    ab_image,
    colored,
    exif_of,
    flat_ab,
    mean_error,
    resource,
    stored_pixels,
    vips,
    with_exif,
    with_fields,
)
from photochrom import color
from photochrom.models.contract import ModelIdentity
from photochrom.pictures import exif, picture, png, tiff, xmp

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


# Orientation, profiles, EXIF, XMP


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


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("between", [None, ".jpg", ".png", ".tif", ".webp"])
def test_exif_goes_through_every_format(suffix, between, photographed, tmp_path):
    found = picture.read(photographed)
    if between:
        found = picture.read(colored(found).save(tmp_path / f"between{between}"))
    block = exif_of(colored(found).save(tmp_path / f"out{suffix}"))
    assert exif.text(block, 270) == "Grandmother's house (1912)"
    assert exif.text(block, 271) == "Kodak"
    assert exif.text(block, 305) == "Ver.1.00 (b)"
    assert exif.text(block, 33432) == "Ann"
    assert b"1999:12:31 23:59:59" in block
    assert struct.pack("<6I", 48, 1, 12, 1, 30, 1) in block


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_exif_says_srgb_and_the_right_size(suffix, photographed, tmp_path):
    turned = with_fields(pyvips.Image.new_from_file(str(photographed)), orientation=6)
    turned.write_to_file(str(tmp_path / "turned.jpg"))
    path = colored(picture.read(tmp_path / "turned.jpg")).save(tmp_path / f"out{suffix}")
    block = exif_of(path)
    inner = exif.parsed(block)[exif.EXIF]
    assert inner[exif.COLOR_SPACE].integers() == (1,)
    assert inner[exif.PIXEL_WIDTH].integers() == (40,)
    assert inner[exif.PIXEL_HEIGHT].integers() == (60,)
    assert exif.orientation(block) in (0, 1)


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
@pytest.mark.parametrize("between", [None, ".tif", ".jpg"])
def test_captions_survive_and_their_preview_is_dropped(suffix, between, photographed, tmp_path):
    found = picture.read(photographed)
    if between:
        found = picture.read(colored(found).save(tmp_path / f"between{between}"))
    path = colored(found).save(tmp_path / f"out{suffix}")
    data = path.read_bytes()
    assert CAPTION in data
    assert b"preview" not in data
    if suffix == ".tif":
        contents = tiff.examine(io.BytesIO(data))
        assert contents.iptc == CAPTION
        assert resource(0x0404, CAPTION)[:20] in contents.photoshop
    else:
        assert data.count(b"Photoshop 3.0\0") == 1


@pytest.mark.parametrize("suffix", [".png", ".webp", ".avif"])
def test_lost_captions_are_said(suffix, photographed):
    lost = picture.read(photographed).losses(suffix)
    assert len(lost) == 1
    assert lost[0].startswith("IPTC captions are left out, as ")
    assert picture.read(photographed).losses(".tif") == ()


def test_too_much_metadata_for_jpeg_is_said(color_picture):
    large = with_fields(vips(color_picture.srgb()), xmp__data=XMP + b" " * 70_000)
    found = picture.read(large.write_to_buffer(".png"))
    assert found.losses("jpeg") == ("XMP is left out, as it is too large for JPEG",)
    assert found.encode("jpeg")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_xmp_is_brought_up_to_date(suffix, color_picture, tmp_path):
    image = with_fields(vips(color_picture.srgb()), xmp__data=STALE, orientation=6)
    image.write_to_file(str(tmp_path / "in.jpg"))
    path = colored(picture.read(tmp_path / "in.jpg")).save(tmp_path / f"out{suffix}")
    packet = pyvips.Image.new_from_file(str(path)).get("xmp-data")
    assert b"Rating" in packet
    assert b"Orientation" not in packet
    assert b"preview" not in packet


@pytest.mark.parametrize("junk", [b"no XML", b"<a>", b"<!DOCTYPE a><a/>"])
def test_broken_xmp_is_passed_on(junk, color_picture):
    image = with_fields(vips(color_picture.srgb()), xmp__data=junk)
    found = picture.read(image.write_to_buffer(".png")).signed(MODEL)
    saved = pyvips.Image.new_from_buffer(colored(found).encode("png"), "")
    assert saved.get("xmp-data") == junk
    assert exif.text(saved.get("exif-data"), exif.SOFTWARE).endswith("model resnet18-gray 2")


@pytest.mark.parametrize("text", ["Größe", "Grandma"])
def test_png_comments_survive(text, color_picture):
    """In whatever bytes they are written."""
    png = with_fields(vips(color_picture.srgb()), **{"png__comment__0__Title": text})
    saved = colored(picture.read(png.write_to_buffer(".png"))).encode("png")
    assert pyvips.Image.new_from_buffer(saved, "").get("png-comment-0-Title") == text


def test_png_comments_whose_key_is_no_utf8_do_no_harm(color_picture):
    comment = b"tEXtT\xeftle\0Gr\xf6\xdfe"
    chunk = struct.pack(">I", len(comment) - 4) + comment + struct.pack(">I", zlib.crc32(comment))
    png = color_picture.encode("png")
    found = picture.read(png[:33] + chunk + png[33:])
    assert found._open().get_fields()
    assert chunk in colored(found).encode("png")
    for suffix in SUFFIXES:
        assert picture.read(colored(found).signed(MODEL).encode(suffix)).srgb().any()


def test_xmp_is_parsed_once_for_each_photograph(photographed, tmp_path, monkeypatch):
    image = with_fields(pyvips.Image.new_from_file(str(photographed)), xmp__data=STALE)
    image.write_to_file(str(tmp_path / "in.jpg"))
    parsed = []
    parse = xmp._parse
    monkeypatch.setattr(xmp, "_parse", lambda packet: parsed.append(packet) or parse(packet))
    found = picture.read(tmp_path / "in.jpg")
    found.is_monochrome()
    found.srgb(short_side_px=16)
    assert found.notes is not None
    for version in "12":
        found.signed(ModelIdentity("some", version)).save(tmp_path / f"{version}.png")
    assert len(parsed) == 1


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt"])
@pytest.mark.parametrize("keyword", png.CAPTIONS_KEYWORDS)
@pytest.mark.parametrize("bare", [False, True])
def test_captions_in_a_raw_profile_of_png_are_kept(kind, keyword, bare, color_picture):
    """As ImageMagick writes Photoshop's resources, or captions alone, into PNG files."""
    caption = b"\x1c\x02\x78\x00\x05hello"
    block = caption if bare else b"8BIM\x04\x04\0\0" + struct.pack(">I", 10) + caption
    digits = block.hex()
    lines = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    text = f"\n{keyword[-4:].decode()}\n{len(block):8}\n{lines}\n".encode()
    if kind == b"zTXt":
        text = b"\0" + zlib.compress(text)
    file = color_picture.encode("png")
    added = png.chunk(kind, keyword + b"\0" + text)
    found = picture.read(file[:33] + added + file[33:])
    assert caption in found.encode("jpeg")
    assert caption in found.encode("tiff")
    assert added in found.encode("png")
    assert found.losses("png") == ()
    assert [one for one in found.losses("webp") if one.startswith("IPTC captions are left out")]


@pytest.mark.parametrize("text", [b"", b"iptc", b"iptc x 00", b"iptc 3 1c02", b"iptc 1 zz"])
def test_a_broken_raw_profile_of_png_is_a_text(text, color_picture):
    file = color_picture.encode("png")
    added = png.chunk(b"tEXt", png.CAPTIONS_KEYWORDS[0] + b"\0" + text)
    found = picture.read(file[:33] + added + file[33:])
    assert added in found.encode("png")
    assert found.losses("png") == ()
