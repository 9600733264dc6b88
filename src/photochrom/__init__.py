"""Photochrom turns grey photographs into colour ones."""
__version__ = "0.1.0"
