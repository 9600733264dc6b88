"""Where a picture's bytes come from, and what a file of its kind holds, before it is decoded."""

from __future__ import annotations

import io
import stat
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from photochrom.errors import PictureReadError
from photochrom.pictures import boxes, jpeg, old_jpeg, png, tiff
from photochrom.pictures.contents import Contents

MOST_PIPE_BYTES = 2**31
"""Of a picture that comes through a pipe, and so is held in memory; files may be larger."""


def taken(
    source: str | PathLike[str] | bytes, name: str, page: int
) -> tuple[Path | bytes, Contents | None]:
    """A file, or a file's bytes, in a form that libvips knows.

    Returns
    -------
    content : the path, or bytes where they came as such, through a pipe, or had to be mended
    contents : what it holds beside pixels; None where it is of no kind that is looked into

    Raises
    ------
    PictureReadError
        It is missing, empty or no file.
    """
    content = source if isinstance(source, bytes) else _checked(Path(source))
    if not content:
        raise PictureReadError(f"{name}: no data; expected the bytes of a picture file.")
    try:
        contents = _examined(content, page)
        if contents and not contents.ends:
            content = _bytes(content) + jpeg.END
        elif contents and contents.planes:
            content = tiff.parted(_bytes(content), contents.page)
        elif contents and contents.has_old_jpeg:
            content = old_jpeg.modernized(_bytes(content), contents.page)
            contents = replace(contents, page=0)
        elif contents and contents.is_sequence:
            whole = _bytes(content)
            content = whole[:8] + b"avif" + whole[12:]  # else libvips doesn't know it
    except OSError as error:
        raise PictureReadError(f"{name}: can't be read ({error.strerror}).") from error
    return content, contents


def read_pipe(pipe: BinaryIO, name: str) -> bytes:
    """A picture file from a pipe, whole.

    Raises
    ------
    PictureReadError
        It has no end after `MOST_PIPE_BYTES`.
    """
    content = bytearray()
    while part := pipe.read(2**20):
        content += part
        if len(content) > MOST_PIPE_BYTES:
            raise PictureReadError(
                f"{name}: the pipe has no end after {MOST_PIPE_BYTES // 2**20:,} MB. Give the "
                "picture as a file."
            )
    return bytes(content)


def _checked(path: Path) -> Path | bytes:
    """A regular file's path, or what came out of a pipe; raises where there is neither."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise PictureReadError(f"{path}: this is a folder; expected a picture file.")
        if stat.S_ISFIFO(mode):  # it can be read once only
            with path.open("rb") as pipe:
                return read_pipe(pipe, str(path))
        if not stat.S_ISREG(mode):
            raise PictureReadError(f"{path}: this is not a regular file; expected a picture file.")
        with path.open("rb") as file:
            if not file.read(1):
                raise PictureReadError(f"{path}: the file is empty; expected a picture.")
    except OSError as error:
        raise PictureReadError(f"{path}: can't be read ({error.strerror}).") from error
    except ValueError as error:  # a NUL byte in the name
        raise PictureReadError(f"{str(path)!r}: can't be read ({error}).") from error
    return path


def _examined(content: Path | bytes, page: int) -> Contents | None:
    """What a file holds beside pixels; None where it is of no kind that is looked into."""
    with stream(content) as file:
        for look in (jpeg.examine, png.examine, boxes.examine):
            if found := look(file):
                return found
            file.seek(0)
        return tiff.examine(file, page=page)


def _bytes(content: Path | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()


def stream(content: Path | bytes) -> BinaryIO:
    """A file, or bytes as one."""
    return io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
