"""The Studio as a folder of files: the page, the model and a runtime for browsers, no server.

Any host of static files serves it, from any path. `sw.js`, the service worker, keeps all files
for use without a network; it knows their hashes, so that a new version is taken whole or not at
all.
"""

from __future__ import annotations

import dataclasses
import json
import os
import posixpath
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from photochrom.errors import (
    Advice,
    ContractError,
    MissingExtraError,
    OutputExistsError,
    PictureWriteError,
)
from photochrom.models.file import has_contract
from photochrom.models.halves import halves
from photochrom.models.weights import find_model
from photochrom.pictures import formats, metadata, writing
from photochrom.runtime.options import DEFAULTS
from photochrom.studio import installable, samples
from photochrom.studio.installable import WEB, WORKER
from photochrom.version import __version__

RUNTIME = Path(__file__).parent / "ort"
"""ONNX Runtime for browsers: in the wheel, and in a checkout after `make web`."""

BROWSERS_READ = ("jpeg", "png", "webp", "avif")
"""Formats that the page without a server opens."""

IMPORT = re.compile(r'^(?:import|export|\}).* from "(\.{1,2}/[^"]+)";$', re.MULTILINE)
"""A module's static import of another one."""

PRINT = (
    '<li><span class="print"><span class="print-paper"></span>'
    '<span class="print-title">&nbsp;</span></span></li>'
)
"""Keeps the place of a sample, so that nothing moves when it comes."""

LIST = "site.json"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
"""What the page may load and where it may send: nothing but its own files."""


def write_site(
    folder: str | os.PathLike[str],
    *,
    model: str | os.PathLike[str] | None = None,
    force: bool = False,
) -> Path:
    """Write a complete site.

    Parameters
    ----------
    folder : where to; made if it isn't there
    model : as for `Colorizer`
    force : write into a folder that holds files already; those of an earlier site that aren't
        needed any more are removed, others stay

    Raises
    ------
    ModelError
        There is no such model, or it can't be parted.
    MissingExtraError
        This installation lacks the runtime for browsers.
    OutputExistsError
        The folder holds files, and `force` is not set.
    PictureWriteError
        A file can't be written.
    """
    target = Path(folder)
    files = {**_page(), **_engine(model), **_samples()}
    files[WORKER] = installable.worker(files, policy=POLICY)
    try:
        if target.exists() and any(target.iterdir()) and not force:
            raise OutputExistsError(f"{target}: the folder is not empty. Choose another one.")
        earlier = _earlier(target)
        for name, content in files.items():  # the worker comes last: its files are there
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            writing.write_whole(path, content)
        for name in earlier - set(files):
            with suppress(FileNotFoundError):
                (target / name).unlink()
    except OSError as error:
        raise PictureWriteError(f"{target}: can't be written ({error.strerror}).") from error
    return target


def _page() -> dict[str, bytes]:
    """The page's own files, which the Studio's server serves as they are."""
    files = installable.page_files()
    head = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
    links = [f'rel="modulepreload" href="{name}"' for name in _modules(files)]
    links += [f'rel="preload" as="fetch" crossorigin href="engine/{LIST}"']
    links += [f'rel="preload" as="image" href="samples/{name}.jpg"' for name in samples.TITLES]
    preloads = "".join(f"    <link {link}>\n" for link in links)
    page = (WEB / "index.html").read_text(encoding="utf-8")
    page = page.replace(' id="samples" hidden>', ' id="samples">', 1)
    page = page.replace("</ul>", f"{PRINT * len(samples.TITLES)}</ul>", 1)
    page = page.replace("  </head>", f"{preloads}  </head>", 1)
    page = page.replace('data-engine="http"', 'data-engine="local"')
    page = page.replace('<meta name="viewport"', f'{head}    <meta name="viewport"', 1)
    files["index.html"] = page.encode()
    files[installable.MANIFEST] = installable.manifest(_readable(), shares=True)
    return files


def _modules(files: Mapping[str, bytes]) -> list[str]:
    """The modules that the page begins with: none must wait for the one that imports it."""
    found = ["static/main.js", "static/words.js", "static/local/engine.js"]
    for name in found:  # grows while it is walked
        for imported in IMPORT.findall(files[name].decode()):
            path = posixpath.normpath(f"{posixpath.dirname(name)}/{imported}")
            if path not in found:
                found.append(path)
    return found


def _readable() -> list[formats.Format]:
    return [one for one in formats.TABLE if one.name in BROWSERS_READ]


def _engine(model: str | os.PathLike[str] | None) -> dict[str, bytes]:
    """The model in two files, its contract, and what runs it."""
    path = find_model(model)
    if path.with_suffix(".toml").is_file() and not has_contract(path):
        raise ContractError(
            f"{path}: this is another maker's model; in browsers only Photochrom's own run.",
            advice=[Advice.SEE_MODELS],
        )
    parts = halves(path)
    try:
        pin = json.loads((RUNTIME / "runtime.json").read_text(encoding="utf-8"))
        names = [*pin["files"], "LICENSE", "ThirdPartyNotices.txt"]
        runtime = {f"engine/{name}": (RUNTIME / name).read_bytes() for name in names}
    except FileNotFoundError as error:
        raise MissingExtraError(
            f"The runtime for browsers is missing from this installation ({error.filename}). In a "
            "checkout, run make web; or install photochrom from its wheel."
        ) from error
    about = {
        "photochrom": __version__,
        "contract": dataclasses.asdict(parts.contract),
        "reads": [one.facts() for one in _readable()],
        "quality": DEFAULTS.quality,
        "samples": [
            {"name": name, "title": title, "url": f"samples/{name}.jpg"}
            for name, title in samples.TITLES.items()
        ],
    }
    return {
        "engine/encoder.onnx": parts.encoder,
        "engine/decoder.onnx": parts.decoder,
        **({"engine/region.onnx": parts.region} if parts.region else {}),
        "engine/srgb.icc": metadata.srgb_profile(),
        f"engine/{LIST}": json.dumps(about, ensure_ascii=False).encode(),
        **runtime,
    }


def _samples() -> dict[str, bytes]:
    files = {f"samples/{name}.jpg": samples.FOLDER / f"{name}.jpg" for name in samples.TITLES}
    files["samples/ATTRIBUTION.md"] = samples.FOLDER / "ATTRIBUTION.md"
    return {name: path.read_bytes() for name, path in files.items()}


def _earlier(target: Path) -> set[str]:
    """The files of a site that lies there already."""
    try:
        first, _, _ = (target / WORKER).read_text(encoding="utf-8").partition("\n")
        listed = json.loads(first.removeprefix("const SITE = ").removesuffix(";"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    inside = (Path(name) for name in listed)
    return {one.as_posix() for one in inside if not one.is_absolute() and ".." not in one.parts}
