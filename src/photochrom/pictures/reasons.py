"""What libvips or the system said of a failure, for a person."""

from __future__ import annotations

_DECODERS = ("jpeg", "png", "tiff", "webp", "gif", "heif")


def reason(error: Exception, kind: str = "") -> str:
    """What libvips or the system said, in a line.

    libvips keeps one text for all threads, so that what it said of another file may stand in it;
    for a file of this kind, such as ``WebP`` or ``webpload``, what other decoders said is left out.
    """
    detail = getattr(error, "detail", "") or getattr(error, "strerror", "") or str(error)
    lines = [line.strip() for line in str(detail).splitlines()]
    said = [line for line in lines if line and not line.startswith(_OF_NO_FILE)]
    if _WRITE_FAILED in said and _UNKNOWN in said:  # after the first failure, which has its reason
        said = [line for line in said if line not in (_WRITE_FAILED, _UNKNOWN)]
        said = said or ["it could not all be written; check that the disk has room"]
    if kind:
        said = [line for line in said if not _is_of_another(line, kind.lower())]
    system = [line.removeprefix("system error: ") for line in said if "system error: " in line]
    return (system or said or ["no reason is known"])[0]


_WRITE_FAILED = "wbuffer_write: write failed"
_UNKNOWN = "system error: Unknown error -1"
_OF_NO_FILE = ("unable to ", "image: no property named ")


def _is_of_another(line: str, kind: str) -> bool:
    """Whether a decoder of other files than of this kind says so, as ``tiff2vips: ...``."""
    decoder = line.partition(":")[0].lower()
    kind = kind.replace("avif", "heif").replace("heic", "heif")
    foreign = any(name in decoder and name not in kind for name in _DECODERS)
    return foreign and decoder.isidentifier()  # and no file's name
