"""Colors: their spaces, the grid of a* and b*, and whether a picture has any.

The names of `photochrom.color.spaces`, `transfer` and `measures` can be imported from here.
"""

from photochrom.color.measures import ciede2000, colorfulness
from photochrom.color.spaces import (
    EPSILON,
    KAPPA,
    RELATIVE_TO_RGB,
    RGB_TO_RELATIVE,
    RGB_TO_XYZ,
    WHITE,
    in_gamut,
    lab_to_linear,
    lab_to_srgb,
    lab_to_xyz,
    lightness_to_luminance,
    linear_to_xyz,
    luminance,
    luminance_to_lightness,
    reduce_gamut,
    srgb_to_lab,
    srgb_to_lightness,
    xyz_to_lab,
    xyz_to_linear,
)
from photochrom.color.transfer import Float, linear_to_srgb, srgb_to_linear

__all__ = [
    "EPSILON",
    "KAPPA",
    "RELATIVE_TO_RGB",
    "RGB_TO_RELATIVE",
    "RGB_TO_XYZ",
    "WHITE",
    "Float",
    "ciede2000",
    "colorfulness",
    "in_gamut",
    "lab_to_linear",
    "lab_to_srgb",
    "lab_to_xyz",
    "lightness_to_luminance",
    "linear_to_srgb",
    "linear_to_xyz",
    "luminance",
    "luminance_to_lightness",
    "reduce_gamut",
    "srgb_to_lab",
    "srgb_to_lightness",
    "srgb_to_linear",
    "xyz_to_lab",
    "xyz_to_linear",
]
