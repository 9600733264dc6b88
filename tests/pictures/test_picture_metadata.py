"""`photochrom.pictures.picture`: orientation, profiles and metadata are kept, right, and signed."""

import io
import struct
import zlib

import numpy as np
import pytest
import pyvips

from photochrom import __version__, color
from photochrom.models.contract import ModelIdentity
from photochrom.pictures import boxes, exif, metadata, picture, png, tiff, xmp

MODEL = ModelIdentity("resnet18-gray", "2", "ab12")
SUFFIXES = [".jpg", ".png", ".tif", ".webp", ".avif"]
EXIF_SUFFIXES = [".jpg", ".png", ".webp", ".avif"]

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


def vips(pixels, interpretation="srgb"):
    return pyvips.Image.new_from_array(np.ascontiguousarray(pixels), interpretation=interpretation)


def stored_pixels(path):
    """What is in a file, without any interpretation by Photochrom."""
    return pyvips.Image.new_from_file(str(path)).numpy()


def ab_image(height, width, seed=0, reach=100.0):
    ab = np.random.default_rng(seed).uniform(-reach, reach, (height, width, 2))
    return vips(ab.astype(np.float32), "multiband")


def flat_ab(height, width, a=0.0, b=0.0):
    return vips(np.full((height, width, 2), (a, b), dtype=np.float32), "multiband")


def mean_error(one, two):
    return np.abs(one.astype(float) - two.astype(float)).mean()


def with_fields(image, **fields):
    """A copy with metadata; two underscores stand for a hyphen."""
    image = image.copy()
    for name, value in fields.items():
        kinds = {int: pyvips.GValue.gint_type, str: pyvips.GValue.gstr_type}
        kind = kinds.get(type(value), pyvips.GValue.blob_type)
        image.set_type(kind, name.replace("__", "-"), value)
    return image


def with_exif(image):
    """A copy with a maker, a copyright, XMP, 300 dots an inch."""
    return with_fields(
        image.copy(xres=300 / 25.4, yres=300 / 25.4),
        exif__ifd0__Make="Kodak (Kodak, ASCII, 6, 6)",
        exif__ifd0__Copyright="Ann (Ann, ASCII, 4, 4)",
        xmp__data=XMP,
    )


XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><note>from the attic</note></x:xmpmeta>"


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


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_embedded_profile_is_converted_to_srgb(suffix, smooth_srgb, tmp_path):
    srgb = smooth_srgb(40, 60)
    path = tmp_path / f"p3{suffix}"
    vips(srgb).icc_transform("p3", input_profile="srgb").write_to_file(str(path), Q=98)
    assert mean_error(stored_pixels(path), srgb) > 5
    found = picture.read(path)
    assert mean_error(found.srgb(), srgb) < 3
    assert mean_error(found.srgb(size=(40, 60)), srgb) < 3
    saved = picture.read(found.save(tmp_path / "saved.png"))
    assert mean_error(saved.srgb(), srgb) < 3


def test_embedded_profile_is_converted_at_16_bit(smooth_srgb, tmp_path):
    srgb = smooth_srgb(40, 60).astype(np.uint16) * 257
    deep = vips(srgb, "rgb16").icc_transform("p3", input_profile="srgb", depth=16)
    deep.write_to_file(str(tmp_path / "p3.png"))
    found = picture.read(tmp_path / "p3.png")
    assert found.bits == 16
    path = found.save(tmp_path / "saved.png")
    assert mean_error(stored_pixels(path), srgb) < 0.5 * 257


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


def exif_of(path):
    """The EXIF block of a file, TIFF or not."""
    if path.suffix == ".tif":
        with path.open("rb") as file:
            return tiff.examine(file).exif
    return pyvips.Image.new_from_file(str(path)).get("exif-data")


def colored(found):
    return found.with_ab(ab_image(*found.size))


@pytest.fixture
def photographed(color_picture, tmp_path):
    """A JPEG file as a camera and its owner leave it."""
    image = with_fields(
        with_exif(vips(color_picture.srgb())),
        exif__ifd0__ImageDescription="Grandmother's house (1912) (libvips cuts this off)",
        exif__ifd0__Software="Ver.1.00 (b) (libvips cuts this off)",
        exif__ifd2__DateTimeOriginal="1999:12:31 23:59:59",
        exif__ifd2__ColorSpace="65535",
        exif__ifd3__GPSLatitudeRef="N",
        exif__ifd3__GPSLatitude="48/1 12/1 30/1",
        iptc__data=b"Photoshop 3.0\0" + resource(0x0404, CAPTION) + resource(0x040C, b"preview"),
    )
    image.write_to_file(str(tmp_path / "camera.jpg"))
    return tmp_path / "camera.jpg"


