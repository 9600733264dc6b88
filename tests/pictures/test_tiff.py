"""`photochrom.pictures.tiff`: tags that describe come out of TIFF files and EXIF, and go in."""

import io
import struct
import threading

import numpy as np
import pytest
import pyvips
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from photochrom.errors import PictureReadError
from photochrom.models.contract import ModelIdentity
from photochrom.pictures import exif, picture, storage, tiff

CAPTION = b"\x1c\x02\x78\x00\x05hello"


def tiff_file(**options):
    image = pyvips.Image.new_from_array(np.full((200, 300, 3), 7, np.uint8), interpretation="srgb")
    return image.write_to_buffer(".tif", **options)


def exif_block(order="<"):
    """A maker, an exposure time and a latitude, in either byte order."""
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    ifd0, inner, gps = 8, 8 + 2 + 3 * 12 + 4, 8 + 2 + 3 * 12 + 4 + 2 + 12 + 4
    values = gps + 2 + 12 + 4

    def directory(*entries):
        table = struct.pack(order + "H", len(entries))
        for tag, kind, count, value in entries:
            table += struct.pack(order + "HHII", tag, kind, count, value)
        return table + bytes(4)

    block = mark + struct.pack(order + "I", ifd0)
    block += directory((271, 2, 6, values), (exif.EXIF, 4, 1, inner), (exif.GPS, 4, 1, gps))
    block += directory((33434, 5, 1, values + 6))
    block += directory((2, 5, 3, values + 14))
    return (
        exif.PREFIX
        + block
        + b"Kodak\0"
        + struct.pack(order + "2I", 1, 250)
        + struct.pack(order + "6I", 48, 1, 12, 1, 30, 1)
    )


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("options", [{}, {"tile": True, "pyramid": True}], ids=["strips", "tiles"])
def test_tags_go_in_and_come_out(order, bigtiff, options):
    stream = io.BytesIO(tiff_file(bigtiff=bigtiff, **options))
    before = tiff.examine(io.BytesIO(stream.getvalue()))
    tiff.add_tags(stream, exif_block(order), size=(200, 300), software="Photochrom", iptc=CAPTION)
    after = tiff.examine(stream)
    assert (after.layout, after.pages) == (before.layout, before.pages)
    assert exif.text(after.exif, 271) == "Kodak"
    assert exif.text(after.exif, exif.SOFTWARE) == "Photochrom"
    assert struct.pack("<2I", 1, 250) in after.exif
    assert struct.pack("<6I", 48, 1, 12, 1, 30, 1) in after.exif
    assert after.iptc == CAPTION
    read = pyvips.Image.new_from_buffer(stream.getvalue(), "")
    assert (read.height, read.width, read.avg()) == (200, 300, 7)
    assert read.get("n-pages") == (3 if options else 1)


def test_a_map_stays_where_it_is():
    """GeoTIFF's tags go through Photochrom, to TIFF."""
    place = struct.pack("<6d", 0, 0, 0, 11.5, 48.1, 0)
    scale = struct.pack("<3d", 0.25, 0.25, 0)
    block = b"II*\0\x08\0\0\0" + struct.pack(
        "<HHHIIHHIII", 2, 33550, 12, 3, 38, 33922, 12, 6, 62, 0
    )
    stream = io.BytesIO(tiff_file())
    tiff.add_tags(stream, block + scale + place, size=(200, 300))
    saved = picture.read(stream.getvalue()).signed(ModelIdentity("x", "1", "ab")).encode("tiff")
    assert scale in saved
    assert place in saved
    assert struct.pack("<HHI", 33550, 12, 3) in saved
    assert picture.read(picture.read(saved).encode("jpeg")).srgb().any()


@pytest.mark.parametrize("order", ["<", ">"])
def test_either_byte_order_is_read(order):
    assert exif.text(exif_block(order), 271) == "Kodak"
    assert exif.text(exif_block(order).removeprefix(exif.PREFIX), 271) == "Kodak"


def test_a_resolution_that_libvips_makes_up_goes():
    stream = io.BytesIO(tiff_file())
    assert tiff.examine(io.BytesIO(stream.getvalue())).resolution is not None
    tiff.add_tags(stream, b"", size=(200, 300))
    assert tiff.examine(stream).resolution is None


@pytest.mark.parametrize("kind", [1, 7, 4])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("turned", [False, True])
def test_captions_are_read_however_they_are_written(kind, order, turned):
    """As numbers of four bytes they stand there turned or not, depending on the program."""
    text = CAPTION.ljust(12, b"\0")
    if kind == 4 and turned:
        text = b"".join(text[at : at + 4][::-1] for at in range(0, 12, 4))
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    count = 3 if kind == 4 else 12
    file = mark + struct.pack(order + "IH", 8, 1)
    file += struct.pack(order + "HHIII", tiff.IPTC, kind, count, 26, 0) + text
    assert tiff.examine(io.BytesIO(file)).iptc == CAPTION.ljust(12, b"\0")


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"II",
        b"II*\0\xff\xff\xff\xff",
        b"MM\0*\0\0\0\0",
        b"II+\0\x08\0\0\0",
        b"II+\0\x08\0\0\0" + b"\xff" * 8,
        b"II*\0\x08\0\0\0\xff\xff",
        b"II*\0\x08\0\0\0\x01\0" + bytes(4),
        b"\xff\xd8\xff",
    ],
)
def test_broken_files_have_no_contents(broken):
    assert tiff.examine(io.BytesIO(broken)) is None
    assert exif.text(broken, 271) == ""


