"""What the makers of the corpus share: a picture, and the list of files to make."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).parent
HEIGHT, WIDTH = 48, 64
Y, X = np.mgrid[:HEIGHT, :WIDTH]
GRAY = (110 + 70 * np.sin(X / 9) + 50 * np.cos(Y / 7)).clip(0, 255).astype(np.uint8)
RGB = np.repeat(GRAY[..., None], 3, axis=2)

MAKERS: dict[str, Callable[[], bytes]] = {}


def file(name: str) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    """Register what makes a file."""

    def register(make: Callable[[], bytes]) -> Callable[[], bytes]:
        MAKERS[name] = make
        return make

    return register


def encoded(image: Image.Image, format_: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format_, **options)
    return stream.getvalue()


def picture(mode: str = "L") -> Image.Image:
    return Image.fromarray(GRAY).convert(mode)


def packet(properties: str, namespace: str) -> bytes:
    """An XMP packet."""
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {namespace} {properties}/></rdf:RDF></x:xmpmeta>'
    ).encode()


def exif(tags: dict[int, object]) -> Image.Exif:
    block = Image.Exif()
    for tag, value in tags.items():
        block[tag] = value
    return block
