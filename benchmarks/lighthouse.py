"""Lighthouse's marks for the Studio without a server: at least 95 of 100 in each category.

    python benchmarks/lighthouse.py [--desktop]

A host that compresses, as hosts of static files do, serves a new site on this machine; Lighthouse
visits it as a phone on a slow network, or as a desktop. npx brings the pinned version. Needs
`make web`, Node.js and Chromium; a machine without other work, since Lighthouse measures times.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from http import HTTPStatus
from pathlib import Path

from photochrom.studio.site import write_site

LIGHTHOUSE = "lighthouse@12.8.2"
LEAST = 95
PACKED = {".css", ".html", ".js", ".json", ".mjs", ".onnx", ".svg", ".wasm", ".webmanifest"}


class Host(http.server.SimpleHTTPRequestHandler):
    """Keeps connections, and compresses."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer with a file."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        body = path.read_bytes()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Cache-Control", "max-age=600")
        if path.suffix in PACKED:
            body = gzip.compress(body, 6)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def marks(url: str, folder: Path, *, desktop: bool) -> dict[str, int]:
    """By category, 0 to 100; what costs marks is printed."""
    report = folder / "report.json"
    command = ["npx", "--yes", LIGHTHOUSE, url, "--quiet", "--output=json"]
    command += [f"--output-path={report}", "--no-enable-error-reporting"]
    command += ["--chrome-flags=--headless=new --no-sandbox --disable-gpu"]
    command += ["--preset=desktop"] if desktop else []
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or ""
    subprocess.run(command, check=True, env={**os.environ, "CHROME_PATH": chromium})
    found = json.loads(report.read_text(encoding="utf-8"))
    for category in found["categories"].values():
        for one in category["auditRefs"]:
            audit = found["audits"][one["id"]]
            if one["weight"] and audit["score"] is not None and audit["score"] < LEAST / 100:
                value = audit.get("displayValue", "")
                print(f"  {category['title']}: {audit['title']} {value} ({audit['score']})")
    return {
        category["title"]: round(100 * category["score"])
        for category in found["categories"].values()
    }


def main() -> None:
    """Measure, print, and fail where a mark is too low."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--desktop", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        site = write_site(Path(name) / "site")
        handler = functools.partial(Host, directory=str(site))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        found = marks(url, Path(name), desktop=options.desktop)
        server.shutdown()
    for title, mark in found.items():
        print(f"{title}: {mark}")
    sys.exit(any(mark < LEAST for mark in found.values()))


if __name__ == "__main__":
    main()
