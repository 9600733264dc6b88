"""Several pages in one TIFF file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from photochrom.errors import PictureWriteError
from photochrom.pictures import formats, tiff, writing
from photochrom.pictures.defaults import QUALITY
from photochrom.pictures.picture import Picture


def save(
    sources: Sequence[Picture],
    finish: Callable[[Picture], Picture],
    target: Path,
    *,
    force: bool = False,
    quality: int = QUALITY,
    lossless: bool = False,
) -> list[Picture]:
    """Write pictures as the pages of one TIFF file, one after the other.

    Parameters
    ----------
    sources : what the pages are made of
    finish : gives what is to be written of each
    target : where to write
    force, quality, lossless : as for `Picture.save`

    Returns
    -------
    What was written

    Raises
    ------
    PictureWriteError
        The target is no TIFF file, or can't be written; else as for `Picture.save`.
    """
    if formats.writable(target.suffix, str(target)).name != "tiff":
        raise PictureWriteError(
            f"{target}: only TIFF holds several pages; write to .tif, or take the first page only."
        )
    all_bytes = sum(source.painted_bytes for source in sources)
    written = []
    try:
        with writing.whole(target, force=force) as whole:
            for source in sources:
                page = finish(source).among_pages(bytes_of_all=all_bytes)
                with writing.temporary(target) as one:
                    page.save(one, force=True, quality=quality, lossless=lossless)
                    with whole.open("r+b") as stream, one.open("rb") as more:
                        tiff.append(stream, more)
                written.append(page)
    except OSError as error:
        raise PictureWriteError(f"{target}: can't be written ({error.strerror}).") from error
    return written
