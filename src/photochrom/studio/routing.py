"""What the routes of the API are made of: what they take, and how they are described."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from photochrom.pictures import formats
from photochrom.studio import orders
from photochrom.studio.held import Held
from photochrom.studio.problems import CLIENT_GONE, CONTENT_TYPE, Problem
from photochrom.studio.studio import Studio
from photochrom.studio.uploads import Upload, read_upload

if TYPE_CHECKING:
    from photochrom.studio import open_film

MP4 = "video/mp4"
JPEG, PNG = (formats.WRITABLE[name].media_type for name in ("jpeg", "png"))

PICTURE_ANSWER: dict[str, Any] = {
    "description": "The picture.",
    "content": {
        one.media_type: {"schema": {"type": "string", "format": "binary"}}
        for one in formats.WRITABLE.values()
    },
}


def upload_body(**fields: Any) -> dict[str, Any]:
    """How an upload is described: a form with a file and these fields, or the file alone."""
    file = {"type": "string", "format": "binary", "description": "The picture."}
    form = {"type": "object", "required": ["file"], "properties": {"file": file, **fields}}
    alone = {"schema": {"type": "string", "format": "binary"}}
    content = {"multipart/form-data": {"schema": form}, "application/octet-stream": alone}
    return {"requestBody": {"required": True, "content": content}}


def disposition(name: str) -> dict[str, str]:
    """The header that lets a browser save an answer under a name."""
    plain = "".join(sign if sign.isascii() and sign not in '"\\%' else "_" for sign in name)
    both = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return {"Content-Disposition": both}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the description of a route: what may go wrong."""
    schema = {"$ref": "#/components/schemas/ProblemAnswer"}
    everywhere = {400, 401, 403, 408, 413, 421, 422, 503}
    return {
        status: {
            "description": Problem(status, "").title,
            "content": {CONTENT_TYPE: {"schema": schema}},
        }
        for status in sorted(everywhere | set(statuses))
    }


def _studio(request: Request) -> Studio:
    studio: Studio = request.app.state.studio
    return studio


async def _upload(request: Request) -> Upload:
    try:
        return await read_upload(request.stream(), request.headers.get("content-type", ""))
    except ClientDisconnect as error:
        raise Problem(CLIENT_GONE, "") from error


async def _held(request: Request, id: str) -> Held:
    return _studio(request).shelf.get(id)


async def _film(request: Request, id: str) -> Any:
    return _studio(request).films.get(id)


InStudio = Annotated[Studio, Depends(_studio)]
Uploaded = Annotated[Upload, Depends(_upload)]
OpenPicture = Annotated[Held, Depends(_held)]
if TYPE_CHECKING:
    OpenFilm = open_film.OpenFilm  # its module needs the video extra
else:
    OpenFilm = Annotated[Any, Depends(_film)]
ModelName = Annotated[str | None, Query(max_length=64, description=orders.MODEL_HELP)]


async def only_known(request: Request) -> None:
    """Refuse query parameters that the route doesn't know.

    Raises
    ------
    RequestValidationError
        There is such a parameter.
    """
    known = _query_of(request.scope["route"])
    refuse("query", [name for name in request.query_params if name not in known])


def _query_of(route: APIRoute) -> frozenset[str]:
    """The query parameters that a route knows; those of a model are its fields."""
    parameters = route.dependant.query_params
    models = [one.field_info.annotation for one in parameters]
    return frozenset(one.alias for one in parameters) | {
        name
        for model in models
        if isinstance(model, type) and issubclass(model, BaseModel)
        for name in model.model_fields
    }


def refuse(place: str, names: Sequence[str]) -> None:
    """Refuse fields that nobody asked for.

    Raises
    ------
    RequestValidationError
        There are some.
    """
    if names:
        message = "Extra inputs are not permitted"
        raise RequestValidationError(
            [{"type": "extra_forbidden", "loc": (place, name), "msg": message} for name in names]
        )
