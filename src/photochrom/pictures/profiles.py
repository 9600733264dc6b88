"""Color profiles: which ones fit their picture, and bringing pictures to sRGB."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyvips

from photochrom.pictures import metadata

_PROFILE_TOLERANCE = 131
"""A profile whose colors differ by at most so much from sRGB's, of 65,535, is taken for it."""


def color_bands(image: pyvips.Image) -> int:
    """How many of the bands are colors; the others are alpha, or of no known meaning."""
    if image.interpretation == "cmyk" and image.bands > 3:
        return 4
    if image.interpretation in {"b-w", "grey16"} or image.bands < 3:
        return 1
    return 3


def profile_of(image: pyvips.Image) -> bytes:
    """The profile that an image brings along; empty for none."""
    return bytes(image.get("icc-profile-data")) if image.get_typeof("icc-profile-data") else b""


def to_srgb(image: pyvips.Image) -> pyvips.Image:
    """Bring a decoded image to sRGB or gray, 8 or 16 bit."""
    depth = 8 if image.format == "uchar" else 16
    colors = color_bands(image)
    if image.bands > colors + 1:
        image = image[:colors]
    profile = profile_of(image)
    fits = bool(profile) and is_usable(profile, colors)
    if colors == 4 or (fits and not (colors == 3 and _is_srgb(profile))):
        fallback = {"input_profile": "cmyk"} if colors == 4 else {}
        return image.icc_transform("srgb", embedded=fits, depth=depth, **fallback)
    spaces = {(1, 8): "b-w", (3, 8): "srgb", (1, 16): "grey16", (3, 16): "rgb16"}
    wanted = spaces[colors, depth]
    if image.interpretation == "multiband":
        image = image.copy(interpretation=wanted)
    elif image.interpretation != wanted:
        image = image.colourspace(wanted)
    if profile:
        image = metadata.changed(image, {"icc-profile-data": metadata.srgb_profile()})
    return image


@lru_cache(maxsize=16)
def is_usable(profile: bytes, colors: int) -> bool:
    """Whether a profile is for this many channels, and can be converted from."""
    if {b"RGB ": 3, b"GRAY": 1, b"CMYK": 4}.get(profile[16:20]) != colors:
        return False
    space = {1: "b-w", 3: "srgb", 4: "cmyk"}[colors]
    image = pyvips.Image.black(1, 1, bands=colors).copy(interpretation=space)
    try:
        image = metadata.changed(image, {"icc-profile-data": profile})
        image.icc_transform("srgb", embedded=True, depth=8).avg()
    except pyvips.Error:
        return False
    return True


@lru_cache(maxsize=16)
def _is_srgb(profile: bytes) -> bool:
    """Whether an RGB profile means sRGB: most photographs carry such a one."""
    steps = np.linspace(0, 65535, 9).astype(np.uint16)
    corners = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 27, 3)
    grays = np.repeat(np.linspace(0, 65535, 27 * 10).astype(np.uint16)[:, None], 3, axis=1)
    codes = np.concatenate([corners, grays.reshape(-1, 27, 3)])
    image = pyvips.Image.new_from_array(np.ascontiguousarray(codes), interpretation="rgb16")
    image = metadata.changed(image, {"icc-profile-data": profile})
    converted = image.icc_transform("srgb", embedded=True, depth=16).numpy()
    return bool(np.abs(converted.astype(int) - codes).max() <= _PROFILE_TOLERANCE)
