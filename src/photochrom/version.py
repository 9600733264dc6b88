"""The version of Photochrom: in metadata, contracts and answers."""

__version__ = "0.2.0"
