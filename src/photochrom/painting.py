"""A photograph's own lightness and a field of colours -> sRGB, as libvips pipelines.

Pixels stream: nothing of the photograph's size is held. The colours are an affine function of
lightness, ``ab = gain L* + offset``, whose two coefficient images may be of any size and are
interpolated (see `runtime.upsample`).

Two pipelines do the same: a plain one in floating point for 16-bit pictures, and a fast one
for 8-bit pictures. An 8-bit picture has 256 lightness values, so that everything that depends
on (lightness, a*) or (lightness, b*) is one look-up in 65,536 entries; and above
`HALF_CHROMA_PIXELS` colours, like those in a JPEG or in a film, need half the resolution only.
`docs/explanation/performance.md` says what each step costs.

libvips computes a shared node once for each of its users, so that the pipelines are trees
with a cache where something costly is used twice.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom import color

HALF_CHROMA_PIXELS = 500_000
"""Larger 8-bit pictures get one colour for 2 x 2 pixels; each pixel keeps its own lightness."""

STEP = 0.8
"""How finely the fast pipeline rounds a* and b*."""

ZERO_A, ZERO_B = 113, 138
"""Codes of a* = 0 and b* = 0; 8 bits then hold a* -90..114 and b* -110..94."""

CACHE_ROWS = 32


def paint(image: pyvips.Image, offset: pyvips.Image, gain: pyvips.Image | None) -> pyvips.Image:
    """Give an image colours; its lightness, alpha, depth and metadata stay.

    Parameters
    ----------
    image : sRGB or grey, 8 or 16 bit, with or without alpha
    offset, gain : two float bands each, of any size; ``ab = gain L* + offset``. No gain
        means 0.

    Returns
    -------
    sRGB of the same size and depth. Colours that sRGB can't show move towards grey at equal
    lightness.
    """
    opaque = image[: image.bands - 1] if image.hasalpha() else image
    painted = (_paint_deep if image.format == "ushort" else _paint_fast)(opaque, offset, gain)
    if image.hasalpha():
        painted = painted.bandjoin(image[image.bands - 1])
    return painted


def fit(field: pyvips.Image, width: int, height: int) -> pyvips.Image:
    """Interpolate a coefficient image to a size, bilinearly, edges of both coinciding.

    Parameters
    ----------
    field : an image of any size
    width, height : the size to reach

    Returns
    -------
    A lazy image of that size; values stay within the range of the field's
    """
    if height < field.height or width < field.width:
        across, down = min(1, width / field.width), min(1, height / field.height)
        field = field.resize(across, vscale=down, kernel="linear")
    if (field.width, field.height) == (width, height):
        return field
    # Not `resize`, whose result lies half a pixel too far right and down.
    return field.affine(
        [width / field.width, 0, 0, height / field.height],
        interpolate=pyvips.Interpolate.new("bilinear"),
        oarea=[0, 0, width, height],
        extend="copy",
        idx=0.5,
        idy=0.5,
        odx=-0.5,
        ody=-0.5,
    )


def _lookup(values: NDArray[np.generic]) -> pyvips.Image:
    """A libvips table from code values to `values`; (N,) or (N, bands)."""
    return pyvips.Image.new_from_array(np.ascontiguousarray(values)[None])


# 16 bit


def _paint_deep(
    image: pyvips.Image, offset: pyvips.Image, gain: pyvips.Image | None
) -> pyvips.Image:
    f_y = _lightness_f(image)
    ab = fit(offset, image.width, image.height)
    if gain is not None:
        ab = ab + fit(gain, image.width, image.height) * f_y.linear(116, -16)
    f = _cached((f_y + ab[0] / 500).bandjoin([f_y, f_y - ab[1] / 200]))
    line = f.linear(116 / color.KAPPA, -16 / color.KAPPA)
    relative = _cached((f > color.EPSILON ** (1 / 3)).ifthenelse(f * f * f, line))
    light = _cached(relative.recomb(color.RELATIVE_TO_RGB.tolist()))
    light = _cached(_fit_gamut(light, relative[1]))
    curve = light.math2_const("pow", [1 / 2.4]).linear(1.055 * 65535, -0.055 * 65535)
    codes = (light > 0.0031308).ifthenelse(curve, light * (12.92 * 65535))
    return codes.rint().cast("ushort").copy(interpretation="rgb16")


def _lightness_f(image: pyvips.Image) -> pyvips.Image:
    """CIELAB's f of the luminance of a 16-bit image, (L* + 16) / 116, as one float band."""
    linear = color.srgb_to_linear(np.arange(65536, dtype=np.uint16))
    if image.bands == 1:
        return image.maplut(_lookup((color.luminance_to_lightness(linear) + 16) / 116))
    y = _cached(image.maplut(_lookup(linear)).recomb(color.RGB_TO_RELATIVE[1:2].tolist()))
    line = y.linear(color.KAPPA / 116, 16 / 116)
    return (y > color.EPSILON).ifthenelse(y.math2_const("pow", [1 / 3]), line)