def resource(number, content):
    """One of Photoshop's image resources."""
    size = struct.pack(">I", len(content))
    return b"8BIM" + struct.pack(">H", number) + b"\0\0" + size + content + bytes(len(content) % 2)


CAPTION = b"\x1c\x02\x78\x00\x05hello"


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


STALE = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="5">
<xmp:Thumbnails><rdf:Alt><rdf:li>gray preview</rdf:li></rdf:Alt></xmp:Thumbnails>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


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


# Profiles


def grey_profile(gamma):
    """A gray ICC profile of version 2: a description, a white point, a curve."""
    d50 = struct.pack(">iii", 63190, 65536, 54061)
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"gray\0" + bytes(78),
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": b"XYZ \0\0\0\0" + d50,
        b"kTRC": b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)),
    }
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += struct.pack(">4sII", name, 132 + 12 * len(tags) + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = struct.pack(">I4sI", 128 + len(table) + len(body), b"none", 0x02100000)
    header += b"mntrGRAYXYZ " + bytes(12) + b"acsp" + bytes(28) + d50
    return header.ljust(128, b"\0") + table + body


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_grey_profile_is_converted(suffix, dtype, tmp_path):
    if dtype is np.uint16 and suffix == ".jpg":
        return
    high = np.iinfo(dtype).max
    levels = np.linspace(0, high, 64 * 64).reshape(64, 64).astype(dtype)
    space = "b-w" if dtype is np.uint8 else "grey16"
    image = with_fields(vips(levels, space), icc__profile__data=grey_profile(1.8))
    image.write_to_file(str(tmp_path / f"in{suffix}"), **({"Q": 98} if suffix == ".jpg" else {}))
    expected = 255 * color.linear_to_srgb((levels / high) ** 1.8)
    found = picture.read(tmp_path / f"in{suffix}")
    assert found.bits == 8 * levels.itemsize
    assert mean_error(found.srgb()[..., 1], expected) < 1
    assert mean_error(found.srgb(size=(64, 64))[..., 1], expected) < 1
    saved = found.with_ab(flat_ab(64, 64)).save(tmp_path / f"out{suffix}")
    assert pyvips.Image.new_from_file(str(saved)).get("icc-profile-data")[16:20] == b"RGB "
    assert mean_error(picture.read(saved).srgb()[..., 1], expected) < 1.5


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_srgb_profile_goes_out_where_one_came_in(suffix, smooth_srgb, tmp_path):
    p3 = vips(smooth_srgb(40, 60)).icc_transform("p3", input_profile="srgb")
    p3.write_to_file(str(tmp_path / "p3.png"))
    saved = colored(picture.read(tmp_path / "p3.png")).save(tmp_path / f"out{suffix}")
    profile = pyvips.Image.new_from_file(str(saved)).get("icc-profile-data")
    assert profile == metadata.srgb_profile()
    p3.copy().write_to_file(str(tmp_path / "in.png"), keep="none")
    bare = colored(picture.read(tmp_path / "in.png")).save(tmp_path / f"bare{suffix}")
    assert not pyvips.Image.new_from_file(str(bare)).get_typeof("icc-profile-data")


def test_pixels_of_an_srgb_profile_stay_as_they_are(smooth_srgb):
    srgb = smooth_srgb(40, 60)
    image = with_fields(vips(srgb), icc__profile__data=metadata.srgb_profile())
    found = picture.read(image.write_to_buffer(".png"))
    np.testing.assert_array_equal(found.srgb(), srgb)
    np.testing.assert_array_equal(picture.read(found.encode("png")).srgb(), srgb)


def with_profile(jpeg, profile):
    """libvips itself writes no profile that doesn't fit."""
    segment = b"ICC_PROFILE\0\1\1" + profile
    return jpeg[:2] + b"\xff\xe2" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]


