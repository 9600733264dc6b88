"""`photochrom.pictures.pages`: several pictures in one TIFF file."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from photochrom.errors import OutputExistsError, PictureWriteError
from photochrom.models.contract import ModelIdentity
from photochrom.pictures import pages, picture, saving, tiff

MODEL = ModelIdentity("x", "1", "ab")
LAYOUTS = [
    {"compression": "none"},
    {"compression": "deflate"},
    {"compression": "lzw", "tile": True, "tile_width": 16, "tile_height": 16},
    {"compression": "none", "tile": True, "tile_width": 16, "tile_height": 16, "pyramid": True},
    {
        **{"compression": "none", "tile": True, "tile_width": 16, "tile_height": 16},
        **{"pyramid": True, "subifd": True},
    },
]


def sheets(smooth_srgb):
    """Pages of several sizes, depths and kinds."""
    alpha = np.dstack([smooth_srgb(40, 30, 2), np.arange(1200, dtype=np.uint8).reshape(40, 30)])
    arrays = [
        smooth_srgb(24, 36),
        smooth_srgb(64, 48, 1)[..., 0],
        alpha,
        smooth_srgb(20, 20, 3).astype(np.uint16) * 257,
        smooth_srgb(1, 2, 4),
    ]
    return [picture.from_array(array) for array in arrays]


def is_same(one, other):
    """Whether two pictures have the same pixels, alpha included."""
    first, second = (found._open() for found in (one, other))
    if not np.array_equal(one.srgb(), other.srgb()):
        return False
    kinds = [(image.hasalpha(), image.format) for image in (first, second)]
    if not first.hasalpha() or kinds[0] != kinds[1]:
        return kinds[0] == kinds[1]
    return (first[first.bands - 1] - second[second.bands - 1]).abs().max() == 0


@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_all_pages_come_back(layout, bigtiff, smooth_srgb, tmp_path, monkeypatch):
    if bigtiff:
        monkeypatch.setattr(saving, "CLASSIC_TIFF_BYTES", 1)
    sources = [replace(one, _layout=layout) for one in sheets(smooth_srgb)]
    path = tmp_path / "album.tif"
    written = pages.save(sources, lambda one: one.signed(MODEL), path)
    assert len(written) == 5
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes()[2] == (43 if bigtiff else 42)
    for number, source in enumerate(sources):
        found = picture.read(path, page=number)
        assert found.pages == 5
        assert is_same(found, source)
        assert found.srgb(size=(2, 2)).shape == (2, 2, 3)
        contents = tiff.examine(io.BytesIO(path.read_bytes()), page=number)
        assert b"Photochrom" in contents.exif
    assert picture.read(path).notes == ("5 pages; the first was taken",)
    assert picture.read(path, page=2).notes == ("5 pages; page 3 was taken",)


def test_other_programs_read_them(smooth_srgb, tmp_path):
    path = tmp_path / "album.tif"
    pages.save(sheets(smooth_srgb)[:3], lambda one: one, path)
    image = Image.open(io.BytesIO(path.read_bytes()))
    assert image.n_frames == 3
    for number, source in enumerate(sheets(smooth_srgb)[:3]):
        image.seek(number)
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), source.srgb())


def test_positions_of_16_bits_become_longer():
    """Small files may have such; behind another file they don't suffice."""
    short = bytearray()
    pixels = b"\7" * 6
    tags = ((256, 3, 3), (257, 3, 2), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 3, 8))
    tags += ((277, 3, 1), (278, 3, 2), (279, 3, 6))
    short += b"II*\0" + np.array([14], "<u4").tobytes() + pixels
    short += np.array([len(tags)], "<u2").tobytes()
    for tag, kind, value in tags:
        short += np.array([tag, kind, 1, 0, value, 0], "<u2").tobytes()
    short += bytes(4)
    first = picture.from_array(np.zeros((300, 300), np.uint8)).encode("tiff", lossless=True)
    stream = io.BytesIO(first + bytes(70_000))
    tiff.append(stream, io.BytesIO(bytes(short)))
    found = picture.read(stream.getvalue(), page=1)
    assert found.size == (2, 3)
    assert (found.srgb() == 7).all()


def test_only_tiff_holds_pages_and_nothing_is_replaced_unasked(smooth_srgb, tmp_path):
    sources = sheets(smooth_srgb)[:2]
    with pytest.raises(PictureWriteError, match="only TIFF holds several pages"):
        pages.save(sources, lambda one: one, tmp_path / "album.png")
    (tmp_path / "album.tif").write_bytes(b"precious")
    with pytest.raises(OutputExistsError):
        pages.save(sources, lambda one: one, tmp_path / "album.tif")
    assert (tmp_path / "album.tif").read_bytes() == b"precious"
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(PictureWriteError, match=r"missing.*can't be written"):
        pages.save(sources, lambda one: one, tmp_path / "missing" / "album.tif")
