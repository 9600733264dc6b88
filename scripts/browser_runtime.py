"""Fetch ONNX Runtime for browsers from npm, as `src/photochrom/studio/ort/runtime.json` pins it.

    python scripts/browser_runtime.py

npm brings the package; its hash must be the pinned one. The licenses are those of the Python
package onnxruntime, of the same project. Nothing is done where everything is there already.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import distribution
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "src" / "photochrom" / "studio" / "ort"
LICENCES = ("LICENSE", "ThirdPartyNotices.txt")
STAMP = FOLDER / "installed.txt"


def main() -> None:
    """Fetch, check and unpack."""
    pin = json.loads((FOLDER / "runtime.json").read_text(encoding="utf-8"))
    names = [*pin["files"], *LICENCES]
    current = STAMP.exists() and STAMP.read_text(encoding="utf-8") == pin["integrity"]
    if current and all((FOLDER / name).is_file() for name in names):
        return
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is missing. Install Node.js 20 or newer, then run this again.")
    with tempfile.TemporaryDirectory() as folder:
        wanted = f"{pin['package']}@{pin['version']}"
        subprocess.run([npm, "pack", wanted, "--silent", "--pack-destination", folder], check=True)
        (archive,) = Path(folder).glob("*.tgz")
        kind, _, expected = pin["integrity"].partition("-")
        digest = hashlib.new(kind, archive.read_bytes()).digest()
        if base64.b64encode(digest).decode() != expected:
            sys.exit(f"{wanted}: its hash is not the pinned one. Nothing was installed.")
        with tarfile.open(archive) as packed:
            for name, member in pin["files"].items():
                file = packed.extractfile(member)
                assert file is not None
                (FOLDER / name).write_bytes(file.read())
    for name in LICENCES:
        found = distribution("onnxruntime").locate_file(f"onnxruntime/{name}")
        shutil.copyfile(str(found), FOLDER / name)
    STAMP.write_text(pin["integrity"], encoding="utf-8")
    print(f"{wanted} is in {FOLDER}")


if __name__ == "__main__":
    main()