@pytest.mark.parametrize(
    ("space", "profile"),
    [("b-w", "srgb"), ("b-w", "p3"), ("b-w", "junk"), ("srgb", "gray"), ("srgb", "junk")],
)
def test_a_profile_of_other_channels_is_taken_for_srgb(space, profile, smooth_srgb):
    srgb = smooth_srgb(40, 60)[..., : 1 if space == "b-w" else 3]
    plain = vips(srgb, space).write_to_buffer(".jpg", keep="none")
    made = {"gray": grey_profile(1.8), "junk": b"junk" * 99}
    data = made.get(profile) or pyvips.Operation.call("profile_load", profile)
    found, expected = picture.read(with_profile(plain, data)), picture.read(plain)
    np.testing.assert_array_equal(found.srgb(), expected.srgb())
    np.testing.assert_array_equal(found.srgb(size=(20, 30)), expected.srgb(size=(20, 30)))
    for suffix in SUFFIXES:
        encoded = colored(found).encode(suffix)
        saved = pyvips.Image.new_from_buffer(encoded, "")
        assert saved.get("icc-profile-data")[16:20] == b"RGB "


# Provenance


def packet_of(path):
    return pyvips.Image.new_from_file(str(path)).get("xmp-data")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_signature_says_who_made_the_colors(suffix, color_picture, tmp_path):
    path = color_picture.signed(MODEL).save(tmp_path / f"out{suffix}")
    packet = packet_of(path)
    note = f"Colors generated by Photochrom {__version__}, model resnet18-gray 2"
    assert xmp.Packet(packet).values(metadata.NOTE)[0] == note
    assert xmp.Packet(packet).values(metadata.MODEL)[0] == "resnet18-gray"
    assert xmp.Packet(packet).values(metadata.MODEL_VERSION)[0] == "2"
    assert xmp.Packet(packet).values(metadata.MODEL_SHA256)[0] == "ab12"
    assert xmp.Packet(packet).values(metadata.VERSION)[0] == __version__
    assert xmp.Packet(packet).values(metadata.CREATOR_TOOL)[0] == f"Photochrom {__version__}"
    assert xmp.Packet(packet).values(metadata.DIGITAL_SOURCE_TYPE)[0] == (
        "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"
    )
    software = f"Photochrom {__version__}, model resnet18-gray 2"
    assert exif.text(exif_of(path), exif.SOFTWARE) == software


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_signature_keeps_what_is_there(suffix, color_picture, photographed, tmp_path):
    before = xmp.put_in(
        xmp.Packet(STALE).frame(),
        {
            metadata.CREATOR_TOOL: "Scanner 3",
            metadata.DIGITAL_SOURCE_TYPE: "http://cv.iptc.org/newscodes/digitalsourcetype/print",
        },
    )
    image = with_fields(pyvips.Image.new_from_file(str(photographed)), xmp__data=before)
    image.write_to_file(str(tmp_path / "in.jpg"))
    signed = picture.read(tmp_path / "in.jpg").signed(ModelIdentity("old (v1)", "1", "ab12"))
    again = picture.read(signed.save(tmp_path / f"once{suffix}")).signed(ModelIdentity("new (v2)"))
    path = again.save(tmp_path / f"twice{suffix}")
    packet = packet_of(path)
    assert b'Rating="5"' in packet
    assert xmp.Packet(packet).values(metadata.CREATOR_TOOL)[0] == "Scanner 3"
    assert xmp.Packet(packet).values(metadata.MODEL)[0] == "new (v2)"
    assert xmp.Packet(packet).values(metadata.SOURCE_TYPE_BEFORE)[0].endswith("/print")
    assert b"old (v1)" not in packet
    assert b"ab12" not in packet
    software = f"Ver.1.00 (b); Photochrom {__version__}, model new (v2)"
    assert exif.text(exif_of(path), exif.SOFTWARE) == software


def test_without_a_signature_nothing_is_said(color_picture, tmp_path):
    for suffix in SUFFIXES:
        path = colored(color_picture).save(tmp_path / f"out{suffix}")
        assert b"Photochrom" not in path.read_bytes()


def test_a_signature_changes_no_pixel(color_picture):
    plain, signed = colored(color_picture), colored(color_picture.signed(MODEL))
    np.testing.assert_array_equal(plain.srgb(), signed.srgb())


def test_exif_finds_its_place_behind_any_number_of_pixels():
    """In large AVIF files it stands behind them."""
    block = b"MM\0*" + bytes(range(256))
    placed = b"II*\0\x08\0\0\0" + boxes.placeholder(len(block)).encode()
    pixels = (3 << 20) * b"II*\0x"
    file = io.BytesIO(pixels + placed + b"behind")
    boxes.complete(file, exif_block=block)
    found = file.getvalue()
    assert len(found) == len(pixels) + len(placed) + len(b"behind")
    assert found[: len(pixels)] == pixels
    assert found[len(pixels) :].startswith(block + b"\0")
    assert found.endswith(b"behind")


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
