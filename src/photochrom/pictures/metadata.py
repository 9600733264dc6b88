"""What a picture says of itself (EXIF, XMP, IPTC): kept, brought up to date, and signed.

Metadata travels inside libvips' images, as fields that its savers write. A change is a field's
new value, or None to remove it. What no longer holds for a picture that is upright, sRGB and
in color is removed when it is read: orientation, previews, how the pixels were stored.

Sources: EXIF 2.32; IPTC NewsCodes, for the digital source type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO, TypeAlias

import pyvips

from photochrom.models.contract import ModelIdentity
from photochrom.pictures import boxes, exif, jpeg, photoshop, png, tiff, webp, xmp
from photochrom.pictures.contents import Contents, Resolution
from photochrom.pictures.xmp import Property
from photochrom.version import __version__

Changes: TypeAlias = Mapping[str, str | bytes | None]

EXIF, SOFTWARE = "photochrom-exif", "photochrom-software"
RESOLUTION = "photochrom-resolution"
TEXTS, COMMENTS = "photochrom-png-texts", "photochrom-jpeg-comments"
SIGNABLE = "photochrom-xmp"
"""Fields of ours; libvips' savers leave them aside. Its own, ``exif-data``, sets others, too."""

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"
"""IPTC's word for a photograph that an algorithm has altered without making up its content."""

JPEG_MAX_BYTES = 65_500
"""A JPEG file's EXIF, XMP and IPTC are at most so large each."""

_TIFF = "http://ns.adobe.com/tiff/1.0/"
_XMP = "http://ns.adobe.com/xap/1.0/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_OURS = "https://github.com/photochrom/photochrom/xmp/1.0/"

DIGITAL_SOURCE_TYPE = Property(
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "Iptc4xmpExt", "DigitalSourceType"
)
CREATOR_TOOL = Property(_XMP, "xmp", "CreatorTool")
NOTE = Property(_OURS, "photochrom", "Note")
MODEL = Property(_OURS, "photochrom", "Model")
MODEL_VERSION = Property(_OURS, "photochrom", "ModelVersion")
MODEL_SHA256 = Property(_OURS, "photochrom", "ModelSHA256")
VERSION = Property(_OURS, "photochrom", "Version")
SOURCE_TYPE_BEFORE = Property(_OURS, "photochrom", "SourceTypeBefore")

_SIGNED = (DIGITAL_SOURCE_TYPE, NOTE, MODEL, MODEL_VERSION, MODEL_SHA256, VERSION)
"""What a signature replaces."""

_ORIENTATION = Property(_TIFF, "tiff", "Orientation")
_CAMERA = "http://ns.google.com/photos/1.0/camera/"
_CONTAINER = "http://ns.google.com/photos/1.0/container/"
_GAIN_MAP = "http://ns.adobe.com/hdr-gain-map/1.0/"
_MOTION = tuple(
    Property(_CAMERA, "GCamera", name)
    for name in (
        *("MotionPhoto", "MotionPhotoVersion", "MotionPhotoPresentationTimestampUs"),
        *("MicroVideo", "MicroVideoVersion", "MicroVideoOffset"),
        "MicroVideoPresentationTimestampUs",
    )
)
"""What says that a film is behind the picture."""

_STALE_PROPERTIES = (
    _ORIENTATION,
    *(
        Property(_TIFF, "tiff", name)
        for name in (
            *("ImageWidth", "ImageLength", "BitsPerSample", "SamplesPerPixel"),
            "PhotometricInterpretation",
        )
    ),
    Property("http://ns.adobe.com/exif/1.0/", "exif", "ColorSpace"),
    Property(_XMP, "xmp", "Thumbnails"),
    Property(_PHOTOSHOP, "photoshop", "ColorMode"),
    Property(_PHOTOSHOP, "photoshop", "ICCProfile"),
    Property("http://ns.adobe.com/xmp/note/", "xmpNote", "HasExtendedXMP"),
    *_MOTION,
    Property(_CONTAINER, "Container", xmp.ANY),  # what else is in the old file
    Property(_GAIN_MAP, "hdrgm", xmp.ANY),
)

_STALE_FIELDS = (
    *("n-pages", "page-height", "delay", "loop", "gif-delay", "gif-loop"),
    *("palette", "gif-palette", "background", "interlaced", "jpeg-thumbnail-data"),
    *("n-subifds", "heif-primary", "heif-compression"),
)

_DESCRIPTION = "exif-ifd0-ImageDescription"


def changed(image: pyvips.Image, changes: Changes) -> pyvips.Image:
    """An image with other fields."""
    image = image.copy()
    for name, value in changes.items():
        if value is None:
            image.remove(name)
        elif isinstance(value, str):
            image.set_type(pyvips.GValue.gstr_type, name, value)
        else:
            image.set_type(pyvips.GValue.blob_type, name, value)
    return image


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a file's XMP says that is of use, found out by parsing it once."""

    packet: bytes = b""
    """Without what no longer holds."""
    signable: bytes = b""
    """What `signature` makes a signed packet of."""
    orientation: str = ""
    has_film: bool = False
    """Whether it says that a film is behind the picture."""


