"""Where the program starts: says in words when one of its own libraries can't be loaded."""

from __future__ import annotations

import sys
from pathlib import Path

LIBRARIES = ("numpy", "pyvips", "_libvips", "onnxruntime", "google.protobuf")
"""That come along with Photochrom; what extras bring is said where it is needed."""


def main() -> None:
    """Run the program."""
    try:
        from photochrom.cli.main import main as run

        run()
    except ImportError as error:
        name = error.name or ""
        if not any(name == one or name.startswith(f"{one}.") for one in LIBRARIES):
            raise
        print(f"photochrom: {missing_text(name, musl=is_musl())}", file=sys.stderr)
        sys.exit(2)


def is_musl() -> bool:
    """Whether this is a Linux without glibc, such as Alpine, for which no such libraries exist."""
    return sys.platform == "linux" and any(Path("/lib").glob("ld-musl-*"))


def missing_text(name: str, *, musl: bool) -> str:
    """What to do where a library can't be loaded.

    Parameters
    ----------
    name : the library
    musl : whether this system has musl in place of glibc
    """
    if musl:
        return (
            f"{name} is missing: this system has musl (Alpine, for example), for which PyPI has no "
            "builds of libvips and ONNX Runtime. Use the container, "
            "ghcr.io/photochrom/photochrom, or a system with glibc, such as Debian."
        )
    again = "pip install --force-reinstall photochrom"
    return f"{name} can't be loaded. Install Photochrom again: {again}"
