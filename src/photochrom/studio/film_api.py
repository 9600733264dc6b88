"""The routes for films. They parse, hand the work to `Films` and its films, and answer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import IO, Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from starlette.requests import ClientDisconnect

from photochrom.pictures import footprint
from photochrom.studio import film_orders as orders
from photochrom.studio import schemas
from photochrom.studio.problems import CLIENT_GONE, Problem
from photochrom.studio.routing import (
    JPEG,
    PICTURE_ANSWER,
    PNG,
    InStudio,
    OpenFilm,
    Uploaded,
    disposition,
    only_known,
    problems,
    refuse,
    upload_body,
)
from photochrom.studio.uploads import plain_name

film_routes = APIRouter(dependencies=[Depends(only_known)])

FILE_ANSWER: dict[str, Any] = {
    "description": "The file.",
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}
FILM_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
PICTURE: dict[str, Any] = {
    "response_class": Response,
    "responses": {200: PICTURE_ANSWER, **problems(404, 501)},
}
"""What routes that answer with a picture have in common."""

PIECE_BYTES = 1 << 20
"""A file is sent in pieces of this size."""

Number = Annotated[int, Query(ge=0, lt=2**31, description="A frame's number, from 0.")]


@film_routes.get("/v1/films", response_model=orders.Films, responses=problems())
async def films(studio: InStudio) -> Any:
    """Tell whether films can be opened, how large they may be, and how they can be written."""
    return studio.films.facts()


@film_routes.post(
    "/v1/films",
    status_code=201,
    response_model=orders.FilmState,
    responses=problems(409, 501, 507),
    openapi_extra=FILM_BODY,
)
async def open_film(
    request: Request, studio: InStudio, name: Annotated[str, Query(max_length=1000)] = ""
) -> Any:
    """Open a film, whose file is the body. Its shots are then found in the background."""
    studio.films.check_offered()
    named = plain_name(name) or "film"
    told = request.headers.get("content-length", "")
    try:
        path = await studio.films.receive(
            request.stream(), name=named, told=int(told) if told.isdecimal() else 0
        )
    except ClientDisconnect as error:
        raise Problem(CLIENT_GONE, "") from error
    try:
        look = partial(studio.films.looking_bytes, path, named)
        needs = await studio.work(request, look, subject=named)
        open_ = partial(studio.films.open, path, named)
        film = await studio.work(request, open_, needs=needs, subject=named)
    except BaseException:
        studio.films.abandon(path)
        raise
    return film.state()


@film_routes.get("/v1/films/{id}", response_model=orders.FilmState, responses=problems(404, 501))
async def film_state(film: OpenFilm) -> Any:
    """Get the state of an open film: the shots found so far, its hints, its coloring."""
    return film.state()


@film_routes.put(
    "/v1/films/{id}/hints", response_model=orders.FilmState, responses=problems(404, 501)
)
async def take_hints(film: OpenFilm, order: orders.FilmHintsOrder) -> Any:
    """Set what is known of a film: hints, painted frames, references and cuts."""
    film.take_hints(order)
    return film.state()


@film_routes.get(
    "/v1/films/{id}/hints",
    response_class=Response,
    responses={200: FILE_ANSWER, **problems(404, 501, 507)},
)
async def hints_file(request: Request, studio: InStudio, film: OpenFilm) -> Response:
    """Get the hints as a file for the command line: JSON, or a ZIP with the pictures it names."""
    name, file = await studio.work(request, film.hints_file)
    kind = "application/json" if name.endswith(".json") else "application/zip"
    return StreamingResponse(_pieces(file), media_type=kind, headers=disposition(name))


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE_BYTES):
            yield piece


@film_routes.post(
    "/v1/films/{id}/pictures",
    status_code=201,
    response_model=orders.PictureKept,
    responses=problems(404, 409, 501, 507),
    openapi_extra=upload_body(),
)
async def keep_picture(
    request: Request,
    studio: InStudio,
    film: OpenFilm,
    upload: Uploaded,
    name: Annotated[str, Query(max_length=1000)] = "",
) -> Any:
    """Send a picture that hints can name: a painted frame, or a reference."""
    refuse("body", list(upload.fields))
    named = plain_name(name) or upload.name or "picture"
    most = studio.limits.pixels
    look = partial(footprint.of, upload.data, name=named, max_pixels=most)
    found = await studio.work(request, look, subject=named)
    needs = found.reading
    keep = partial(film.pictures.keep, upload.data, name=named, max_pixels=most, reading=needs)
    kept, gray = await studio.work(request, keep, needs=needs, subject=named)
    return {"picture": kept, "gray": gray}


@film_routes.get("/v1/films/{id}/pictures/{name}", **PICTURE)
async def kept_picture(request: Request, studio: InStudio, film: OpenFilm, name: str) -> Response:
    """Get a small copy of a picture that was sent."""
    look, needs = partial(film.pictures.small, name), film.pictures.reading_bytes(name)
    found = await studio.work(request, look, needs=needs, subject=name)
    return Response(found, media_type=JPEG)


@film_routes.get("/v1/films/{id}/thumbnail", **PICTURE)
async def thumbnail(
    request: Request, studio: InStudio, film: OpenFilm, first_frame: Number
) -> Response:
    """Get a small picture of a shot, in color; the shot is named by its first frame."""
    look, needs = partial(film.thumbnail, first_frame), film.looking_bytes
    return Response(
        await studio.work(request, look, needs=needs, subject=film.name), media_type=JPEG
    )


@film_routes.get("/v1/films/{id}/frame", **PICTURE)
async def frame(request: Request, studio: InStudio, film: OpenFilm, number: Number) -> Response:
    """Get a whole frame in gray, as a PNG to be painted elsewhere."""
    look, needs = partial(film.frame, number), film.looking_bytes
    found = await studio.work(request, look, needs=needs, subject=film.name)
    name = f"{film.name}-frame-{number}.png"
    return Response(found, media_type=PNG, headers=disposition(name))


@film_routes.post(
    "/v1/films/{id}/glimpse", response_model=orders.GlimpseFound, responses=problems(404, 501)
)
async def glimpse(
    request: Request, studio: InStudio, film: OpenFilm, order: orders.GlimpseOrder
) -> Any:
    """Get eight frames of a shot in color, and one of them larger where it is asked for."""
    look = partial(film.glimpse, order)
    return await studio.work(request, look, needs=film.painting_bytes, subject=film.name)


@film_routes.get(
    "/v1/films/{id}/colors", response_model=schemas.LikelyColors, responses=problems(404, 501)
)
async def film_colors(
    studio: InStudio,
    film: OpenFilm,
    asked: Annotated[orders.ColorsOrder, Query()],
    request: Request,
) -> Any:
    """Get the most likely colors at a point of a frame of the shot that was shown last."""
    look = partial(film.likely_colors, asked.number, asked.x, asked.y)
    found = await studio.work(request, look)
    return {"colors": [{"color": color, "share": share} for color, share in found]}


@film_routes.post(
    "/v1/films/{id}/rendering",
    status_code=202,
    response_model=orders.Rendering,
    responses=problems(404, 409, 501, 507),
)
async def render(studio: InStudio, film: OpenFilm, order: orders.RenderOrder) -> Any:
    """Begin to color the whole film, in the background. One that was stopped goes on."""
    studio.films.render(film, order)
    return film.rendering_facts()


@film_routes.delete("/v1/films/{id}/rendering", status_code=204, responses=problems(404, 501))
async def stop_rendering(film: OpenFilm) -> None:
    """Stop coloring a film; what is done is kept."""
    if film.rendering is not None:
        film.rendering.stop()


@film_routes.get(
    "/v1/films/{id}/result",
    response_class=Response,
    responses={200: FILE_ANSWER, **problems(404, 501)},
)
async def result(film: OpenFilm) -> Response:
    """Get the colored film."""
    rendering = film.rendering
    if rendering is None or not rendering.is_finished:
        raise Problem(404, "The film has not been colored yet.")
    return FileResponse(
        rendering.target,
        media_type="application/octet-stream",
        headers=disposition(rendering.target.name),
    )


@film_routes.delete("/v1/films/{id}", status_code=204, responses=problems(404, 501))
async def close_film(request: Request, studio: InStudio, id: str) -> None:
    """Close a film: end what is done for it, and remove its files."""
    await studio.work(request, partial(studio.films.remove, id))
