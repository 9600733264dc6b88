"""What goes wrong in the server, as problem+json (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from photochrom.errors import (
    Advice,
    AlreadyColoredError,
    ColorError,
    DamagedPictureError,
    FilmHintsError,
    FilmReadError,
    FilmWriteError,
    HintError,
    MemoryBudgetError,
    OptionError,
    PhotochromError,
    PictureReadError,
    PictureWriteError,
    ShapeError,
    UnsupportedError,
    UnsupportedFilmError,
)

CONTENT_TYPE = "application/problem+json"

CLIENT_GONE = 499
"""The status, for metrics only, of a request whose client didn't wait for the answer."""

_TITLES = {
    AlreadyColoredError: "The picture already has colors",
    DamagedPictureError: "The picture's file is damaged",
    PictureReadError: "The picture can't be read",
    PictureWriteError: "The picture can't be written this way",
    UnsupportedFilmError: "A film of this kind can't be colorized",
    FilmReadError: "The film can't be read",
    FilmWriteError: "The film can't be written this way",
    FilmHintsError: "The film's hints are invalid",
    HintError: "A hint is invalid",
    ColorError: "A color is invalid",
    OptionError: "An option is invalid",
    ShapeError: "A picture is invalid",
    UnsupportedError: "The model can't do this",
}
"""Errors that the asker can do something about, and what they are called in general."""


_WORDS = {
    Advice.ALLOW_DAMAGED: "Or open it as far as it can be decoded.",
    Advice.MORE_PIXELS: "Whoever started the server can raise the limit.",
    Advice.MORE_MEMORY: "Whoever started the server can raise the limit.",
    Advice.SEE_MODELS: "See the list of models.",
}
"""What to do about an error, for people who may see a page; programs get the advice itself."""


class Problem(Exception):
    """An answer that says what is wrong.

    Parameters
    ----------
    status : the HTTP status
    detail : what was found, what was wanted and what to do about it
    title : the same for all problems of this kind; the status's own words by default
    kind : the last word of the problem's type, such as ``hint``; none for "about:blank"
    headers : to send along
    errors : one entry for each field that is wrong
    advice : what can be done about it, for programs
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        title: str = "",
        kind: str = "",
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        advice: Sequence[Advice] = (),
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.kind, self.errors = status, detail, kind, errors
        self.advice = tuple(advice)
        self.title = title or (
            "Client gone" if status == CLIENT_GONE else HTTPStatus(status).phrase
        )
        self.headers = dict(headers or {})

    def body(self, instance: str) -> bytes:
        """The answer's JSON.

        Parameters
        ----------
        instance : the path that was asked for
        """
        members = {**self.members(), "instance": instance}
        return json.dumps(members, ensure_ascii=False).encode("utf-8", "backslashreplace")

    def members(self) -> dict[str, Any]:
        """What the answer says, whatever was asked for."""
        members: dict[str, Any] = {
            "type": f"urn:photochrom:problem:{self.kind}" if self.kind else "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            members["errors"] = list(self.errors)
        if self.advice:
            members["advice"] = list(self.advice)
        return members


def problem_of(error: PhotochromError) -> Problem:
    """The answer to one of the library's errors: 422 or 413 if the asker can mend it, else 500."""
    said = " ".join([str(error), *(_WORDS[one] for one in error.advice if one in _WORDS)])
    if isinstance(error, MemoryBudgetError):
        return Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, said, kind="memory", advice=error.advice
        )
    for kind, title in _TITLES.items():
        if isinstance(error, kind):
            word = kind.__name__.removesuffix("Error").removesuffix("Picture").lower()
            return Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY, said, title=title, kind=word, advice=error.advice
            )
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, str(error), title="Photochrom has failed")


def failed() -> Problem:
    """The answer to what nobody has foreseen."""
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR, "The server has failed at this; its log says how."
    )


def busy(detail: str, *, retry_after_s: int = 2) -> Problem:
    """The answer when there is too much to do at the moment."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        detail,
        kind="busy",
        headers={"Retry-After": str(retry_after_s)},
    )
