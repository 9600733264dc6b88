"""Gray pictures as arrays, and what is looked at in their results."""

import numpy as np

from photochrom import color


def gray(height, width, seed=0):
    """A smooth gray picture with some noise, as an array."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = np.cos(x / rng.uniform(5, 20)) + np.cos(y / rng.uniform(5, 20))
    levels = 128 + 50 * waves + rng.uniform(-20, 20, (height, width))
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def lightness_of(srgb):
    return color.srgb_to_lightness(srgb)


def colorized(colorizer, source):
    return colorizer.colorize(source).srgb()
