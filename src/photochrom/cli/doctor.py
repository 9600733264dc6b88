"""The doctor command: what this installation is, as text to paste, and what is wrong with it."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from photochrom.errors import PhotochromError
from photochrom.models import telemetry
from photochrom.models.telemetry import Telemetry
from photochrom.version import __version__

Verdict = Literal["info", "ok", "note", "wrong"]
"""``info``: a fact; ``note``: a person should know it; ``wrong``: it should be mended."""

SOME_WRONG = 1

LIBRARIES = ("numpy", "pyvips", "pyvips-binary", "protobuf", "typer", "click", "rich")
EXTRAS = {
    "serve": ("fastapi", "uvicorn", "multipart", "prometheus_client"),
    "video": ("av",),
    "heic": ("pi_heif",),
    "cloud": ("obstore",),
    "ray": ("ray",),
    "shards": ("litdata",),
    "train": ("torch", "lightning_fabric", "timm", "onnx"),
}
"""What each brings, by the names that are imported."""

_RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino")
_VECTORS = ("AVX", "AVX2", "FMA3", "AVX512F", "AVX512VNNI", "AVX512_ICL", "NEON", "ASIMD", "SVE")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    verdict: Verdict
    text: str


def examine() -> Iterator[Finding]:
    """All findings, in the order of `CHECKS`."""
    for check in CHECKS:
        yield from check()


def doctor(*, as_json: bool = False) -> int:
    """Print what was found.

    Parameters
    ----------
    as_json : as a table for programs, in place of lines

    Returns
    -------
    The exit code: 0, or 1 where something is wrong
    """
    findings = list(examine())
    if as_json:
        print(json.dumps([dataclasses.asdict(one) for one in findings], ensure_ascii=False))
    else:
        for one in findings:
            print(f"{one.verdict}: {one.subject}: {one.text}")
    sys.stdout.flush()
    return SOME_WRONG if any(one.verdict == "wrong" for one in findings) else 0


def _versions() -> Iterator[Finding]:
    def info(subject: str, text: str) -> Finding:
        return Finding(subject=subject, verdict="info", text=text)

    python = (
        f"{platform.python_version()} ({platform.python_implementation()}), {_shown(sys.prefix)}"
    )
    c_library = " ".join(platform.libc_ver()).strip()
    system = f"{platform.system()} {platform.release()}, {platform.machine()}"
    found = ((name, _version_of(name)) for name in LIBRARIES)
    libraries = ", ".join(f"{name} {version}" for name, version in found if version)
    there = [
        extra
        for extra, parts in EXTRAS.items()
        if all(find_spec(part) is not None for part in parts)
    ]
    yield info("Photochrom", f"{__version__}, {_shown(Path(__file__).parents[1])}")
    yield info("Python", python)
    yield info("system", ", ".join(filter(None, (system, c_library))))
    yield info("libraries", libraries)
    yield info("extras", ", ".join(there) or "none")


def _version_of(package: str) -> str:
    with suppress(metadata.PackageNotFoundError):
        return metadata.version(package)
    return ""


def _shown(path: str | Path) -> str:
    """A folder, with the home folder as ~: for people to paste."""
    place = Path(path)
    with suppress(ValueError, RuntimeError):
        return str(Path("~") / place.relative_to(Path.home()))
    return str(place)


def _machine() -> Iterator[Finding]:
    from photochrom.runtime.cores import usable_cores
    from photochrom.runtime.memory import usable_bytes

    words = [f"{usable_cores()} cores to use of {os.cpu_count()}"]
    if model := _processor():
        words.insert(0, model)
    if vectors := _vectors():
        words.append(f"with {' '.join(vectors)}")
    yield Finding(subject="processor", verdict="info", text=", ".join(words))
    usable = f"{usable_bytes() / 1e9:.1f} GB to use, by the machine, control groups and ulimit"
    yield Finding(subject="memory", verdict="info", text=usable)


def _processor() -> str:
    """What it calls itself; the same words come from every system that has them."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n"):
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _vectors() -> list[str]:
    """The instructions that NumPy has found, of those that matter to networks."""
    try:
        from numpy._core._multiarray_umath import (  # type: ignore[import-not-found, unused-ignore]
            __cpu_features__ as found,
        )
    except ImportError:  # NumPy 1, or a later one that keeps them elsewhere
        return []
    return [name for name in _VECTORS if found.get(name)]


