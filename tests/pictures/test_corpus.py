"""The corpus: files of kinds that were once read or written wrongly, and what is right.

The pixels are right, or the file is refused by its true reason; metadata are kept, or their loss
is said; nothing is made up.
"""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from corpus import makers, tiffs
from corpus.make import MAKERS
from corpus.makers import GRAY
from photochrom.errors import PictureReadError
from photochrom.models.contract import ModelIdentity
from photochrom.pictures import boxes, exif, formats, heic, jpeg, picture, png, tiff, webp

MODEL = ModelIdentity("x", "1", "ab")
CORPUS = Path(__file__).parents[1] / "corpus"

CONVERT = "save it anew"
REFUSED = {
    "lzma.tif": rf"its compression is LZMA, .*{CONVERT}",
    "lerc.tif": rf"its compression is LERC, .*{CONVERT}",
    "zstd.tif": rf"its compression is Zstandard, .*{CONVERT}",
    "jpeg2000.tif": rf"its compression is JPEG 2000, .*{CONVERT}",
    "old-jpeg.tif": rf"its compression is old-style JPEG, .*{CONVERT}",
    "huge-tiles.tif": rf"tiles of 16,384 x 8,192 pixels \(128\.0 MB each\) are larger .*{CONVERT}",
    "mosaic.tif": "it holds a camera's raw data; develop it",
    "icclab.tif": rf"its pixels are ICC Lab, .*{CONVERT}",
    "hexachrome.tif": rf"its inks are others than CMYK; {CONVERT}",
}
CUT = {
    "cut.jpg": r"\d\d of 48 rows could be decoded",
    "cut-by-ten-bytes.jpg": r"4\d of 48 rows could be decoded",
    "cut-progressive.jpg": "stored from coarse to fine, and the finest data are missing",
}
TURNED = {"exif-behind-the-pixels.png", "orientation-in-xmp.jpg"}
SAID = {
    "animation.avif": "3 frames; the first was taken",
    "animation.png": "3 frames; the first was taken",
    "three-pages.tif": "3 pages; the first was taken",
    "motion.jpg": "the film behind the picture was left out",
    "extended-xmp.jpg": "XMP beyond 64 kB was left out",
    "credentials.jpg": "content credentials (C2PA) were left out, as they no longer hold",
    "text-without-a-name.png": "a text without a name was left out",
    "text-without-an-end.png": "a text without a name was left out",
}
NAMES = sorted(MAKERS)
READ = [name for name in NAMES if name not in REFUSED | CUT]


def content(name):
    data = (CORPUS / name).read_bytes()
    if name.endswith(".heic") and heic.decoder() is None:
        pytest.skip("no decoder for HEIC is installed")
    return data


def test_every_file_is_made_by_the_script_and_none_is_large():
    found = {path.name for path in CORPUS.iterdir() if path.suffix not in (".py", "")}
    assert found == set(NAMES)
    assert sum((CORPUS / name).stat().st_size for name in found) < 200_000
    assert set(REFUSED) | set(CUT) | TURNED | set(SAID) <= set(NAMES)


@pytest.mark.parametrize("name", READ)
def test_the_pixels_are_right(name):
    found = picture.read(content(name), name=name)
    assert found.notes == ((SAID[name],) if name in SAID else ())
    upright = np.rot90(GRAY, -1) if name in TURNED else GRAY
    assert found.size == upright.shape
    assert not found.has_alpha
    srgb = found.srgb()
    near = 12 if name == "animation.avif" else 5
    assert np.abs(srgb.astype(int) - upright[..., None]).mean() < near / 2
    height, width = upright.shape
    small = upright.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    halved = found.srgb(size=small.shape).astype(int)
    assert np.abs(halved - small[..., None]).mean() < near


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("allow_damaged", [False, True])
def test_what_cannot_be_decoded_is_refused_by_its_true_reason(name, allow_damaged):
    """Also where damage is allowed: it would be a black picture."""
    with pytest.raises(PictureReadError, match=REFUSED[name]):
        picture.read(content(name), allow_damaged=allow_damaged)


@pytest.mark.parametrize("name", CUT)
def test_what_is_cut_short_says_how_far_it_goes(name):
    found = picture.read(content(name))
    assert found.size == GRAY.shape
    for use in (found.srgb, lambda: found.srgb(size=(8, 8)), lambda: found.encode("png")):
        with pytest.raises(PictureReadError, match=CUT[name]):
            use()
    whole = "no-end-progressive.jpg" if "progressive" in name else "no-end.jpg"
    allowed = picture.read(content(name), allow_damaged=True)
    error = np.abs(allowed.srgb().astype(int) - picture.read(content(whole)).srgb())
    assert 0 < error.mean() < 40
    assert "damaged: " in allowed.notes[0]


# Metadata: what stands in the result, by the eyes of Pillow


def result(name, suffix=None):
    """The result's bytes, in the format of the file."""
    found = picture.read(content(name))
    format_ = formats.BY_SUFFIX[suffix or Path(name).suffix].name
    return found.signed(MODEL).encode(format_ if format_ in formats.WRITABLE else "png")


