"""What was done to one photograph, as a line of JSON; `manifest` and `parts` say of what kind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar

from photochrom.models import fields
from photochrom.models.contract import ModelIdentity
from photochrom.models.plain import read_json

_SIZE = fields.whole(0, 2**63)
_SECONDS = fields.real(0, 1e12)

StampT = TypeVar("StampT", bound=NamedTuple)


@dataclass(frozen=True, kw_only=True)
class Entry(Generic[StampT]):
    """One line: plain values, which go between processes as they are.

    A stamp is a size in bytes and something else that changes when a file or an object does.
    """

    STATUSES: ClassVar[tuple[str, ...]]
    STAMP: ClassVar[type[Any]]
    MARK: ClassVar[Any]
    """What a stamp's second part may be: a check of `models.fields`."""

    input: str
    """The photograph."""
    output: str
    """The result."""
    status: str
    input_stamp: StampT | None = None
    output_stamp: StampT | None = None
    sha256: str = ""
    """Of the result."""
    model: ModelIdentity | None = None
    """What made the result, where that is known."""
    seconds: float = 0.0
    error: str = ""

    def to_json(self) -> str:
        """The record as a line without its end; the inverse of `from_json`."""
        table: dict[str, Any] = {
            "input": self.input,
            "output": self.output,
            "status": self.status,
            "error": self.error or None,
            "seconds": round(self.seconds, 3),
            "model": self.model.name if self.model else None,
            "model_version": (self.model.version or None) if self.model else None,
            "model_sha256": (self.model.sha256 or None) if self.model else None,
            "sha256": self.sha256 or None,
        }
        for name, stamp in (("input", self.input_stamp), ("output", self.output_stamp)):
            if stamp is not None:
                size, mark = stamp
                table |= {f"{name}_bytes": size, f"{name}_{self._mark()}": mark}
        table = {key: value for key, value in table.items() if value is not None}
        text = json.dumps(table, ensure_ascii=False)
        try:
            text.encode()
        except UnicodeEncodeError:  # a file's name that isn't UTF-8
            return json.dumps(table)
        return text

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a line. Keys that aren't known are left out.

        Raises
        ------
        ValueError
            It is no record.
        """
        try:
            table = fields.table(read_json(text), "the line")
            return cls(
                input=_text_in(table, "input"),
                output=_text_in(table, "output"),
                status=fields.choice(*cls.STATUSES)(table.get("status"), "status"),
                input_stamp=cls._stamp_in(table, "input"),
                output_stamp=cls._stamp_in(table, "output"),
                sha256=_text_in(table, "sha256", ""),
                model=_model_in(table),
                seconds=_SECONDS(table.get("seconds", 0.0), "seconds"),
                error=_text_in(table, "error", ""),
            )
        except ValueError as error:
            raise ValueError(f"not a record ({error})") from error

    @classmethod
    def _mark(cls) -> str:
        """What a stamp's second part is called."""
        return str(cls.STAMP._fields[1])

    @classmethod
    def _stamp_in(cls, table: dict[str, Any], name: str) -> StampT | None:
        size, mark = f"{name}_bytes", f"{name}_{cls._mark()}"
        if size not in table:
            return None
        stamp: StampT = cls.STAMP(_SIZE(table[size], size), cls.MARK(table.get(mark), mark))
        return stamp


def _text_in(table: dict[str, Any], key: str, default: str | None = None) -> str:
    found: str = fields.text(table.get(key, default), key)
    return found


def _model_in(table: dict[str, Any]) -> ModelIdentity | None:
    if "model" not in table:
        return None
    version, sha256 = (_text_in(table, f"model_{key}", "") for key in ("version", "sha256"))
    return ModelIdentity(_text_in(table, "model"), version, sha256)
