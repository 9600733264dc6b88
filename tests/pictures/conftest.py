"""Pictures for tests: one with all that a camera says."""

import pytest

from described import CAPTION, resource, vips, with_exif, with_fields


@pytest.fixture
def photographed(color_picture, tmp_path):
    """A JPEG file as a camera and its owner leave it."""
    image = with_fields(
        with_exif(vips(color_picture.srgb())),
        exif__ifd0__ImageDescription="Grandmother's house (1912) (libvips cuts this off)",
        exif__ifd0__Software="Ver.1.00 (b) (libvips cuts this off)",
        exif__ifd2__DateTimeOriginal="1999:12:31 23:59:59",
        exif__ifd2__ColorSpace="65535",
        exif__ifd3__GPSLatitudeRef="N",
        exif__ifd3__GPSLatitude="48/1 12/1 30/1",
        iptc__data=b"Photoshop 3.0\0" + resource(0x0404, CAPTION) + resource(0x040C, b"preview"),
    )
    image.write_to_file(str(tmp_path / "camera.jpg"))
    return tmp_path / "camera.jpg"