def opened(name, suffix=None):
    image = Image.open(io.BytesIO(result(name, suffix)))
    image.load()
    return image


@pytest.mark.parametrize(
    ("name", "keyword", "text"),
    [
        ("text-behind-the-pixels.png", "Description", "Grandmother, 1931"),
        ("keyword-with-a-blank.png", "Creation Time", " 5 May 1931"),
        ("utf8-text.png", "Author", "Jürgen Müller"),
    ],
)
def test_png_texts_are_kept(name, keyword, text):
    assert opened(name).text[keyword] == text
    assert picture.read(content(name)).losses(".jpg") == (
        "PNG's texts are left out, as JPEG has no place for them",
    )


def test_exif_and_xmp_behind_the_pixels_are_kept():
    assert opened("exif-behind-the-pixels.png").getexif()[270] == "Grandmother, 1931"
    assert b'xmp:Rating="3"' in result("xmp-behind-the-pixels.png")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".avif"])
def test_a_rating_is_kept(suffix):
    block = opened("rating.jpg", suffix).getexif()
    assert block[0x4746] == 4
    assert block[315] == "Somebody"


def test_captions_of_the_second_segment_and_comments_are_kept():
    assert b"\x1c\x02\x78\0\x07Caption" in result("captions-in-the-second-segment.jpg")
    assert opened("comment.jpg").info["comment"] == b"Made by hand"
    assert "JPEG's comments" in picture.read(content("comment.jpg")).losses(".png")[0]


def test_a_film_that_is_left_out_is_claimed_no_longer():
    found = result("motion.jpg")
    assert b"Motion" not in found
    assert b"MicroVideo" not in found


def test_exif_of_heic_is_kept():
    assert opened("phone.heic").getexif()[270] == "Grandmother, 1931"
    assert picture.read(content("phone.heic")).format == "heic"
    assert picture.read(content("deep.heic")).bits == 10


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".avif"])
@pytest.mark.parametrize("name", ["no-resolution.tif", "two-by-one.jpg", "text-without-a-name.png"])
def test_no_resolution_is_made_up(name, suffix):
    image = opened(name, suffix)
    if suffix in (".webp", ".avif"):
        assert not image.getexif().keys() & {282, 283, 296}
    else:
        assert resolution_in(image, suffix) == (2 if name == "two-by-one.jpg" else 1)


def resolution_in(image, suffix):
    """How many times as many dots a unit there are across as down."""
    if suffix == ".jpg":
        x, y = image.info["jfif_density"]
        assert image.info["jfif_unit"] == 0
    elif suffix == ".png":
        x, y = image.info.get("aspect", (1, 1))
        assert "dpi" not in image.info
    else:
        x, y = (float(image.tag_v2.get(tag, 1)) for tag in (282, 283))
        assert image.tag_v2.get(296, 1) == 1
    return x / y


def test_a_resolution_without_a_unit_keeps_its_number():
    tags = opened("resolution-without-unit.tif").tag_v2
    assert (tags[282], tags[283], tags[296]) == (72, 72, 1)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".avif"])
def test_a_resolution_goes_through_every_format(suffix):
    image = opened("300-dots-an-inch.webp", suffix)
    found = image.info.get("dpi") or [image.getexif()[tag] for tag in (282, 283)]
    np.testing.assert_allclose([float(side) for side in found], 300, atol=0.1)


# Pages


def test_each_page_can_be_read():
    for page in range(3):
        found = picture.read(content("three-pages.tif"), page=page)
        expected = np.roll(GRAY, 8 * page, axis=1)
        np.testing.assert_array_equal(found.srgb()[..., 0], expected)
        assert found.srgb(size=(24, 32)).shape == (24, 32, 3)
    with pytest.raises(PictureReadError, match="there is no page 4"):
        picture.read(content("three-pages.tif"), page=3)
    with pytest.raises(PictureReadError, match="there is no page 2"):
        picture.read(content("rating.jpg"), page=1)


# EXIF, byte for byte