def _libvips() -> Iterator[Finding]:
    import pyvips

    version = ".".join(str(pyvips.version(part)) for part in range(3))
    origin = "from pyvips-binary" if _version_of("pyvips-binary") else "of the system"
    reads, writes = _formats()
    text = f"{version}, {origin}; reads {', '.join(reads)}; writes {', '.join(writes)}"
    yield Finding(subject="libvips", verdict="info", text=text)
    lacking = [name for name in ("jpeg", "png", "tiff", "webp") if name not in writes]
    if lacking:
        text = f"it can't write {', '.join(lacking)}. Install pyvips-binary, or another libvips."
        yield Finding(subject="libvips", verdict="wrong", text=text)


def _formats() -> tuple[list[str], list[str]]:
    from photochrom.pictures import formats

    known = formats.KNOWN.items()
    return [name for name, _ in known], [name for name, one in known if one.saver]


def _runtime() -> Iterator[Finding]:
    import onnxruntime

    from photochrom.models.devices import PROVIDERS

    there = onnxruntime.get_available_providers()
    devices = [name for name, provider in PROVIDERS.items() if provider in there]
    text = f"{onnxruntime.__version__}; devices {', '.join(devices)}; {', '.join(there)}"
    yield Finding(subject="ONNX Runtime", verdict="info", text=text)
    several = [name for name in _RUNTIMES if _version_of(name)]
    if len(several) > 1:
        text = (
            f"{' and '.join(several)} are installed, and overwrite one another's files. Uninstall "
            "all of them, and install the one that you need."
        )
        yield Finding(subject="ONNX Runtime", verdict="wrong", text=text)


def _folders() -> Iterator[Finding]:
    from photochrom.pictures.systems import cache_folder

    place = cache_folder()
    text = f"{_shown(place)} ({'there' if place.is_dir() else 'not there yet'})"
    yield Finding(subject="cache", verdict="info", text=text)


def _colorizing() -> Iterator[Finding]:
    """The default model colorizes a small picture."""
    import numpy as np

    from photochrom.pictures import picture
    from photochrom.runtime.colorizer import Colorizer

    subject = "colorizing"
    levels = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (48, 1))
    try:
        colorizer = Colorizer(threads=1)
        made = colorizer.colorize(picture.from_array(levels)).srgb()
    except (PhotochromError, RuntimeError, ValueError) as error:
        yield Finding(subject=subject, verdict="wrong", text=str(error))
        return
    if made.shape != (*levels.shape, 3):
        yield Finding(subject=subject, verdict="wrong", text=f"gave a picture of {made.shape}.")
        return
    yield Finding(subject=subject, verdict="ok", text=f"works, with {colorizer.contract.identity}.")


def _telemetry() -> Iterator[Finding]:
    subject = "ONNX Runtime's telemetry"
    if telemetry.STATE is Telemetry.OFF:
        yield Finding(subject=subject, verdict="ok", text="off; nothing is collected or sent.")
    elif telemetry.STATE is Telemetry.WANTED:
        asked = f"left on, because {telemetry.WANTED}=on asks for it."
        yield Finding(subject=subject, verdict="note", text=asked)
    else:
        late = (
            "on. Another part of this program loaded ONNX Runtime before it loaded Photochrom. "
            f"Set {telemetry.DISABLE}=1 in the environment, or import photochrom first."
        )
        yield Finding(subject=subject, verdict="wrong", text=late)
    for place in telemetry.traces():
        text = (
            f"there are traces at {_shown(place)}, from another program or an earlier time. "
            "Photochrom doesn't use them; the folder can be removed."
        )
        yield Finding(subject=subject, verdict="note", text=text)


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _versions,
    _machine,
    _libvips,
    _runtime,
    _folders,
    _colorizing,
    _telemetry,
)
"""What is looked at."""
