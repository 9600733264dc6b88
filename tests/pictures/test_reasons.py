"""`photochrom.pictures.reasons`: what is said of a failure is its own reason."""

import pytest
import pyvips

from photochrom.pictures.reasons import reason


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("WebP", "tiff2vips: Read error\nwebp: unable to parse image\n", "webp: unable to"),
        ("WebP", "tiff2vips: Read error\n", "no reason is known"),
        ("pngload_source", "image: no property named `copy'\n", "no reason is known"),
        ("AVIF", "heif: Invalid input\n", "heif: Invalid input"),
        ("AVIF", "pngs/a.avif: bad seek to 9\n", "pngs/a.avif: bad seek"),
        ("", "tiff2vips: Read error\n", "tiff2vips: Read error"),
    ],
)
def test_what_was_said_of_another_file_is_no_reason(kind, text, said):
    error = pyvips.Error("unable to load", detail=text)
    assert reason(error, kind).startswith(said)


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("a.jpg: write error\nsystem error: No space left on device\n", "No space left on device"),
        ("", "it could not all be written; check that the disk has room"),  # another thread took it
    ],
)
def test_a_full_disk_is_never_an_unknown_error(before, said):
    after = "wbuffer_write: write failed\nsystem error: Unknown error -1\n"
    assert reason(pyvips.Error("unable to call jpegsave", detail=before + 2 * after)) == said
