"""The pictures that come with a film: painted frames and references, in a folder beside it."""

from __future__ import annotations

import itertools
import re
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

from photochrom.errors import FilmHintsError
from photochrom.pictures import picture
from photochrom.studio import disk
from photochrom.studio.problems import Problem

MOST_PICTURES = 200
"""How many pictures may come with a film."""

SMALL_PX = 144
"""The short side of a small copy."""


class FilmPictures:
    """The pictures of one film.

    Parameters
    ----------
    folder : where they lie; it is made, and goes with the film's own
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._reading: dict[str, int] = {}
        self._numbers = itertools.count(1)
        folder.mkdir()

    def keep(self, data: bytes, *, name: str, max_pixels: int, reading: int) -> tuple[str, bool]:
        """Keep a picture that hints can name; returns what to call it, and whether it is gray.

        Parameters
        ----------
        data, name, max_pixels : as for `picture.read`
        reading : how much memory it takes to read it

        Raises
        ------
        PictureReadError
            It can't be read, or is too large.
        Problem
            409: there are too many; 507: the disk is full.
        """
        if len(self._reading) >= MOST_PICTURES:
            raise Problem(409, f"At most {MOST_PICTURES} pictures may come with a film.")
        small = picture.read(data, name=name, max_pixels=max_pixels).srgb(short_side_px=64)
        stem, suffix = Path(name).stem, Path(name).suffix.lower()
        plain = re.sub(r"[^A-Za-z0-9_-]+", "-", stem)[:40].strip("-") or "picture"
        ending = suffix if re.fullmatch(r"\.[a-z0-9]{1,5}", suffix) else ".png"
        kept = f"{plain}-{next(self._numbers)}{ending}"
        try:
            with disk.room(self.folder, len(data)):
                (self.folder / kept).write_bytes(data)
        except Problem:
            (self.folder / kept).unlink(missing_ok=True)
            raise
        self._reading[kept] = reading
        return kept, picture.from_array(small).is_monochrome()

    def small(self, name: str) -> bytes:
        """A small copy of a picture: JPEG. Errors as for `reading_bytes`."""
        self.reading_bytes(name)
        small = picture.read(self.folder / name).srgb(short_side_px=SMALL_PX)
        return picture.from_array(small).encode("jpeg", quality=85)

    def reading_bytes(self, name: str) -> int:
        """How much memory it takes to read a picture.

        Raises
        ------
        Problem
            404: there is no such picture.
        """
        if name not in self._reading:
            raise Problem(404, "There is no such picture.")
        return self._reading[name]

    def packed(self, names: Iterable[str], texts: Mapping[str, bytes]) -> IO[bytes]:
        """Pictures and texts as a ZIP file on the disk, which goes when it is closed.

        Parameters
        ----------
        names : of the pictures
        texts : by name

        Raises
        ------
        Problem
            507: the disk is full.
        """
        paths = [self.folder / name for name in sorted(names)]
        with disk.room(self.folder, sum(path.stat().st_size for path in paths)):
            file = tempfile.TemporaryFile(dir=self.folder)  # noqa: SIM115
            with zipfile.ZipFile(file, "w") as archive:
                for name, text in texts.items():
                    archive.writestr(name, text)
                for path in paths:
                    archive.write(path, path.name)
            file.seek(0)
        return file

    def check(self, paths: Iterable[Path]) -> None:
        """Refuse files that are none of these pictures.

        Raises
        ------
        FilmHintsError
            There is one.
        """
        for path in paths:
            if path.parent != self.folder or path.name not in self._reading:
                raise FilmHintsError(f"The picture {path.name} is not here; send it first.")