def _fit_gamut(light: pyvips.Image, y: pyvips.Image) -> pyvips.Image:
    """`color.reduce_gamut` for a libvips image."""
    bands = [light[0], light[1], light[2]]
    highest = bands[0].bandrank(bands[1:], index=2)
    lowest = bands[0].bandrank(bands[1:], index=0)
    keep_high = (highest > 1).ifthenelse((1 - y) / (highest - y), 1)
    keep_low = (lowest < 0).ifthenelse(y / (y - lowest), 1)
    keep = keep_high.bandrank([keep_low], index=0)
    return (light - y) * keep + y


def _cached(image: pyvips.Image) -> pyvips.Image:
    """The same image, computed once for several users."""
    return image.tilecache(
        tile_width=image.width,
        tile_height=CACHE_ROWS,
        max_tiles=16,
        access="sequential",
        threaded=True,
    )


# 8 bit


def _paint_fast(
    image: pyvips.Image, offset: pyvips.Image, gain: pyvips.Image | None
) -> pyvips.Image:
    gray = _gray_codes(image)
    if image.width * image.height > HALF_CHROMA_PIXELS:
        width, height = (image.width + 1) // 2, (image.height + 1) // 2
        even = gray.embed(0, 0, 2 * width, 2 * height, extend="copy")
        darkest, brightest = _of_blocks(even, 0), _of_blocks(even, 3)
        codes = _ab_codes(even.shrink(2, 2), darkest, brightest, offset, gain)
        bands = [codes[band].zoom(2, 2).crop(0, 0, image.width, image.height) for band in (0, 1)]
    else:
        codes = _ab_codes(gray, gray, None, offset, gain)
        bands = [codes[0], codes[1]]
    from_a, from_b = _light_tables()
    light = (gray | bands[0]).maplut(from_a) + (gray | bands[1]).maplut(from_b)
    painted = light.cast("ushort").maplut(_srgb_table())
    return painted.copy(interpretation="srgb")


def _of_blocks(even: pyvips.Image, rank: int) -> pyvips.Image:
    """The darkest (rank 0) or brightest (3) pixel of each 2 x 2 block."""
    wide = even.embed(0, 0, even.width + 1, even.height + 1, extend="copy")
    # libvips' window of 2 ends at a pixel, so that a block's is that of its last one.
    return wide.rank(2, 2, rank).crop(1, 1, even.width, even.height).subsample(2, 2)


def _gray_codes(image: pyvips.Image) -> pyvips.Image:
    """The sRGB grey, 0..255, that has the lightness of an 8-bit image."""
    if image.bands == 1:
        return image
    linear = color.srgb_to_linear(np.arange(256, dtype=np.uint8))
    y = image.maplut(_lookup(65535 * linear)).recomb(color.RGB_TO_RELATIVE[1:2].tolist())
    return _cached(y.rint().cast("ushort").maplut(_srgb_table()).copy(interpretation="b-w"))


def _ab_codes(
    gray: pyvips.Image,
    darkest: pyvips.Image,
    brightest: pyvips.Image | None,
    offset: pyvips.Image,
    gain: pyvips.Image | None,
) -> pyvips.Image:
    """a* and b* as codes << 8, in gamut from the darkest to the brightest grey of a block."""
    if gain is None:
        ab = fit(offset, gray.width, gray.height) / STEP
    else:
        if (gain.width, gain.height) != (offset.width, offset.height):
            gain = fit(gain, offset.width, offset.height)
        field = fit(offset.bandjoin(gain), gray.width, gray.height)
        step = 1 / STEP
        ab = (field * gray.maplut(_weights_table())).recomb(
            [[step, 0, step, 0], [0, step, 0, step]]
        )
    codes = _cached(ab.linear(1, [ZERO_A + 0.5, ZERO_B + 0.5], uchar=True))
    hues, chromas = _polar_tables()
    high = _lookup(np.arange(256, dtype=np.uint16) << 8)  # a cast with shift isn't this
    pair = codes[0].maplut(high) | codes[1]
    hue = _cached(pair.maplut(hues))
    limits = _lookup(_chroma_limits().ravel())
    limit = (hue | darkest).maplut(limits)
    if brightest is not None:
        limit = limit.minpair((hue | brightest).maplut(limits))
    keep = (limit * pair.maplut(chromas)).minpair(1)
    zero = [ZERO_A, ZERO_B]
    kept = (codes - zero) * keep + [ZERO_A + 0.5, ZERO_B + 0.5]
    return _cached(kept.cast("uchar").maplut(high))