def said(header: pyvips.Image, contents: Contents | None) -> Said:
    """Read a file's XMP.

    Parameters
    ----------
    header : the image as libvips has opened it
    contents : what libvips left aside
    """
    packet = _blob(header, "xmp-data") or (contents.xmp if contents else b"")
    if not packet:
        return Said()
    tree = xmp.Packet(packet)
    orientation, *film = tree.values(_ORIENTATION, *_MOTION)
    tree.drop(_STALE_PROPERTIES)
    return Said(
        packet=tree.to_bytes(),
        signable=_signable(tree),
        orientation=orientation,
        has_film=any(film),
    )


def _signable(tree: xmp.Packet) -> bytes:
    """What stood there of the two properties that a signature goes by, and the packet's frame."""
    before, tool = tree.values(DIGITAL_SOURCE_TYPE, CREATOR_TOOL)
    before = "" if before == SOURCE_TYPE else before
    tree.drop((*_SIGNED, *([SOURCE_TYPE_BEFORE] if before else [])))
    return b"\0".join([before.encode(), tool.encode(), tree.frame()])


def brought_up_to_date(header: pyvips.Image, contents: Contents | None, said: Said) -> Changes:
    """What is to be changed in a picture that has just been read.

    Parameters
    ----------
    header : the image as libvips has opened it
    contents : what libvips left aside
    said : its XMP
    """
    contents = contents or Contents()
    changes: dict[str, str | bytes | None] = dict.fromkeys(_STALE_FIELDS)
    if said.packet:
        changes |= {"xmp-data": said.packet, SIGNABLE: said.signable}
    block = contents.exif or _blob(header, "exif-data")
    changes |= {EXIF: block if exif.is_readable(block) else None, "exif-data": None}
    captions = photoshop.with_captions(contents.photoshop, contents.iptc) or _blob(
        header, "iptc-data"
    )
    changes["photoshop-data"] = None
    changes["iptc-data"] = photoshop.without_stale(captions) if captions else None
    resolution = contents.resolution or exif.resolution(block)
    changes[RESOLUTION] = resolution.to_text() if resolution else None
    changes[TEXTS], changes[COMMENTS] = contents.texts or None, contents.comments or None
    return changes


def notes(header: pyvips.Image, contents: Contents | None, said: Said) -> tuple[str, ...]:
    """What of a file's metadata is lost as soon as it is read, in words for a person."""
    contents = contents or Contents()
    lost = dict.fromkeys(contents.notes)
    if said.has_film:
        lost[jpeg.FILM] = None
    block = contents.exif or _blob(header, "exif-data")
    if block and not exif.is_readable(block):
        lost["its EXIF is broken, and was left out"] = None
    return tuple(lost)


def orientation(header: pyvips.Image, contents: Contents | None, said: Said) -> int:
    """How a picture is to be turned, 1..8: by EXIF, or by XMP where EXIF doesn't say."""
    if header.get_typeof("orientation"):
        return int(header.get("orientation"))
    block = contents.exif if contents else b""
    if found := exif.orientation(block or _blob(header, "exif-data")):
        return found
    return int(said.orientation) if said.orientation in set("12345678") else 1


def signature(header: pyvips.Image, *, model: ModelIdentity) -> Changes:
    """What is to be changed in a picture whose colors a model has made.

    Parameters
    ----------
    header : the image, brought up to date
    model : which
    """
    program = f"Photochrom {__version__}"
    earlier = exif.text(_blob(header, EXIF), exif.SOFTWARE).split("; ")
    programs = [one for one in earlier if one and not one.startswith("Photochrom ")]
    software = "; ".join([*programs, f"{program}, model {model}"])
    signable = _blob(header, SIGNABLE) or _signable(xmp.Packet(_blob(header, "xmp-data")))
    before, tool, frame = signable.split(b"\0", 2)
    if not frame:  # the packet is broken
        return {SOFTWARE: software}
    put = {
        DIGITAL_SOURCE_TYPE: SOURCE_TYPE,
        NOTE: f"Colors generated by {program}, model {model}",
        MODEL: model.name,
        VERSION: __version__,
    }
    put |= {MODEL_VERSION: model.version} if model.version else {}
    put |= {MODEL_SHA256: model.sha256} if model.sha256 else {}
    put |= {SOURCE_TYPE_BEFORE: before.decode()} if before else {}
    put |= {} if tool else {CREATOR_TOOL: program}
    return {"xmp-data": xmp.put_in(frame, put), SOFTWARE: software}


