"""The models that a person has added: ``NAME.onnx`` and ``NAME.toml`` in a folder of their own.

The second file is the first one's descriptor, and holds its hash and its license. Where the
first one has a contract inside, there is no more in it than that.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from photochrom.errors import Advice, ModelError
from photochrom.models.file import digest_of
from photochrom.models.plain import read_text, read_toml

VARIABLE = "PHOTOCHROM_MODELS"
"""Names another folder, such as one that several machines see."""


@dataclass(frozen=True, kw_only=True)
class AddedModel:
    """A model of the folder."""

    name: str
    path: Path
    sha256: str = ""
    like: str = ""
    """The known kind that it is of; empty for none."""
    licence: str = ""
    domain: str = ""
    default: bool = False

    @property
    def size_bytes(self) -> int:
        """The size of its file; 0 where that is gone."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def verified(self) -> Path:
        """Its file, which is the one that was added.

        Raises
        ------
        ModelError
            It is gone, or another one.
        """
        try:
            digest = digest_of(self.path)
        except OSError as error:
            raise ModelError(
                f"The file of the model '{self.name}' can't be read ({error.strerror}).",
                advice=[Advice.ADD_AGAIN],
            ) from error
        if digest != self.sha256:
            found = "has changed since it was added" if self.sha256 else "has no recorded hash"
            raise ModelError(
                f"The file of the model '{self.name}' {found}.",
                advice=[Advice.ADD_AGAIN],
            )
        return self.path


def folder() -> Path:
    """Where added models are; it need not exist."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser()
    return platformdirs.user_data_path("photochrom", appauthor=False) / "models"


def added_models() -> tuple[AddedModel, ...]:
    """The models of the folder, by their names.

    Raises
    ------
    ModelError
        The folder can't be read.
    """
    place = folder()
    try:
        notes = sorted(place.glob("*.toml")) if place.is_dir() else []
    except OSError as error:
        raise ModelError(f"{place}: can't be read ({error.strerror}).") from error
    return tuple(_read(path) for path in notes)


def find_added(name: str) -> AddedModel | None:
    """The added model of this name; None where there is none."""
    return next((one for one in added_models() if one.name == name), None)


def _read(note: Path) -> AddedModel:
    """What the note of a model says; of one that can't be read, no more than its name."""
    try:
        table = read_toml(read_text(note))
    except ValueError:
        table = {}
    return AddedModel(
        name=note.stem,
        path=note.with_suffix(".onnx"),
        sha256=_text(table, "sha256"),
        like=_text(table, "like"),
        licence=_text(table, "licence"),
    )


def _text(table: dict[str, Any], key: str) -> str:
    value = table.get(key, "")
    return value if isinstance(value, str) else ""
