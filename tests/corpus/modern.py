"""The corpus's WebP, AVIF and HEIC files."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

from corpus.makers import RGB, encoded, exif, file, picture


@file("300-dots-an-inch.webp")
def _() -> bytes:
    block = exif({282: 300.0, 283: 300.0, 296: 2})
    return encoded(picture("RGB"), "WEBP", exif=block)


@file("animation.avif")
def _() -> bytes:
    frames = [Image.fromarray(np.roll(RGB, 8 * number, axis=1)) for number in range(3)]
    return encoded(frames[0], "AVIF", save_all=True, append_images=frames[1:], duration=100)


def heic(pixels: np.ndarray, mode: str, **options: object) -> bytes:
    """Raises ImportError without pillow-heif."""
    import pillow_heif

    height, width = pixels.shape[:2]
    image = pillow_heif.from_bytes(mode, (width, height), pixels.tobytes())
    stream = io.BytesIO()
    image.save(stream, quality=90, **options)
    return stream.getvalue()


@file("phone.heic")
def _() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    block = exif({270: "Grandmother, 1931", 282: 72.0, 283: 72.0, 296: 2}).tobytes()
    return heic(RGB, "RGB", exif=block, icc_profile=profile)


@file("deep.heic")
def _() -> bytes:
    return heic(RGB.astype(np.uint16) * 257, "RGB;16")
