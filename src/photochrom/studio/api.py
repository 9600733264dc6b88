"""The routes of the HTTP API. They parse, hand the work to the `Studio`, and answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from fastapi.responses import FileResponse

from photochrom.pictures import footprint, formats, picture
from photochrom.pictures.picture import Picture
from photochrom.runtime.asked import Reference
from photochrom.runtime.hints import MOST_REACH, entries_of
from photochrom.runtime.options import Options, help_for
from photochrom.runtime.palette import palette_of
from photochrom.studio import orders, schemas
from photochrom.studio import samples as samples_
from photochrom.studio.choice import Choice
from photochrom.studio.held import Held, hold
from photochrom.studio.problems import Problem
from photochrom.studio.routing import (
    JPEG,
    MP4,
    PICTURE_ANSWER,
    PNG,
    InStudio,
    ModelName,
    OpenPicture,
    Uploaded,
    disposition,
    only_known,
    problems,
    refuse,
    upload_body,
)
from photochrom.studio.studio import Studio
from photochrom.studio.uploads import plain_name
from photochrom.version import __version__

routes = APIRouter(dependencies=[Depends(only_known)])


@routes.get("/v1/models", response_model=schemas.Models, responses=problems())
async def models(request: Request, studio: InStudio) -> Any:
    """List the available models, the current one, and the formats that can be read and written."""
    return await studio.work(request, partial(_models, studio.choice))


def _models(choice: Choice) -> dict[str, Any]:
    found, current = choice.facts()
    reads = [one.facts() for one in formats.KNOWN.values()]
    writes = [formats.WRITABLE[name].facts() for name in orders.WRITTEN]
    return {
        "models": found,
        "current": current,
        "reads": reads,
        "writes": writes,
        "clips": has_clips(),
    }


@routes.get("/v1/samples", response_model=schemas.Samples, responses=problems())
async def samples() -> Any:
    """List the sample photographs."""
    found = [
        {"name": name, "title": title, "url": f"/v1/samples/{name}"}
        for name, title in samples_.TITLES.items()
    ]
    return {"samples": found}


@routes.get(
    "/v1/samples/{name}",
    response_class=Response,
    responses={200: PICTURE_ANSWER, **problems(404)},
)
async def sample(name: str) -> Response:
    """Get a sample photograph."""
    if name not in samples_.TITLES:
        raise Problem(404, f"There is no sample '{name[:100]}'; see /v1/samples.")
    return FileResponse(samples_.FOLDER / f"{name}.jpg", media_type=JPEG)


@routes.post(
    "/v1/colorize",
    response_class=Response,
    responses={200: PICTURE_ANSWER, **problems()},
    openapi_extra=upload_body(**orders.ColorizeOrder.model_json_schema()["properties"]),
)
async def colorize(
    request: Request,
    studio: InStudio,
    upload: Uploaded,
    order: Annotated[orders.ColorizeOrder, Query()],
) -> Response:
    """Colorize a photograph. Options may be query parameters or fields of the form."""
    if upload.fields:
        order = orders.ColorizeOrder.model_validate({**upload.fields, **request.query_params})
    name = plain_name(order.name) or upload.name or "picture"
    options = order.options()
    look = partial(footprint.of, upload.data, name=name, max_pixels=studio.limits.pixels)
    found = await studio.work(request, look, subject=name)
    format_ = _format(found.format, order.format)

    def work() -> Response:
        source = picture.read(upload.data, name=name, max_pixels=studio.limits.pixels)
        source.check_writable(format_, quality=options.quality, lossless=options.lossless)
        colorizer = studio.choice.colorizer(order.model)
        prepared = colorizer.prepare(source, only_gray=options.only_gray, once=True)
        return _file(options.paint(prepared), format_, options)

    needs = found.writing(format_, lossless=options.lossless, kept=True)
    needs += studio.choice.opening_bytes(order.model)
    return await studio.work(request, work, needs=needs, subject=name)


@routes.post(
    "/v1/pictures",
    status_code=201,
    response_model=schemas.Opened,
    responses=problems(),
    openapi_extra=upload_body(),
)
async def open_picture(
    request: Request,
    studio: InStudio,
    upload: Uploaded,
    name: Annotated[str, Query(max_length=1000)] = "",
    allow_damaged: Annotated[bool, Query(description=help_for("allow_damaged"))] = False,
) -> Any:
    """Open a picture for further requests. It is kept in memory for a limited time."""
    refuse("body", list(upload.fields))
    named = plain_name(name) or upload.name or "picture"
    look = partial(footprint.of, upload.data, name=named, max_pixels=studio.limits.pixels)
    found = await studio.work(request, look, subject=named)
    held = await studio.work(
        request,
        partial(
            hold,
            upload.data,
            name=named,
            colorizer=studio.choice.own,
            max_pixels=studio.limits.pixels,
            allow_damaged=allow_damaged,
        ),
        needs=found.reading,
        subject=named,
    )
    studio.keep(held)
    return {
        "id": held.id,
        "name": held.name,
        "width": held.picture.width,
        "height": held.picture.height,
        "format": held.picture.format,
        "gray": held.gray,
        "notes": list(held.picture.notes),
        "preview": {"width": held.preview.width, "height": held.preview.height},
    }


Result = TypeVar("Result")


async def _as_ordered(
    request: Request,
    studio: Studio,
    held: Held,
    order: orders.OpenOrder,
    task: Callable[[Held, Options, Reference | None], Result],
    *,
    needs: int = 0,
) -> Result:
    """Do something in a thread with an open picture, as the order's model has seen it.

    Parameters
    ----------
    task : takes that, and the order's options and reference
    needs : bytes of memory besides what a preview takes
    """
    options, reference = order.options(), studio.reference(order.reference)

    def work() -> Result:
        colorizer = studio.choice.colorizer(order.model)
        return task(held.seen_by(colorizer), options, reference(colorizer))

    needs += studio.needs(held, model=order.model, reference=order.reference)
    return await studio.work(request, work, needs=needs, subject=held.name)


@routes.get(
    "/v1/pictures/{id}/original",
    response_class=Response,
    responses={200: PICTURE_ANSWER, **problems(404)},
)
async def original(request: Request, studio: InStudio, held: OpenPicture) -> Response:
    """Get the picture in gray, as a JPEG whose longer side is at most 1600 pixels."""
    return Response(await studio.work(request, held.original), media_type=JPEG)


@routes.post(
    "/v1/pictures/{id}/paint",
    response_class=Response,
    responses={200: PICTURE_ANSWER, **problems(404)},
)
async def paint(
    request: Request,
    studio: InStudio,
    held: OpenPicture,
    order: Annotated[orders.PaintOrder, Body()],
) -> Response:
    """Colorize an open picture: a preview, or the file at full size."""
    if not isinstance(order, orders.FileOrder):
        preview = await _as_ordered(request, studio, held, order, Held.paint)
        return Response(preview, media_type=JPEG)
    format_ = _format(held.footprint.format, order.format)

    def work(seen: Held, options: Options, reference: Reference | None) -> Response:
        held.picture.check_writable(format_, quality=options.quality, lossless=options.lossless)
        return _file(options.paint(seen.prepared, reference=reference), format_, options)

    needs = held.footprint.writing(format_, lossless=order.options().lossless, kept=True)
    return await _as_ordered(request, studio, held, order, work, needs=needs)


@routes.post(
    "/v1/pictures/{id}/coefficients",
    response_model=schemas.Coefficients,
    responses=problems(404),
)
async def coefficients(
    request: Request, studio: InStudio, held: OpenPicture, order: orders.PreviewOrder
) -> Any:
    """The colors of a preview, to be painted by whoever asks over the picture in gray."""
    return await _as_ordered(request, studio, held, order, Held.coefficients)


def has_clips() -> bool:
    """Whether PyAV is there, which the ``video`` extra installs."""
    return find_spec("av") is not None


@routes.post(
    "/v1/pictures/{id}/clip",
    response_class=Response,
    responses={200: {"content": {MP4: {}}}, **problems(404, 501)},
)
async def clip(
    request: Request, studio: InStudio, held: OpenPicture, order: orders.PreviewOrder
) -> Response:
    """Get the preview as a short film (MP4), in which the colors come in and go again.

    It needs the `video` extra; `clips` in /v1/models says whether it is there.
    """
    if not has_clips():
        raise Problem(501, "Clips need PyAV on the server: pip install 'photochrom[video]'.")
    made = await _as_ordered(request, studio, held, order, Held.clip)
    return Response(made, media_type=MP4)


@routes.post(
    "/v1/pictures/{id}/alternatives",
    response_model=schemas.Alternatives,
    responses=problems(404),
)
async def alternatives(
    request: Request, studio: InStudio, held: OpenPicture, order: orders.AlternativesOrder
) -> Any:
    """Find other plausible results, each with the hints that produce it."""

    def work(seen: Held, options: Options, reference: Reference | None) -> dict[str, Any]:
        entries = []
        found = seen.prepared.alternatives(order.count, seed=options.seed)
        for number, one in enumerate(found, start=1):
            chosen = replace(options, alternative=number).chosen(found, held.name)
            painted = seen.paint_thumbnail(chosen, reference)
            entries.append(
                {
                    "number": number,
                    "likelihood": one.likelihood,
                    "hints": entries_of(one.hints),
                    "thumbnail": formats.WRITABLE["jpeg"].data_url(painted),
                }
            )
        return {"alternatives": entries}

    return await _as_ordered(request, studio, held, order, work)


@routes.get(
    "/v1/pictures/{id}/colors", response_model=schemas.LikelyColors, responses=problems(404)
)
async def colors(
    request: Request,
    studio: InStudio,
    held: OpenPicture,
    x: Annotated[float, Query(description="In pixels of the full picture.")],
    y: float,
    hints: Annotated[orders.HintsText, Query(description="JSON, as for painting.")] = None,
    model: ModelName = None,
) -> Any:
    """Get the most likely colors at a point."""

    def work() -> list[tuple[str, float]]:
        return held.seen_by(studio.choice.colorizer(model)).likely_colors(x, y, hints=hints or ())

    found = await studio.work(request, work, needs=studio.needs(held, model=model))
    return {"colors": [{"color": color, "share": share} for color, share in found]}


@routes.post(
    "/v1/pictures/{id}/confidence",
    response_class=Response,
    responses={200: PICTURE_ANSWER, **problems(404)},
)
async def confidence(
    request: Request, studio: InStudio, held: OpenPicture, order: orders.ConfidenceOrder
) -> Response:
    """Get the confidence map as a gray PNG: white is certain, black is uncertain."""
    painted = await _as_ordered(request, studio, held, order, Held.confidence)
    return Response(painted, media_type=PNG)


@routes.get(
    "/v1/pictures/{id}/region",
    response_class=Response,
    responses={200: PICTURE_ANSWER, **problems(404)},
)
async def region(
    request: Request,
    studio: InStudio,
    held: OpenPicture,
    x: Annotated[float, Query(description="In pixels of the full picture.")],
    y: float,
    reach: Annotated[float, Query(gt=0, le=MOST_REACH, description="As for a hint.")] = 1.0,
    model: ModelName = None,
) -> Response:
    """Get the region that a hint at a point would color, as a gray PNG."""

    def work() -> bytes:
        return held.seen_by(studio.choice.colorizer(model)).region(x, y, reach=reach)

    found = await studio.work(request, work, needs=studio.needs(held, model=model))
    return Response(found, media_type=PNG)


@routes.get("/v1/pictures/{id}/traits", response_model=schemas.Traits, responses=problems(404))
async def traits(
    request: Request, studio: InStudio, held: OpenPicture, model: ModelName = None
) -> Any:
    """Get the features that separate the picture's regions, for finding them locally."""

    def work() -> dict[str, Any]:
        return held.seen_by(studio.choice.colorizer(model)).traits()

    return await studio.work(request, work, needs=studio.needs(held, model=model))


