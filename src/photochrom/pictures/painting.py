"""A photograph's own lightness and a field of colors -> sRGB, as libvips pipelines.

Pixels stream: nothing of the photograph's size is held. The colors are an affine function of
lightness, ``ab = gain L* + offset``, whose two coefficient images may be of any size and are
interpolated (see `runtime.upsample`).

Two pipelines do the same: a plain one in floating point for 16-bit pictures, and a fast one
for 8-bit pictures. An 8-bit picture has 256 lightness values, so that everything that depends
on (lightness, a*) or (lightness, b*) is one look-up in 65,536 entries; and above
`HALF_CHROMA_PIXELS` colors, like those in a JPEG or in a film, need half the resolution only.
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
"""Larger 8-bit pictures get one color for 2 x 2 pixels; each pixel keeps its own lightness."""

STEP = 0.8
"""How finely the fast pipeline rounds a* and b*."""

ZERO_A, ZERO_B = 113, 138
"""Codes of a* = 0 and b* = 0; 8 bits then hold a* -90..114 and b* -110..94."""

CHROMA_STEP = 0.53
"""How finely it rounds chroma where sRGB ends; 8 bits then hold 135, and sRGB has 134."""

TILE_ROWS, TILE_COLUMNS = 128, 256
"""Savers ask for 128 x 128 pixels at once; wider tiles have fewer seams to pay for."""

GROUP = 64
"""Pixels that are taken for the bands of one where that is faster."""

_LIGHT_SCALE, _LIGHT_ZERO = 31_200, 17_160


def paint(image: pyvips.Image, offset: pyvips.Image, gain: pyvips.Image | None) -> pyvips.Image:
    """Give an image colors; its lightness, alpha, depth and metadata stay.

    Parameters
    ----------
    image : sRGB or gray, 8 or 16 bit, with or without alpha
    offset, gain : two float bands each, of any size; ``ab = gain L* + offset``. No gain
        means 0.

    Returns
    -------
    sRGB of the same size and depth. Colors that sRGB can't show move toward gray at equal
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


def _image(values: NDArray[Any]) -> pyvips.Image:
    """Float pixels, (h, w, bands)."""
    return pyvips.Image.new_from_array(np.ascontiguousarray(values, dtype=np.float32))


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