def test_a_chain_of_pages_that_bites_its_tail_ends():
    page = struct.pack("<HHHIII", 1, 254, 4, 1, 0, 8)
    assert tiff.examine(io.BytesIO(b"II*\0\x08\0\0\0" + page)).pages == 1


def test_huge_values_are_left_out():
    """Thousands of tags that all point to the same megabytes."""
    count = 4000
    entries = b"".join(
        struct.pack("<HHII", tag, 7, 1 << 23, 0) for tag in range(40_000, 40_000 + count)
    )
    inner = struct.pack("<H", count) + entries + bytes(4)
    page = struct.pack("<HHHIII", 1, exif.EXIF, 4, 1, 26, 0)
    file = (b"II*\0\x08\0\0\0" + page + inner).ljust(1 << 24, b"x")
    assert len(tiff.examine(io.BytesIO(file)).exif) < 1 << 25


WHOLE = io.BytesIO(tiff_file())
tiff.add_tags(WHOLE, exif_block(), size=(200, 300), iptc=CAPTION)


@given(
    st.lists(st.tuples(st.integers(0, 999), st.integers(0, 255)), max_size=8),
    st.sampled_from([exif_block("<"), exif_block(">"), WHOLE.getvalue()[-1000:]]),
)
def test_any_bytes_have_an_answer(changes, block):
    mutated = bytearray(block)
    for at, value in changes:
        mutated[at % len(mutated)] = value
    exif.text(bytes(mutated), 271)
    tiff.examine(io.BytesIO(WHOLE.getvalue()[:-1000] + bytes(mutated)))
    stream = io.BytesIO(tiff_file())
    tiff.add_tags(stream, bytes(mutated), size=(200, 300))
    assert tiff.examine(stream)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize(("channels", "dtype"), [(3, np.uint8), (3, np.uint16), (4, np.uint8)])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_tiles_of_one_channel_each_are_read(compression, channels, dtype, byteorder):
    high = np.iinfo(dtype).max + 1
    pixels = np.random.default_rng(0).integers(0, high, (channels, 40, 50)).astype(dtype)
    file = io.BytesIO()
    tifffile.imwrite(
        *(file, pixels),
        **{"photometric": "rgb", "planarconfig": "separate", "tile": (16, 32)},
        **{"compression": compression, "byteorder": byteorder, "description": "an old farm"},
        metadata=None,
        extrasamples=["unassalpha"] if channels == 4 else None,
    )
    found = picture.read(file.getvalue())
    assert found.notes == ()
    assert found.bits == 8 * pixels.itemsize
    assert found.has_alpha == (channels == 4)
    expected = np.moveaxis(pixels, 0, -1)
    stored = pyvips.Image.new_from_buffer(found.encode("tiff"), "")
    assert stored.get("image-description") == "an old farm"
    assert np.array_equal(stored.numpy(), expected)
    small = found.srgb(size=(20, 25))
    assert small.shape == (20, 25, 3)


def test_a_page_of_tiles_of_one_channel_each_is_read_among_others():
    random = np.random.default_rng(0)
    pages = [random.integers(0, 256, (3, 32, 32)).astype(np.uint8) for _ in range(3)]
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        for page in pages:
            layout = {"photometric": "rgb", "planarconfig": "separate", "tile": (16, 16)}
            writer.write(page, **layout)
    for number, page in enumerate(pages):
        found = picture.read(file.getvalue(), page=number)
        assert found.pages == 3
        assert np.array_equal(found.srgb(), np.moveaxis(page, 0, -1))


@pytest.mark.parametrize("changes", [{"photometric": "cielab"}, {"extrasamples": ["assocalpha"]}])
def test_tiles_of_one_channel_each_are_refused_where_they_would_be_wrong(changes):
    file = io.BytesIO()
    layout = {"photometric": "rgb", "planarconfig": "separate", "tile": (16, 16)} | changes
    tifffile.imwrite(file, np.zeros((3 + ("extrasamples" in changes), 32, 32), np.uint8), **layout)
    with pytest.raises(PictureReadError, match="its tiles hold one channel each, of YCbCr, Lab"):
        picture.read(file.getvalue())


def test_broken_tiles_of_one_channel_each_are_an_error_of_ours():
    file = io.BytesIO()
    layout = {"photometric": "rgb", "planarconfig": "separate", "tile": (16, 16)}
    tifffile.imwrite(file, np.zeros((3, 32, 32), np.uint8), **layout)
    whole = file.getvalue()
    offsets = struct.pack("<HHI", 324, 4, 12)
    assert whole.count(offsets) == 1
    sizes = struct.pack("<HH", 325, 4)
    if sizes not in whole:
        sizes = struct.pack("<HH", 325, 3)
    for count in (1, 9, 11, 0, 1 << 30):
        broken = whole.replace(offsets, struct.pack("<HHI", 324, 4, count))
        broken = broken.replace(sizes + struct.pack("<I", 12), sizes + struct.pack("<I", count))
        with pytest.raises(PictureReadError):
            picture.read(broken).srgb()


def test_a_compression_is_told_from_damage_while_other_threads_fail():
    """All threads share libvips' buffer for messages."""
    done = threading.Event()

    def fail():
        while not done.is_set():
            with pytest.raises(pyvips.Error):
                pyvips.Image.new_from_buffer(b"this is not a picture", "")
            done.wait(0.0005)  # for every broken photograph there is work in between

    other = threading.Thread(target=fail)
    other.start()
    try:
        for _ in range(40):
            storage._can_decompress.cache_clear()
            assert not storage._can_decompress(34887)
    finally:
        done.set()
        other.join()
