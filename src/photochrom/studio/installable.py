"""What makes the page an app: its manifest, and the service worker that keeps its own files.

The worker begins with a list of those files and their hashes, so that each version has one of its
own. It keeps nothing else: no photograph and no answer of the API.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from photochrom.pictures import formats

WEB = Path(__file__).parent / "web"
WORKER = "sw.js"
MANIFEST = "manifest.webmanifest"
FILM_PAGE = "film.html"
FILM_FILES = (FILM_PAGE, "film.css", "film/")
"""What only the server's page has: no film is colored in a browser."""


def page_files() -> dict[str, bytes]:
    """The page's own files by their path, but for what the host writes: the page, and the above."""
    found = {path.relative_to(WEB).as_posix(): path for path in WEB.rglob("*") if path.is_file()}
    own = {"index.html", WORKER, MANIFEST}
    return {
        f"static/{name}": path.read_bytes()
        for name, path in sorted(found.items())
        if name not in own and not name.startswith(FILM_FILES)
    }


def manifest(reads: Iterable[formats.Format], *, shares: bool) -> bytes:
    """The app's manifest.

    Parameters
    ----------
    reads : the formats that it opens
    shares : whether other apps may share photographs with it: the worker must keep them then
    """
    content: dict[str, Any] = json.loads((WEB / MANIFEST).read_text(encoding="utf-8"))
    accept = {one.media_type: list(one.suffixes) for one in reads}
    content["file_handlers"] = [{"action": "./", "accept": accept}]
    if not shares:
        del content["share_target"]
    return json.dumps(content, indent=2).encode()


def hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    """Each file's hash, as browsers write it."""
    return {
        name: f"sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}"
        for name, content in sorted(files.items())
    }


def worker(files: Mapping[str, bytes], *, policy: str = "") -> bytes:
    """The service worker, which begins with what it keeps.

    Parameters
    ----------
    files : all that it keeps
    policy : the Content-Security-Policy that it adds to the answers of a host of static files,
        where it answers first; empty beside the Studio's server, where it answers only what the
        server doesn't
    """
    known = hashes(files)
    version = hashlib.sha256(json.dumps(known).encode()).hexdigest()[:16]
    site = {"version": version, "policy": policy, "files": known}
    source = (WEB / WORKER).read_text(encoding="utf-8")
    return f"const SITE = {json.dumps(site)};\n{source}".encode()
