"""`docs/reference/licenses.md` names what is installed with Photochrom, and what is in libvips."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs/reference/licenses.md").read_text(encoding="utf-8")

LIBRARIES = {
    "libhwy": "Highway",
    "lcms2": "Little CMS",
    "zlib": "zlib-ng",
    "pangocairo": "Pango",
    "fontconfig": "Fontconfig",
    "libexif": "libexif",
    "libjpeg": "mozjpeg",
    "libuhdr": "libultrahdr",
    "libpng": "libpng",
    "imagequant": "libimagequant",
    "libtiff-4": "libtiff",
    "libarchive": "libarchive",
    "libheif": "libheif",
    "libwebp": "libwebp",
    "librsvg-2.0": "librsvg",
    "cgif": "cgif",
}
"""What libvips calls what it was built with -> its name in the table."""


def rows(head):
    """The rows of a table, by what its head begins with."""
    table = TEXT[TEXT.index(head) :].split("\n\n")[0]
    return table.splitlines()[2:]


def installed(requirements, extras=("",)):
    """The names of all packages that are installed for these requirements."""
    found = set()
    for text in requirements:
        needed = Requirement(text)
        wanted = needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in extras)
        name = needed.name.lower().replace("_", "-")
        if not wanted or name in found:
            continue
        try:
            more = distribution(needed.name).requires or []
        except PackageNotFoundError:  # an extra that is not installed here
            continue
        found |= {name, *installed(more, ("", *needed.extras))}
    return found


def test_every_package_that_comes_along_is_named():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    found = installed([*project["dependencies"], *extras["serve"], *extras["heic"]])
    assert {"numpy", "rich", "cffi", "fastapi"} <= found
    first = " ".join(row.split("|")[1] for row in rows("| package | license |"))
    assert sorted(found - set(re.findall(r"[\w-]+", first))) == []


def shared_library():
    """The path of libvips in the wheel of pyvips-binary."""
    files = distribution("pyvips-binary").files or []
    libraries = [file for file in files if re.search(r"\.(so|dylib|dll)(\.\d+)*$", file.name)]
    others = [file for file in libraries if not file.name.startswith("_libvips")]
    assert [file.name.startswith("libvips") for file in others] == [True], others
    return Path(others[0].locate())


def test_every_library_that_libvips_was_built_with_is_named():
    try:
        content = shared_library().read_bytes()
    except PackageNotFoundError:
        pytest.skip("libvips is the system's here")
    said = re.findall(rb"with ([\w.-]+): (true|false)", content)
    used = {name.decode() for name, value in said if value == b"true"}
    assert used
    assert used == set(LIBRARIES)
    named = re.split(
        r", | or ", ", ".join(row.split("|")[1].strip() for row in rows("| library |"))
    )
    assert set(LIBRARIES.values()) <= set(named)
    left_out = {name.decode() for name, value in said if value == b"false"}
    assert {"libraw", "fftw", "cfitsio"} <= left_out
    assert not any(name.lower() in TEXT.lower() for name in left_out)