@routes.get("/v1/pictures/{id}/palette", response_model=schemas.Palette, responses=problems(404))
async def palette(request: Request, studio: InStudio, held: OpenPicture) -> Any:
    """Get the main colors of the uploaded picture."""
    look, needs = partial(palette_of, held.picture), held.footprint.reading
    return {"palette": await studio.work(request, look, needs=needs, subject=held.name)}


@routes.delete("/v1/pictures/{id}", status_code=204, responses=problems(404))
async def close_picture(studio: InStudio, id: str) -> None:
    """Close a picture and free its memory."""
    studio.shelf.remove(id)


@routes.get("/healthz", response_model=schemas.Health)
async def healthz() -> Any:
    """Report whether the server is running."""
    return {"status": "ok", "version": __version__}


def _format(own: str, asked: str | None) -> str:
    """The format of the answer: as asked, or the source's own where it can be written."""
    return asked or (own if own in formats.WRITABLE else "png")


def _file(painted: Picture, format_: str, options: Options) -> Response:
    """A picture as a file to keep."""
    data = painted.encode(format_, quality=options.quality, lossless=options.lossless)
    written = formats.WRITABLE[format_]
    stem = Path(painted.name).stem or "picture"
    name = f"{stem}-color{written.suffixes[0]}"
    return Response(data, media_type=written.media_type, headers=disposition(name))