def camera_block(order, *, preview):
    """A maker's note at a known place, a maker, and maybe a preview."""
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    first = 8
    inner = first + 2 + 3 * 12 + 4
    values = inner + 2 + 2 * 12 + 4
    note = b"NOTE" * 8
    second = values + len(note)
    head = mark + np.array([first], order + "u4").tobytes()

    def directory(entries, following):
        table = np.array([len(entries)], order + "u2").tobytes()
        for tag, kind, count, slot in entries:
            table += np.array([tag, kind], order + "u2").tobytes()
            table += np.array([count], order + "u4").tobytes() + slot
        return table + np.array([following], order + "u4").tobytes()

    def number(value):
        return np.array([value], order + "u4").tobytes()

    block = head + directory(
        [
            (271, 2, 4, b"Cam\0"),
            (274, 3, 1, np.array([6, 0], order + "u2").tobytes()),
            (exif.EXIF, 4, 1, number(inner)),
        ],
        second if preview else 0,
    )
    block += directory([(37500, 7, len(note), number(values)), (exif.GAMMA, 4, 1, number(1))], 0)
    block += note
    if preview:
        place = second + 2 + 2 * 12 + 4
        block += (
            directory([(513, 4, 1, number(place)), (514, 4, 1, number(6))], 0) + b"\xff\xd8GRAY"
        )
    return exif.PREFIX + block


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("preview", [False, True])
def test_exif_is_brought_up_to_date_where_it_stands(order, preview):
    """Makers' notes hold positions, so that nothing may move."""
    block = camera_block(order, preview=preview)
    assert exif.orientation(block) == 6
    after = exif.updated(block, size=(30, 40), software="Photochrom")
    assert after.index(b"NOTENOTE") == block.index(b"NOTENOTE")
    assert exif.orientation(after) == 0
    assert exif.text(after, 271) == "Cam"
    assert exif.text(after, exif.SOFTWARE) == "Photochrom"
    assert b"GRAY" not in after
    tree = exif.parsed(after)[exif.EXIF]
    assert tree[exif.PIXEL_WIDTH].integers() == (40,)
    assert tree[37500].content == b"NOTE" * 8
    assert exif.GAMMA not in tree
    again = exif.updated(after, size=(30, 40))
    assert exif.text(again, exif.SOFTWARE) == "Photochrom"


def test_a_block_with_nothing_to_say_is_none():
    assert exif.updated(b"", size=(3, 4)) == b""
    assert exif.updated(b"Exif\0\0broken", size=(3, 4)) == b""
    assert exif.text(exif.updated(b"broken", size=(3, 4), software="P"), exif.SOFTWARE) == "P"


@pytest.mark.parametrize("size", [70_000, 200_000])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif", ".tif"])
def test_exif_that_is_too_large_is_said(size, suffix, color_picture):
    block = exif.block_of({271: exif.text_value("Cam"), 270: exif.text_value("x" * size)})
    data = color_picture.encode("webp")
    stream = io.BytesIO(data)
    webp.complete(stream, exif_block=block, size=color_picture.size, has_alpha=False)
    found = picture.read(stream.getvalue())
    lost = found.losses(suffix)
    kept = b"x" * size in found.encode(suffix)
    assert kept == (suffix not in (".jpg", ".avif"))
    title = {".jpg": "JPEG", ".avif": "AVIF"}.get(suffix)
    assert lost == (() if kept else (f"EXIF is left out, as it is too large for {title}",))


def test_no_part_looks_into_another_formats_file():
    for name in NAMES:
        data = (CORPUS / name).read_bytes()
        found = [
            look(io.BytesIO(data)) is not None
            for look in (jpeg.examine, png.examine, boxes.examine, tiff.examine)
        ]
        assert sum(found) == (0 if name.endswith(".webp") else 1), name


def test_raw_files_are_called_by_their_name():
    for head in (b"FUJIFILMCCD-RAW 0201", b"IIU\0\x08\0\0\0", b"\0\0\0\x18ftypcrx \0\0\0\0"):
        assert formats.is_raw(head)
        with pytest.raises(PictureReadError, match="x: it holds a camera's raw data; develop"):
            picture.read(head + bytes(400), name="x")


def test_an_old_jpeg_in_tiff_is_turned_as_the_tiff_says():
    stream = makers.encoded(makers.picture("RGB"), "JPEG", quality=95)
    more = ((274, tiffs.SHORT, (6,)), (513, tiffs.LONG, (8,)), (514, tiffs.LONG, (len(stream),)))
    found = picture.read(tiffs.tiff(stream, 6, 6, 3, more))
    assert np.abs(found.srgb().astype(int) - np.rot90(GRAY, -1)[..., None]).mean() < 3
    assert picture.read(found.encode("tiff")).size == found.size == GRAY.shape[::-1]


def test_an_old_jpeg_in_tiff_is_found_behind_other_pages():
    pages = io.BytesIO()
    for name in ("no-resolution.tif", "old-jpeg-whole.tif"):
        tiff.append(pages, io.BytesIO(content(name)))
    second = picture.read(pages.getvalue(), page=1)
    assert np.abs(second.srgb().astype(int) - GRAY[..., None]).mean() < 3


@pytest.mark.parametrize("damage", ["cut", "size", "rgb", "photometric", "nothing there"])
def test_an_old_jpeg_in_tiff_that_is_no_whole_stream_is_refused(damage):
    stream = makers.encoded(makers.picture("RGB"), "JPEG", quality=95)
    size = len(stream) - 9 if damage == "cut" else len(stream)
    if damage == "size":
        at = stream.index(b"\xff\xc0") + 5
        stream = stream[:at] + b"\0\x09" + stream[at + 2 :]
    if damage == "rgb":
        adobe = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0"
        stream = stream[:2] + adobe + stream[2:]
        size = len(stream)
    place = 9 if damage == "nothing there" else 8
    more = ((513, tiffs.LONG, (place,)), (514, tiffs.LONG, (size,)))
    data = tiffs.tiff(stream, 6, 2 if damage == "photometric" else 6, 3, more)
    with pytest.raises(PictureReadError, match="its compression is old-style JPEG"):
        picture.read(data)