def for_saving(image: pyvips.Image, format_: str) -> pyvips.Image:
    """An image with its fields as the saver of a format wants them; see `complete`."""
    changes: dict[str, str | bytes | None] = {"bits-per-sample": None}
    if format_ == "tiff":
        resources = _blob(image, "iptc-data").removeprefix(jpeg.RESOURCES)
        changes |= {"iptc-data": None, "photoshop-data": resources or None}
    elif format_ in ("avif", "jxl"):
        block = _block_for(image, format_)
        changes |= dict.fromkeys(name for name in image.get_fields() if name.startswith("exif-"))
        if block and format_ == "avif":
            changes[_DESCRIPTION] = boxes.placeholder(len(block))
        elif block:
            changes["exif-data"] = block
    return changed(image, changes)


def complete(stream: BinaryIO, image: pyvips.Image, format_: str) -> None:
    """Add what libvips' savers leave out or alter, to a file that one has written.

    libexif, through which libvips writes EXIF, drops what it doesn't know, rewrites makers'
    notes and makes a resolution up; so libvips writes none, and this does.

    Parameters
    ----------
    stream : the file, open for reading and writing
    image : what was written, before `for_saving`
    format_ : the format's name

    Raises
    ------
    OSError
        The file can't be read or written.
    """
    block, resolution = _block_for(image, format_), _resolution(image)
    if format_ == "tiff":
        tiff.add_tags(
            stream,
            _blob(image, EXIF),
            size=(image.height, image.width),
            software=_text(image, SOFTWARE) or None,
            iptc=_captions(image),
            resolution=resolution,
        )
    elif format_ == "jpeg":
        comments = _blob(image, COMMENTS)
        jpeg.complete(stream, exif_block=block, comments=comments, resolution=resolution)
    elif format_ == "png":
        png.complete(
            stream,
            exif_block=block,
            packet=_blob(image, "xmp-data"),
            texts=_blob(image, TEXTS),
            resolution=resolution,
        )
    elif format_ == "webp":
        size, has_alpha = (image.height, image.width), bool(image.hasalpha())
        webp.complete(stream, exif_block=block, size=size, has_alpha=has_alpha)
    elif format_ == "avif":
        boxes.complete(stream, exif_block=block)


def losses(image: pyvips.Image, format_: str, title: str) -> tuple[str, ...]:
    """Which metadata a file of some format can't hold, in words for a person.

    Parameters
    ----------
    image : a picture, brought up to date
    format_, title : the format's name, and what to call it
    """
    lost = []
    texts = _blob(image, TEXTS)
    in_texts = format_ == "png" and any(one in texts for one in png.CAPTIONS_KEYWORDS)
    if _captions(image) and format_ not in ("jpeg", "tiff") and not in_texts:
        lost.append("IPTC captions are")
    if texts and format_ != "png":
        lost.append("PNG's texts are")
    if _blob(image, COMMENTS) and format_ != "jpeg":
        lost.append("JPEG's comments are")
    said = [f"{what} left out, as {title} has no place for them" for what in lost]
    too_large = []
    if _blob(image, EXIF) and format_ != "ppm" and not _block_for(image, format_):
        too_large.append("EXIF")
    if format_ == "jpeg":
        names = {"XMP": "xmp-data", "IPTC": "iptc-data"}
        too_large += [one for one, key in names.items() if len(_blob(image, key)) > JPEG_MAX_BYTES]
    said += [f"{kind} is left out, as it is too large for {title}" for kind in too_large]
    return tuple(said)


@cache
def srgb_profile() -> bytes:
    """libvips' own sRGB profile."""
    profile: bytes = pyvips.Operation.call("profile_load", "srgb")
    return profile


def _blob(image: pyvips.Image, name: str) -> bytes:
    return bytes(image.get(name)) if image.get_typeof(name) else b""


def _text(image: pyvips.Image, name: str) -> str:
    return str(image.get(name)) if image.get_typeof(name) else ""


def _resolution(image: pyvips.Image) -> Resolution | None:
    return Resolution.from_text(_text(image, RESOLUTION))


def _block_for(image: pyvips.Image, format_: str) -> bytes:
    """EXIF for a file of some format; nothing where there is none, or too much."""
    if format_ in ("tiff", "ppm"):
        return _blob(image, EXIF)
    resolution = _resolution(image) if format_ in ("webp", "avif", "jxl") else None
    if resolution and resolution.unit == "ratio":
        resolution = None  # EXIF has no such unit
    block = exif.updated(
        _blob(image, EXIF),
        size=(image.height, image.width),
        software=_text(image, SOFTWARE) or None,
        resolution=resolution,
    )
    most = {"jpeg": JPEG_MAX_BYTES, "avif": boxes.PLACEHOLDER_MAX_BYTES}.get(format_)
    if most is not None and len(block) > most:
        block = exif.compact(block)
        block = block if len(block) <= most else b""
    return block


def _captions(image: pyvips.Image) -> bytes:
    return photoshop.captions_in(_blob(image, "iptc-data") or _blob(image, "photoshop-data"))
