"""An open picture, and what is painted of it while somebody works on it."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom import color
from photochrom.errors import PictureReadError
from photochrom.pictures import footprint, picture
from photochrom.pictures.encoded import Encoded
from photochrom.pictures.footprint import Footprint
from photochrom.pictures.picture import Picture
from photochrom.runtime import region
from photochrom.runtime.asked import Reference
from photochrom.runtime.border import Box
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.hints import Hint
from photochrom.runtime.options import Options
from photochrom.runtime.prepared import Prepared
from photochrom.runtime.recent import Recent

PREVIEW_PX = 1600
"""The longer side of what is painted while somebody works on a picture."""

PREVIEW_QUALITY = 88

THUMBNAIL_PX = 320

CLIP_PX = 960
"""The longer side of a clip."""
MOST_LEVEL = 2**15 - 1
TRAIT_LEVELS = 2000
EMBEDDING_LEVELS = 32
"""So that most upper bytes are alike, and it is sent in little more than a byte a number."""

SEEN = 2
"""How many other models can see a picture at a time."""


@dataclass(eq=False, kw_only=True)
class Held:
    """An open picture."""

    name: str
    """What the person calls it, without folders."""
    prepared: Prepared
    footprint: Footprint
    """Of the picture at full size."""
    preview: Picture
    """A gray copy in memory, its longer side at most `PREVIEW_PX`."""
    thumbnail: Picture
    """A smaller one, `THUMBNAIL_PX`."""
    gray: bool
    """Whether the picture is gray or toned."""
    own_bytes: int
    """Of all that is above."""
    id: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    used: float = field(default_factory=time.monotonic)
    _seen: Recent[Held] = field(default_factory=lambda: Recent(SEEN))
    _references: Recent[Reference] = field(default_factory=lambda: Recent(SEEN))

    @property
    def picture(self) -> Picture:
        """The picture as it came, at full size."""
        return self.prepared.picture

    @property
    def size_bytes(self) -> int:
        """How much memory all of it takes."""
        return self.own_bytes + sum(one.prepared.size_bytes for one in self._seen.values())

    def seen_by(self, colorizer: Colorizer) -> Held:
        """The same picture as another model has seen it; it looks at it once."""
        if self.prepared.made_for(colorizer.network):
            return self

        def look() -> Held:
            prepared = colorizer.prepare(self.picture)
            return replace(self, prepared=prepared, own_bytes=0, _seen=Recent(1))

        return self._seen.once(colorizer.contract.identity, look)

    def reference(self, colorizer: Colorizer) -> Reference:
        """The picture as an example for others; looked at once by each model."""
        identity = colorizer.contract.identity
        return self._references.once(identity, lambda: colorizer.reference(self.picture))

    def original(self) -> bytes:
        """The preview as it came, in gray: JPEG."""
        return self.preview.encode("jpeg", quality=PREVIEW_QUALITY)

    def paint(self, options: Options, reference: Reference | None) -> bytes:
        """The preview in color: JPEG. Parameters and errors as for `Options.paint`."""
        painted = options.paint(self.prepared, reference=reference, copy=self.preview)
        return painted.encode("jpeg", quality=PREVIEW_QUALITY)

    def clip(self, options: Options, reference: Reference | None) -> bytes:
        """Before and after as a short film: MP4. Parameters and errors as for `Options.paint`.

        Raises
        ------
        MissingExtraError
            The `video` extra is not installed.
        FilmWriteError
            It can't be encoded.
        """
        from photochrom.video.clip import clip

        scale = min(1.0, CLIP_PX / max(self.preview.size))
        height, width = (max(2, round(scale * side)) for side in self.preview.size)
        painted = options.paint(self.prepared, reference=reference, copy=self.preview)
        before, after = (one.srgb(size=(height, width)) for one in (self.preview, painted))
        return clip(before, after)

    def coefficients(self, options: Options, reference: Reference | None) -> dict[str, Any]:
        """What a page needs to paint the preview by itself; see `schemas.Coefficients`."""
        *fields, inside = options.coefficients(self.prepared, reference=reference)
        height, width = fields[0].shape[:2]
        steps = [max(1e-6, float(np.abs(one).max())) / MOST_LEVEL for one in fields]
        planes = [one / step for one, step in zip(fields, steps, strict=True)]
        levels = np.rint(np.stack(planes)).astype("<i2")
        return {
            "width": width,
            "height": height,
            "steps": steps,
            "place": None if inside is None else self._in_preview(inside),
            "data": base64.b64encode(levels.tobytes()).decode(),
        }

    def _in_preview(self, box: Box) -> list[float]:
        """Left, top, height and width of a part of the picture, in pixels of the preview."""
        down = self.preview.height / self.picture.height
        across = self.preview.width / self.picture.width
        height, width = box.size
        return [box.left * across, box.top * down, height * down, width * across]

    def paint_thumbnail(self, options: Options, reference: Reference | None) -> bytes:
        """A small result: JPEG. Parameters and errors as for `Options.paint`."""
        painted = options.paint(self.prepared, reference=reference, copy=self.thumbnail)
        return painted.encode("jpeg", quality=PREVIEW_QUALITY)

    def traits(self) -> dict[str, Any]:
        """What a page needs to find regions by itself; see `orders.Traits`."""
        prepared = self.prepared
        readers = prepared.readers()
        traits = np.moveaxis(prepared.embedding(), 0, -1) if len(readers) else prepared.traits()
        scale = EMBEDDING_LEVELS if len(readers) else TRAIT_LEVELS
        height, width, channels = traits.shape
        levels = np.clip(np.rint(traits * scale), -(2**15), 2**15 - 1).astype("<i2")
        return {
            "width": width,
            "height": height,
            "channels": channels,
            "levels": scale,
            "place": list(prepared.place),
            "way": region.WAY,
            "step": region.STEP_SHARE / min(height, width),
            "readers": readers.tolist(),
            "data": base64.b64encode(levels.tobytes()).decode(),
        }

    def likely_colors(
        self, x: float, y: float, *, hints: Sequence[Hint]
    ) -> list[tuple[str, float]]:
        """`Prepared.likely_colors`; whoever asks will set a hint there, whose region is kept."""
        found = self.prepared.likely_colors(x, y, hints=hints)
        self.prepared.region(x, y)
        return found

    def region(self, x: float, y: float, *, reach: float) -> bytes:
        """`Prepared.region` at the size of the preview: gray PNG."""
        return self.prepared.region_picture(x, y, reach, size=self.preview.size).encode("png")

    def confidence(self, options: Options, reference: Reference | None) -> bytes:
        """`Prepared.confidence` at the size of the preview: gray PNG."""
        hints = options.all_hints(self.prepared)
        sure = self.prepared.confidence_picture(
            hints=hints, reference=reference, size=self.preview.size
        )
        return sure.encode("png")


def hold(
    data: bytes,
    *,
    name: str,
    colorizer: Colorizer,
    max_pixels: int,
    allow_damaged: bool = False,
) -> Held:
    """Open a picture: read it, run the encoder, make the copies that are painted at once.

    Parameters
    ----------
    data : a picture file's bytes
    name : what to call it
    max_pixels : larger pictures are refused, by their header
    allow_damaged : take what can be decoded of a file that is damaged or truncated

    Raises
    ------
    PictureReadError
        It can't be read, or is too large.
    """
    source = picture.read(data, name=name, max_pixels=max_pixels, allow_damaged=allow_damaged)
    prepared = colorizer.prepare(source)
    colors = _copy(data, source, allow_damaged=allow_damaged)
    preview = _gray(colors)
    small = picture.from_array(preview)
    thumbnail = small.srgb(size=_fitting(small.size, THUMBNAIL_PX))[..., 0]
    arrays = (preview, thumbnail)
    return Held(
        name=name,
        prepared=prepared,
        footprint=footprint.of(data, name=name, max_pixels=max_pixels),
        preview=small,
        thumbnail=picture.from_array(np.ascontiguousarray(thumbnail)),
        gray=picture.from_array(colors).is_monochrome(),
        own_bytes=len(data) + prepared.size_bytes + sum(array.nbytes for array in arrays),
    )


def _copy(data: bytes, source: Picture, *, allow_damaged: bool) -> NDArray[np.uint8]:
    """The picture at the size of previews, (H, W, 3)."""
    height, width = _fitting(source.size, PREVIEW_PX) or source.size
    # Not `Picture.srgb`, which brings every file through color management: five times as long.
    encoded = Encoded.at(data, name=source.name, allow_damaged=allow_damaged)

    def shrunk() -> pyvips.Image:
        image = encoded.open_upright()
        return image.thumbnail_image(width, height=height, size="force")

    try:
        return picture.from_image(shrunk(), name=source.name).srgb()
    except PictureReadError:
        encoded.verify()
        raise


def _fitting(size: tuple[int, int], longer_px: int) -> tuple[int, int] | None:
    """The (height, width) whose longer side is `longer_px`; None where it is shorter."""
    if max(size) <= longer_px:
        return None
    height, width = (max(1, round(side * longer_px / max(size))) for side in size)
    return height, width


def _gray(srgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) -> (H, W), of the same lightness."""
    first = srgb[..., 0]
    if ((first == srgb[..., 1]) & (first == srgb[..., 2])).all():
        return np.ascontiguousarray(first)
    y = color.luminance(color.srgb_to_linear(srgb))
    return np.rint(255 * color.linear_to_srgb(y)).astype(np.uint8)