@cache
def _weights_table() -> pyvips.Image:
    """Grey -> what offset and gain of a* and b* are multiplied with: 1, 1, L*, L*."""
    lightness = color.luminance_to_lightness(color.srgb_to_linear(np.arange(256, dtype=np.uint8)))
    ones = np.ones_like(lightness)
    return _lookup(np.stack([ones, ones, lightness, lightness], axis=-1))


@cache
def _srgb_table() -> pyvips.Image:
    """Linear light 0..65535 -> sRGB codes 0..255."""
    codes = np.rint(255 * color.linear_to_srgb(np.arange(65536) / 65535))
    return _lookup(codes.astype(np.uint8))


@cache
def _light_tables() -> tuple[pyvips.Image, pyvips.Image]:
    """Linear sRGB x 65535 from (a* code << 8 | grey), and what (b* code << 8 | grey) adds.

    With X, Y, Z relative to white, R = Y + m_X (X - Y) + m_Z (Z - Y) as the matrix's rows sum
    to 1; X depends on (L*, a*) only, and Z on (L*, b*) only.
    """
    y = color.srgb_to_linear(np.arange(256, dtype=np.uint8)).astype(np.float64)
    f_y = (color.luminance_to_lightness(y).astype(np.float64) + 16) / 116
    codes = np.arange(256)[:, None]
    x = _f_to_relative(f_y + (codes - ZERO_A) * STEP / 500)
    z = _f_to_relative(f_y - (codes - ZERO_B) * STEP / 200)
    from_x = (x - y)[..., None] * color.RELATIVE_TO_RGB[:, 0]
    from_z = (z - y)[..., None] * color.RELATIVE_TO_RGB[:, 2]
    from_x = from_x + y[None, :, None]
    # A half, so that the cast to whole numbers rounds.
    first = (65535 * from_x + 0.5).reshape(-1, 3).astype(np.float32)
    return _lookup(first), _lookup((65535 * from_z).reshape(-1, 3).astype(np.float32))


def _f_to_relative(f: NDArray[Any]) -> NDArray[Any]:
    cube = f * f * f
    return np.where(cube > color.EPSILON, cube, (116 * f - 16) * (1 / color.KAPPA))


@cache
def _polar_tables() -> tuple[pyvips.Image, pyvips.Image]:
    """(a* code << 8 | b* code) -> hue code << 8, and 1 / chroma."""
    a = (np.arange(256)[:, None] - ZERO_A) * STEP
    b = (np.arange(256)[None, :] - ZERO_B) * STEP
    hue = np.floor(np.arctan2(b, a) % (2 * np.pi) * (256 / (2 * np.pi))).astype(np.int64) % 256
    chroma = np.maximum(np.hypot(a, b), 1e-3)
    return (
        _lookup((hue << 8).astype(np.uint16).ravel()),
        _lookup((1 / chroma).astype(np.float32).ravel()),
    )


@cache
def _chroma_limits() -> NDArray[np.float32]:
    """The largest chroma in gamut for each (hue code, grey); (256, 256), by bisection.

    The smaller one of both edges of a hue's sector, less the rounding of a* and b*.
    """
    y = color.srgb_to_linear(np.arange(256, dtype=np.uint8))
    f_y = (color.luminance_to_lightness(y) + 16) / 116
    angles = (np.arange(256) * (2 * np.pi / 256)).astype(np.float32)[:, None]
    to_x, to_z = np.cos(angles) / 500, -np.sin(angles) / 200
    matrix = color.RELATIVE_TO_RGB.astype(np.float32)
    inside = np.zeros((256, 256), np.float32)
    step = np.float32(70)
    while step > STEP / 8:
        chroma = inside + step
        x, z = _f_to_relative(f_y + to_x * chroma) - y, _f_to_relative(f_y + to_z * chroma) - y
        light = [y + row[0] * x + row[2] * z for row in matrix]
        fits = np.minimum.reduce(light) > -1e-4
        fits &= np.maximum.reduce(light) < 1 + 1e-4
        inside += np.where(fits, step, 0)
        step /= 2
    both = np.minimum(inside, np.roll(inside, -1, axis=0))
    return np.maximum(both - STEP / 2, 0).astype(np.float32)
