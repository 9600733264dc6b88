"""The ab grid of `photochrom.color.grid`, under its public name."""

from photochrom.color.grid import PIVOT_CHROMA, AbGrid, gamut_grid, set_off

__all__ = ["PIVOT_CHROMA", "AbGrid", "gamut_grid", "set_off"]
