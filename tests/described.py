"""What several tests of pictures share: ones with metadata, and what is read of them again."""

import struct

import numpy as np
import pyvips

from photochrom.models.contract import ModelIdentity
from photochrom.pictures import tiff

MODEL = ModelIdentity("resnet18-gray", "2", "ab12")
SUFFIXES = [".jpg", ".png", ".tif", ".webp", ".avif"]


def vips(pixels, interpretation="srgb"):
    return pyvips.Image.new_from_array(np.ascontiguousarray(pixels), interpretation=interpretation)


def stored_pixels(path):
    """What is in a file, without any interpretation by Photochrom."""
    return pyvips.Image.new_from_file(str(path)).numpy()


def write(path, pixels, interpretation="srgb", **options):
    vips(pixels, interpretation).write_to_file(str(path), **options)
    return path


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


def exif_of(path):
    """The EXIF block of a file, TIFF or not."""
    if path.suffix == ".tif":
        with path.open("rb") as file:
            return tiff.examine(file).exif
    return pyvips.Image.new_from_file(str(path)).get("exif-data")


def colored(found):
    return found.with_ab(ab_image(*found.size))


def resource(number, content):
    """One of Photoshop's image resources."""
    size = struct.pack(">I", len(content))
    return b"8BIM" + struct.pack(">H", number) + b"\0\0" + size + content + bytes(len(content) % 2)


CAPTION = b"\x1c\x02\x78\x00\x05hello"


STALE = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="5">
<xmp:Thumbnails><rdf:Alt><rdf:li>gray preview</rdf:li></rdf:Alt></xmp:Thumbnails>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


def gray_profile(gamma):
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