def _cached(image: pyvips.Image, rows: int = TILE_ROWS) -> pyvips.Image:
    """The same image, computed once for several users; two rows of tiles are enough."""
    return image.tilecache(
        tile_width=TILE_COLUMNS,
        tile_height=rows,
        max_tiles=2 * (image.width // TILE_COLUMNS + 2),
        access="sequential",
        threaded=True,
    )


# 8 bit


def _paint_fast(
    image: pyvips.Image, offset: pyvips.Image, gain: pyvips.Image | None
) -> pyvips.Image:
    gray = _gray_codes(image)
    to_a, to_b = _index_tables()
    if image.width * image.height > HALF_CHROMA_PIXELS:
        width, height = (image.width + 1) // 2, (image.height + 1) // 2
        whole = -(-width // GROUP) * GROUP
        even = gray.embed(0, 0, 2 * whole, 2 * height, extend="copy")
        pairs = _ab_pairs(*_extremes(even), width, offset, gain)
        indices = [_doubled(pairs.maplut(table)) for table in (to_a, to_b)]
        indices = [index.crop(0, 0, image.width, image.height) for index in indices]
    else:
        pairs = _ab_pairs(gray, gray, image.width, offset, gain)
        indices = [pairs.maplut(table[0]) for table in (to_a, to_b)]
    from_a, from_b, to_srgb = _light_tables()
    light = (gray | indices[0]).maplut(from_a) + (gray | indices[1]).maplut(from_b)
    return light.cast("ushort").maplut(to_srgb).copy(interpretation="srgb")


def _extremes(even: pyvips.Image) -> tuple[pyvips.Image, pyvips.Image]:
    """The darkest and the brightest pixel of each 2 x 2 block.

    Rows are paired by leaving out every other one, columns by taking two for two bands of one
    pixel. `rank` and `subsample` do the same and take ten times as long.
    """
    even = even.copy()
    even.remove("vips-sequential")  # `reducev` would add caches of whole rows; see `_cached`
    # By nearest neighbor it keeps the second row of two.
    first = even.embed(0, 1, even.width, even.height, extend="copy")
    rows = [one.reducev(2, kernel="nearest") for one in (first, even)]
    darkest = rows[0].minpair(rows[1]).bandfold(factor=2)
    brightest = rows[0].maxpair(rows[1]).bandfold(factor=2)
    return darkest[0].minpair(darkest[1]), brightest[0].maxpair(brightest[1])


def _doubled(pixels: pyvips.Image) -> pyvips.Image:
    """Two equal bands as two equal pixels, and every row twice."""
    # `zoom` copies byte by byte, but for the rows that it repeats.
    wide = pixels.bandfold(factor=GROUP).zoom(1, 2)
    return wide.bandunfold(factor=2 * GROUP)


def _gray_codes(image: pyvips.Image) -> pyvips.Image:
    """The sRGB gray, 0..255, that has the lightness of an 8-bit image."""
    if image.bands == 1:
        return image
    linear = color.srgb_to_linear(np.arange(256, dtype=np.uint8))
    y = image.maplut(_lookup(65535 * linear)).recomb(color.RGB_TO_RELATIVE[1:2].tolist())
    codes = np.rint(255 * color.linear_to_srgb(np.arange(65536) / 65535)).astype(np.uint8)
    return _cached(y.rint().cast("ushort").maplut(_lookup(codes)).copy(interpretation="b-w"))


def _ab_pairs(
    darkest: pyvips.Image,
    brightest: pyvips.Image,
    width: int,
    offset: pyvips.Image,
    gain: pyvips.Image | None,
) -> pyvips.Image:
    """a* and b* as two codes in one ushort, in gamut from the darkest to the brightest gray.

    Their lightness is that halfway between the two. Columns from `width` on are padding.
    """
    size = width, darkest.width, darkest.height
    codes = _fit_wide(_values(offset) / STEP + [ZERO_A + 0.5, ZERO_B + 0.5], *size)
    if gain is not None:
        lightness = (darkest + brightest).maplut(_lightness_table())
        codes = codes + _fit_wide(_values(gain) / STEP, *size) * lightness
    pairs = codes.cast("uchar").copy(format="ushort", bands=1, interpretation="grey16")
    pairs = _cached(pairs, TILE_ROWS // 2)
    hues, chromas, to_pairs = _polar_tables()
    hue, limits = pairs.maplut(hues), _lookup(_chroma_limits().ravel())
    limit = (hue | darkest).maplut(limits).minpair((hue | brightest).maplut(limits))
    limited = (hue | limit).maplut(to_pairs)
    return _cached((pairs.maplut(chromas) > limit).ifthenelse(limited, pairs), TILE_ROWS // 2)


def _values(field: pyvips.Image) -> NDArray[Any]:
    """The pixels of a small image, (h, w, bands)."""
    return field.numpy().reshape(field.height, field.width, field.bands)


def _fit_wide(values: NDArray[Any], width: int, whole: int, height: int) -> pyvips.Image:
    """`fit` to `width`, padded to `whole`, in a third of the time; (h, w, bands).

    Columns are interpolated first, for the field's few rows; rows then for many columns at
    once, as if these were bands, since libvips spends most of its time on each new pixel.
    """
    rows, columns, bands = values.shape
    if columns > width or rows > height:
        rows, columns = min(rows, height), min(columns, width)
        values = _values(fit(_image(values), columns, rows))
    padded = -(-whole // GROUP) * GROUP
    place = np.clip((np.arange(padded) + 0.5) * columns / width - 0.5, 0, columns - 1)
    left = place.astype(np.int64)
    share = (place - left).astype(np.float32)[:, None]
    values = values.astype(np.float32)
    across = values[:, left] * (1 - share) + values[:, np.minimum(left + 1, columns - 1)] * share
    wide = _image(across.reshape(rows, padded // GROUP, GROUP * bands))
    fitted = fit(wide, wide.width, height).bandunfold(factor=GROUP)
    return fitted if padded == whole else fitted.crop(0, 0, whole, height)


@cache
def _lightness_table() -> pyvips.Image:
    """Sum of two grays -> L* halfway between, once for a* and once for b*."""
    light = color.srgb_to_linear(np.arange(511, dtype=np.float32) / 510)
    lightness = color.luminance_to_lightness(light).astype(np.float32)
    return _lookup(np.stack([lightness, lightness], axis=-1))


@cache
def _index_tables() -> tuple[pyvips.Image, pyvips.Image]:
    """Pair of codes -> a* code << 8, b* code << 8, each in two equal bands."""
    shifted = _pairs().astype(np.uint16) << 8
    a, b = (_lookup(np.repeat(shifted[:, [band]], 2, axis=1)) for band in (0, 1))
    return a, b


@cache
def _light_tables() -> tuple[pyvips.Image, pyvips.Image, pyvips.Image]:
    """Linear sRGB, from (a* code << 8 | gray) plus from (b* code << 8 | gray); its sRGB codes.

    With X, Y, Z relative to white, R = Y + m_X (X - Y) + m_Z (Z - Y) as the matrix's rows sum
    to 1; X depends on (L*, a*) only, and Z on (L*, b*) only. Both parts are positive numbers
    of 16 bits: `_LIGHT_SCALE` times the light and `_LIGHT_ZERO`, of which a part has at least
    -0.55 for every color in gamut, if blue's Y stands with Z.
    """
    y = color.srgb_to_linear(np.arange(256, dtype=np.uint8)).astype(np.float64)
    f_y = (color.luminance_to_lightness(y).astype(np.float64) + 16) / 116
    codes = np.arange(256)[:, None]
    x = _f_to_relative(f_y + (codes - ZERO_A) * STEP / 500)
    z = _f_to_relative(f_y - (codes - ZERO_B) * STEP / 200)
    parts = []
    for part, column, with_y in (((x - y), 0, (1, 1, 0)), ((z - y), 2, (0, 0, 1))):
        light = part[..., None] * color.RELATIVE_TO_RGB[:, column] + y[:, None] * with_y
        numbers = np.rint(_LIGHT_SCALE * light + _LIGHT_ZERO).clip(0, 65535)
        parts.append(_lookup(numbers.reshape(-1, 3).astype(np.uint16)))
    light = ((np.arange(65536) - 2 * _LIGHT_ZERO) / _LIGHT_SCALE).clip(0, 1)
    srgb = np.rint(255 * color.linear_to_srgb(light)).astype(np.uint8)
    return parts[0], parts[1], _lookup(srgb)


def _f_to_relative(f: NDArray[Any]) -> NDArray[Any]:
    cube = f * f * f
    return np.where(cube > color.EPSILON, cube, (116 * f - 16) * (1 / color.KAPPA))


def _pairs() -> NDArray[np.uint8]:
    """The two codes of each pair, (65536, 2); which comes first depends on the machine."""
    return np.arange(65536, dtype=np.uint16).view(np.uint8).reshape(-1, 2)


@cache
def _polar_tables() -> tuple[pyvips.Image, pyvips.Image, pyvips.Image]:
    """Pair of codes -> hue code << 8, chroma code, rounded up; and the way back."""
    ab = (_pairs() - np.array([ZERO_A, ZERO_B])) * STEP
    hue = np.floor(np.arctan2(ab[:, 1], ab[:, 0]) % (2 * np.pi) * (256 / (2 * np.pi)))
    chroma = np.ceil(np.hypot(ab[:, 0], ab[:, 1]) / CHROMA_STEP).clip(0, 255)
    angle = (np.arange(256)[:, None] + 0.5) * (2 * np.pi / 256)
    radius = np.arange(256) * CHROMA_STEP / STEP
    back = [ZERO_A, ZERO_B] + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    pairs = np.rint(back).clip(0, 255).astype(np.uint8).reshape(-1, 2).view(np.uint16)
    hues = (hue.astype(np.uint16) % 256) << 8
    return _lookup(hues), _lookup(chroma.astype(np.uint8)), _lookup(pairs.ravel())


@cache
def _chroma_limits() -> NDArray[np.uint8]:
    """The code of the largest chroma in gamut for each (hue code, gray), by bisection.

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
    inside[:, [0, 255]] = 0  # black and white have no colors, not even within the tolerance
    both = np.minimum(inside, np.roll(inside, -1, axis=0))
    return np.maximum((both - STEP / 2) / CHROMA_STEP, 0).astype(np.uint8)
