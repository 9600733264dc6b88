"""What people scan: lightness as old emulsions, prints, time and scanners leave it.

A crop of a new photograph becomes one of an old one, so that the network learns to see through
what age has done. Each effect is a function of its own; `age` draws some of them for a crop.
Colors stay the photograph's, but where there is no photograph any more (a border has none), and in
portraits, whose grounds and clothes are made as dull as in an old studio.

Axes: H height, W width, 2 ab, 3 sRGB or RGB. Lightness is L*, 0..100.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage, special

from photochrom import color
from photochrom.training.tables import AgeConfig

Float = NDArray[np.float32]
Random = np.random.Generator
Effect = Callable[[Float, Random], Float]


def age(
    srgb_HW3: NDArray[np.uint8], lab_HW3: Float, config: AgeConfig, rng: Random, group: str = ""
) -> tuple[Float, Float]:
    """A crop as it might come out of a box of old prints.

    Parameters
    ----------
    srgb_HW3, lab_HW3 : the crop; emulsions see red, green and blue otherwise than L*
    config : how often
    rng : draws which effects, and how strong
    group : the class folder of the photograph

    Returns
    -------
    (H, W) lightness as it is found, 0..100; and (H, W, 3) CIELAB to learn from: the photograph's
    own, but duller around a face in a portrait, and neutral on a border
    """
    seen_HW, lab_HW3 = lab_HW3[..., 0], lab_HW3.copy()
    if rng.random() < config.share:
        if rng.random() < SPECTRAL_SHARE:
            seen_HW = spectral(srgb_HW3, rng)
        if group in config.portraits and rng.random() < STUDIO_SHARE:
            lab_HW3 = studio(srgb_HW3, lab_HW3, rng)
        if rng.random() < TILT_SHARE:
            seen_HW, lab_HW3 = tilt(seen_HW, lab_HW3, rng)
        for effect, share in EFFECTS:
            if rng.random() < share:
                seen_HW = effect(seen_HW, rng).clip(0, 100)
    if rng.random() < config.border_share:
        seen_HW, inside_HW = border(seen_HW, rng)
        lab_HW3[..., 1:] *= inside_HW[..., None]
    return seen_HW.clip(0, 100).astype(np.float32), lab_HW3


def spectral(srgb_HW3: NDArray[np.uint8], rng: Random) -> Float:
    """Lightness as an emulsion of another spectral sensitivity gives it.

    Blue-sensitive plates (until about 1880) and orthochromatic ones (until about 1930) render red
    dark and blue bright; panchromatic film with a yellow or red filter does the opposite.

    Source: Mees, "The theory of the photographic process", 1942 (the kinds); the weights are
    drawn.
    """
    kinds = np.array([[0.0, 0.15, 1.0], [0.03, 0.6, 0.4], [0.35, 0.4, 0.25], [0.7, 0.28, 0.02]])
    middle_3 = kinds[rng.choice(len(kinds), p=[0.2, 0.4, 0.25, 0.15])]
    weights_3 = rng.gamma(4 * middle_3 + 0.05)
    weights_3 = (weights_3 / weights_3.sum()).astype(np.float32)
    return color.luminance_to_lightness(color.srgb_to_linear(srgb_HW3) @ weights_3)


def studio(srgb_HW3: NDArray[np.uint8], lab_HW3: Float, rng: Random) -> Float:
    """A portrait as old studios made them: around a face, the ground and the clothes are dull.

    Collections of color photographs hardly show the painted gray canvases of old ones.

    Returns
    -------
    (H, W, 3) CIELAB, with less chroma outside the largest patch of the color of skin; unchanged if
    that patch hasn't the size and form of a face
    """
    a_HW, b_HW = ndimage.gaussian_filter(lab_HW3[..., 1:], (1.5, 1.5, 0)).transpose(2, 0, 1)
    hue_HW = np.degrees(np.arctan2(b_HW, a_HW))
    chroma_HW = np.hypot(a_HW, b_HW)
    skin_HW = (hue_HW > 30) & (hue_HW < 78) & (chroma_HW > 8) & (chroma_HW < 40)
    parts_HW, count = ndimage.label(ndimage.binary_opening(skin_HW, iterations=2))
    if count == 0:
        return lab_HW3
    face_HW = parts_HW == 1 + np.bincount(parts_HW.ravel())[1:].argmax()
    down, across = ndimage.find_objects(face_HW.astype(np.int8))[0]
    height, width = down.stop - down.start, across.stop - across.start
    share, filled = face_HW.mean(), face_HW.sum() / (height * width)
    if not (0.08 < share < 0.6 and filled > 0.4 and 0.7 < height / width < 2.2):
        return lab_HW3
    near_HW = ndimage.binary_fill_holes(ndimage.binary_dilation(face_HW, iterations=4))
    kept_HW = ndimage.gaussian_filter(near_HW.astype(np.float32), 2.5, mode="nearest")
    left_HW = kept_HW + (1 - kept_HW) * rng.uniform(0, 0.7)
    colors_HW2 = lab_HW3[..., 1:] * left_HW[..., None]
    return np.concatenate([lab_HW3[..., :1], colors_HW2], axis=-1).astype(np.float32)


def tone(lightness_HW: Float, rng: Random) -> Float:
    """Another tone curve: another gamma, faded, hard, or with solarised highlights."""
    unit_HW = lightness_HW / 100
    kind = rng.choice(4, p=[0.4, 0.35, 0.2, 0.05])
    if kind == 0:
        curved = unit_HW ** np.exp(rng.uniform(-0.6, 0.6))
    elif kind == 1:
        low, high = rng.uniform(0, 0.4), rng.uniform(0.65, 1)
        curved = low + (high - low) * unit_HW
    elif kind == 2:
        slope, middle = rng.uniform(4, 9), rng.uniform(0.35, 0.65)
        ends = np.tanh(slope / 2 * (np.array([0.0, 1.0]) - middle))
        curved = (np.tanh(slope / 2 * (unit_HW - middle)) - ends[0]) / (ends[1] - ends[0])
    else:
        turn = rng.uniform(0.75, 0.95)
        curved = np.where(unit_HW > turn, turn - 0.7 * (unit_HW - turn), unit_HW)
    return np.asarray(100 * curved, dtype=np.float32)


def grain(lightness_HW: Float, rng: Random) -> Float:
    """Grain: noise of some correlation, strongest in mid-tones."""
    noise_HW = ndimage.gaussian_filter(
        rng.standard_normal(lightness_HW.shape, dtype=np.float32), rng.uniform(0.3, 1.6)
    )
    noise_HW /= noise_HW.std() + 1e-6
    strength_HW = np.sin(np.pi * (lightness_HW / 100).clip(0.1, 0.9))
    return lightness_HW + rng.uniform(1, 8) * strength_HW * noise_HW


def soften(lightness_HW: Float, rng: Random) -> Float:
    """Out of focus, or copied from a smaller print."""
    return ndimage.gaussian_filter(lightness_HW, rng.uniform(0.4, 1.8), mode="nearest")


def halation(lightness_HW: Float, rng: Random) -> Float:
    """Light that goes through the emulsion and comes back around highlights."""
    bright_HW = np.maximum(lightness_HW - rng.uniform(60, 85), 0)
    glow_HW = ndimage.gaussian_filter(bright_HW, rng.uniform(2, 8), mode="nearest")
    return lightness_HW + rng.uniform(0.5, 2) * glow_HW


def unevenness(lightness_HW: Float, rng: Random) -> Float:
    """A vignette, a faded corner, or glare: brighter or darker around some point."""
    height, width = lightness_HW.shape
    kind = rng.choice(3)
    y, x = (0.5, 0.5) if kind == 0 else rng.choice([0.0, 1.0], 2) if kind == 1 else rng.random(2)
    rows_HW, columns_HW = np.mgrid[:height, :width].astype(np.float32)
    away_HW = np.hypot((rows_HW / height - y), (columns_HW / width - x))
    if kind == 0:
        return lightness_HW * (1 - rng.uniform(0.2, 0.9) * away_HW**2)
    near_HW = (1 - away_HW / rng.uniform(0.3, 0.9)).clip(0, 1)
    towards = rng.choice([95.0, 8.0], p=[0.8, 0.2])
    return lightness_HW + (towards - lightness_HW) * rng.uniform(0.2, 0.7) * near_HW


def scratches(lightness_HW: Float, rng: Random) -> Float:
    """Long thin lines, white or black, mostly along one side."""
    height, width = lightness_HW.shape
    seen_HW = lightness_HW.copy()
    rows_HW, columns_HW = np.mgrid[:height, :width].astype(np.float32)
    if rng.random() < 0.3:
        rows_HW, columns_HW = columns_HW, rows_HW
    for _ in range(rng.integers(1, 16)):
        lean = rng.normal(0, 0.08)
        low, high = np.sort(rng.uniform(-0.2, 1.2, 2)) * max(height, width)
        away_HW = np.abs(columns_HW - rng.uniform(0, max(height, width)) - lean * rows_HW)
        line_HW = (away_HW < rng.uniform(0.4, 1.6)) & (rows_HW > low) & (rows_HW < high)
        seen_HW[line_HW] += rng.uniform(0.5, 1) * (rng.choice([3.0, 97.0]) - seen_HW[line_HW])
    return seen_HW


def dust(lightness_HW: Float, rng: Random) -> Float:
    """Specks and a few hairs, white or black."""
    height, width = lightness_HW.shape
    seen_HW = lightness_HW.copy()
    for _ in range(rng.integers(5, 70)):
        radius = rng.uniform(0.4, 3.2)
        y, x = rng.uniform(0, height), rng.uniform(0, width)
        top, left = max(0, int(y - radius)), max(0, int(x - radius))
        part = np.s_[top : int(y + radius) + 2, left : int(x + radius) + 2]
        rows, columns = np.mgrid[part].astype(np.float32)
        spot = (rows - y) ** 2 + (columns - x) ** 2 < radius**2
        window = seen_HW[part]
        window[spot[: window.shape[0], : window.shape[1]]] = rng.choice([5.0, 96.0])
    return seen_HW


def folds(lightness_HW: Float, rng: Random) -> Float:
    """Folds: a bright crack with a dark edge, straight across."""
    height, width = lightness_HW.shape
    seen_HW = lightness_HW.copy()
    rows_HW, columns_HW = np.mgrid[:height, :width].astype(np.float32)
    for _ in range(rng.integers(1, 4)):
        angle = rng.uniform(0, np.pi)
        y, x = rng.uniform(0.1, 0.9, 2) * (height, width)
        across_HW = (columns_HW - x) * np.cos(angle) + (rows_HW - y) * np.sin(angle)
        broad = rng.uniform(0.6, 2.2)
        seen_HW += rng.uniform(10, 40) * np.exp(-((across_HW / broad) ** 2))
        seen_HW -= rng.uniform(0, 18) * np.exp(-(((across_HW - 2 * broad) / (1.5 * broad)) ** 2))
    return seen_HW


def stains(lightness_HW: Float, rng: Random) -> Float:
    """Foxing and water: large soft spots, darker or brighter, some with a rim."""
    noise_HW = ndimage.gaussian_filter(
        rng.standard_normal(lightness_HW.shape, dtype=np.float32), rng.uniform(5, 16)
    )
    noise_HW /= noise_HW.std() + 1e-6
    edge = rng.uniform(0.6, 1.6)
    spot_HW = special.expit((noise_HW - edge) / rng.uniform(0.05, 0.4))
    rim_HW = np.exp(-(((noise_HW - edge) / 0.12) ** 2)) * (rng.random() < 0.4)
    return lightness_HW + rng.uniform(-22, 16) * spot_HW - rng.uniform(0, 12) * rim_HW


def halftone(lightness_HW: Float, rng: Random) -> Float:
    """The screen of a printed page, and how it looks after it was scanned small."""
    rows_HW, columns_HW = np.mgrid[: lightness_HW.shape[0], : lightness_HW.shape[1]]
    angle, period = rng.uniform(0, np.pi / 2), rng.uniform(2.5, 7)
    along_HW = (columns_HW * np.cos(angle) + rows_HW * np.sin(angle)) * 2 * np.pi / period
    across_HW = (rows_HW * np.cos(angle) - columns_HW * np.sin(angle)) * 2 * np.pi / period
    screened_HW = lightness_HW + rng.uniform(5, 22) * np.sin(along_HW) * np.sin(across_HW)
    if rng.random() < 0.6:
        screened_HW = ndimage.gaussian_filter(screened_HW, rng.uniform(0.4, 1.2))
    return screened_HW.astype(np.float32)


def jpeg(lightness_HW: Float, rng: Random) -> Float:
    """Blocks of a file that was saved too small."""
    levels = np.rint(lightness_HW.clip(0, 100) * 2.55).astype(np.uint8)
    quality = int(rng.integers(12, 60))
    # Not by libvips: in forks, as workers are, it would wait for threads that are not there.
    saved = io.BytesIO()
    Image.fromarray(levels).save(saved, "JPEG", quality=quality)
    with Image.open(saved) as opened:
        return np.asarray(opened).astype(np.float32) / 2.55


def enlarged(lightness_HW: Float, rng: Random) -> Float:
    """From a print so small that it was enlarged."""
    factor = rng.uniform(0.35, 0.8)
    small = ndimage.zoom(lightness_HW, factor, order=1, grid_mode=True, mode="nearest")
    back = [full / part for full, part in zip(lightness_HW.shape, small.shape, strict=True)]
    return ndimage.zoom(small, back, order=1, grid_mode=True, mode="nearest")


def tilt(seen_HW: Float, lab_HW3: Float, rng: Random) -> tuple[Float, Float]:
    """A photograph of a photograph, not quite from the front.

    What lies beyond its edges is the mount, which is neutral, or the picture mirrored, as scanning
    software fills corners.

    Returns
    -------
    The lightness as it is found, and the CIELAB picture that goes with it
    """
    height, width = seen_HW.shape
    angle, zoom = rng.normal(0, 0.08), rng.uniform(0.85, 1.1)
    rows_HW, columns_HW = np.mgrid[:height, :width].astype(np.float32)
    y_HW, x_HW = rows_HW / height - 0.5, columns_HW / width - 0.5
    depth_HW = zoom * (1 + rng.normal(0, 0.12) * x_HW + rng.normal(0, 0.12) * y_HW)
    cos, sin = np.cos(angle), np.sin(angle)
    at_2HW = np.stack(
        [
            ((sin * x_HW + cos * y_HW) / depth_HW + 0.5) * height,
            ((cos * x_HW - sin * y_HW) / depth_HW + 0.5) * width,
        ]
    )
    mirrored = rng.random() < 0.5
    tone_, mode = rng.uniform(0, 100), "mirror" if mirrored else "constant"

    def turned(field_HW: Float, beyond: float) -> Float:
        found: Float = ndimage.map_coordinates(field_HW, at_2HW, order=1, mode=mode, cval=beyond)
        return found

    lab = [
        turned(channel_HW, beyond)
        for channel_HW, beyond in zip(np.moveaxis(lab_HW3, -1, 0), (tone_, 0, 0), strict=True)
    ]
    return turned(seen_HW, tone_), np.stack(lab, axis=-1)


def border(lightness_HW: Float, rng: Random) -> tuple[Float, Float]:
    """A mount: white, black or between, a little uneven, perhaps with something written on it.

    Returns
    -------
    (H, W) lightness, and (H, W) 1 inside and 0 on the border
    """
    height, width = lightness_HW.shape
    widths = rng.uniform(0.02, 0.22) * rng.uniform(0.7, 1.3, 4) * min(height, width)
    widths *= np.ones(4) if rng.random() < 0.5 else rng.random(4) < 0.5
    top, right, bottom, left = np.rint(widths).astype(int)
    inside_HW = np.zeros((height, width), dtype=np.float32)
    inside_HW[top : height - bottom, left : width - right] = 1
    low, high = ((88, 100), (0, 14), (14, 88))[rng.choice(3, p=[0.6, 0.3, 0.1])]
    plain = rng.uniform(low, high)
    mount_HW = np.full((height, width), plain, dtype=np.float32)
    if rng.random() < 0.5:
        rough_HW = rng.standard_normal((height, width), dtype=np.float32)
        mount_HW += rng.uniform(0.5, 2) * rough_HW
        mount_HW += rng.uniform(-8, 8) * np.linspace(-0.5, 0.5, width, dtype=np.float32)
    if rng.random() < 0.3:
        y, x = rng.integers(0, height), rng.integers(0, width)
        ink = 100 - plain if abs(plain - 50) > 20 else 5
        for _ in range(rng.integers(5, 30)):
            y, x = (y + rng.integers(-2, 3)) % height, (x + rng.integers(0, 4)) % width
            mount_HW[y : y + 3, x : x + 2] = ink
    return np.where(inside_HW > 0, lightness_HW, mount_HW), inside_HW


SPECTRAL_SHARE, STUDIO_SHARE, TILT_SHARE = 0.55, 0.5, 0.06

EFFECTS: tuple[tuple[Effect, float], ...] = (
    (enlarged, 0.1),
    (soften, 0.25),
    (halation, 0.08),
    (tone, 0.5),
    (grain, 0.45),
    (unevenness, 0.2),
    (stains, 0.1),
    (folds, 0.15),
    (scratches, 0.2),
    (dust, 0.2),
    (halftone, 0.08),
    (jpeg, 0.15),
)
"""What happens to an aged crop, in this order, and how often."""
