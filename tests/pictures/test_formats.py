"""`photochrom.pictures.formats`: what libvips can read and write is what there is."""

import pytest
import pyvips

from photochrom.errors import PictureWriteError
from photochrom.pictures import formats


def test_the_formats_of_the_wheel():
    assert {"jpeg", "png", "tiff", "webp", "avif", "gif"} <= set(formats.KNOWN)
    assert {one.name for one in formats.BY_SUFFIX.values()} == set(formats.KNOWN)
    assert {"jpeg", "png", "tiff", "webp", "avif"} <= set(formats.WRITABLE)
    assert "gif" not in formats.WRITABLE


def test_another_libvips_gives_others():
    found = formats.available({"jxlload", "jxlsave", "ppmload"}.__contains__)
    assert set(found) == {"jxl", "ppm", "pgm"}
    assert found["jxl"].saver == "jxlsave"
    assert found["ppm"].saver == ""
    assert formats.available(lambda name: False) == {}


def test_every_known_format_has_its_loader():
    for one in formats.KNOWN.values():
        if one.name == "heic":  # decoded by another library
            continue
        assert pyvips.type_find("VipsOperation", one.loader)
        assert pyvips.type_from_name(one.loader_class)
        assert pyvips.type_find("VipsForeign", f"{one.loader}_source")
        if one.saver:
            assert pyvips.type_find("VipsForeign", f"{one.saver}_buffer")


def test_other_loaders_are_blocked(tmp_path):
    path = tmp_path / "drawing.svg"
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    for load in (pyvips.Image.svgload, pyvips.Image.new_from_file):
        with pytest.raises(pyvips.Error):
            load(str(path))


@pytest.mark.parametrize("one", ["jpeg", ".jpg", ".JPEG"])
def test_formats_are_found_by_name_and_suffix(one):
    assert formats.writable(one, "x").name == "jpeg"


@pytest.mark.parametrize("one", ["gif", ".gif", "bmp", ".heic", ""])
def test_what_can_not_be_written_is_an_error(one):
    with pytest.raises(PictureWriteError, match=r"x: the format is not known.*\.jpg, \.png"):
        formats.writable(one, "x")


@pytest.mark.parametrize(
    ("format_", "bits", "depth"),
    [("jpeg", 16, 8), ("png", 8, 8), ("png", 10, 16), ("avif", 10, 10), ("avif", 16, 12)],
)
def test_the_depth_is_no_smaller_than_needed(format_, bits, depth):
    assert formats.depth_for(formats.KNOWN[format_], bits) == depth


@pytest.mark.parametrize("one", formats.KNOWN.values(), ids=formats.KNOWN)
def test_files_are_known_by_how_they_begin(one, color_picture):
    if one.saver:
        assert formats.guess(color_picture.encode(one.name)[:64]) == one.title


def test_what_is_unknown_has_no_title():
    for head in (b"", b"\xff", b"Dear diary", b"<svg xmlns"):
        assert formats.guess(head) == ""
        assert not formats.is_raw(head)
    assert formats.is_raw(b"\0\0\0\x18ftypcrx \0\0\0\0")
