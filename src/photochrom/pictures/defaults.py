"""What holds where nobody asks for anything else. Light to import: the command line shows it."""

QUALITY = 92
"""Of JPEG, WebP and AVIF files, 1..100."""

MAX_PIXELS = 1_000_000_000
"""Larger pictures are refused."""
