"""Reading an upload: a multipart form with a file, or a picture as the whole body. In memory."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from photochrom.studio.problems import Problem

MAX_FIELDS = 32
MAX_FIELD_BYTES = 1_000_000
MAX_NAME = 120


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A picture's file as it came, and what was said with it."""

    data: bytes
    name: str
    """Its name without folders; empty where it has none."""
    fields: dict[str, str]


async def read_upload(chunks: AsyncIterator[bytes], content_type: str) -> Upload:
    """Collect an upload.

    Parameters
    ----------
    chunks : the request's body
    content_type : a multipart form's file stands in its field ``file``; a body of any other
        type is the file

    Raises
    ------
    Problem
        422: there is no picture in it, or it is no form as wanted.
    """
    kind, parameters = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        data = b"".join([chunk async for chunk in chunks])
        upload = Upload(data=data, name="", fields={})
    else:
        upload = await _read_form(chunks, parameters.get(b"boundary", b""))
    if not upload.data:
        raise Problem(422, "No picture was sent, or it is empty.")
    return upload


def plain_name(name: str) -> str:
    """A file name from outside without folders and control characters, of bearable length."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C").strip()
    if kept.strip(".") == "":
        return ""
    stem, dot, suffix = kept.rpartition(".")
    if len(kept) > MAX_NAME and dot and len(suffix) < 10:
        return f"{stem[: MAX_NAME - len(suffix) - 1]}.{suffix}"
    return kept[:MAX_NAME]


async def _read_form(chunks: AsyncIterator[bytes], boundary: bytes) -> Upload:
    form = _Form()
    try:
        if not boundary:
            raise FormParserError("it names no boundary")
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": form.begin_part,
                "on_header_field": form.add_header_name,
                "on_header_value": form.add_header_value,
                "on_header_end": form.end_header,
                "on_headers_finished": form.end_headers,
                "on_part_data": form.add_data,
                "on_part_end": form.end_part,
                "on_end": form.end,
            },
        )
        async for chunk in chunks:
            parser.write(chunk)
        if not form.whole:
            raise FormParserError("it is cut short")
    except FormParserError as error:
        raise Problem(422, f"The form can't be read ({error}).") from error
    data = bytes(form.file or b"")
    return Upload(data=data, name=plain_name(form.file_name), fields=form.fields)


@dataclass
class _Form:
    """What a multipart parser has found so far."""

    fields: dict[str, str] = field(default_factory=dict)
    file: bytearray | None = None
    file_name: str = ""
    whole: bool = False
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _header: tuple[bytes, bytes] = (b"", b"")
    _name: str = ""
    _data: bytearray = field(default_factory=bytearray)

    def begin_part(self) -> None:
        self._headers, self._header, self._data = {}, (b"", b""), bytearray()

    def add_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header = (self._header[0] + data[start:end], self._header[1])

    def add_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header = (self._header[0], self._header[1] + data[start:end])

    def end_header(self) -> None:
        name, value = self._header
        self._headers[name.lower()] = value
        self._header = (b"", b"")

    def end_headers(self) -> None:
        disposition = self._headers.get(b"content-disposition", b"").decode("latin-1")
        _, parameters = parse_options_header(disposition)
        self._name = parameters.get(b"name", b"").decode("utf-8", "replace")
        if self._name == "file":
            if self.file is not None:
                raise Problem(422, "The form contains several files; send them one at a time.")
            self.file = self._data
            name = parameters.get(b"filename", b"").decode("utf-8", "replace")
            self.file_name = name.replace("%22", '"')  # as browsers write it; they leave % as it is
        elif len(self.fields) >= MAX_FIELDS:
            raise Problem(422, f"The form has more than {MAX_FIELDS} fields.")

    def add_data(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]
        if self._name != "file" and len(self._data) > MAX_FIELD_BYTES:
            raise Problem(422, f"The form's field '{self._name}' is too long.")

    def end_part(self) -> None:
        if self._name != "file":
            self.fields[self._name] = self._data.decode("utf-8", "replace")

    def end(self) -> None:
        self.whole = True
