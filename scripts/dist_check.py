"""Build sdist and wheel, look into them, install the wheel as people do, and colorize with it.

    python scripts/dist_check.py [--dist DIR] [--wheel FILE]

What a release does, but for publishing. The wheel is built from the sdist, once, and everything
else is done with that file. It is installed into fresh environments: by pip, and by pipx and uv
where they are there. With --wheel, that file is looked at and tried, and nothing is built.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

ROOT = Path(__file__).parent.parent
MOST_BYTES = 20_000_000
WANTED = (
    "photochrom/py.typed",
    "photochrom/cli/main.py",
    "photochrom/weights/models.json",
    "photochrom/samples/ATTRIBUTION.md",
    "photochrom/studio/web/index.html",
    "photochrom/studio/web/sw.js",
)
RUNTIME = "photochrom/studio/ort/"
ALLOWED = re.compile(
    r"photochrom/.+\.(py|typed|json|toml|onnx|jpg|md|html|css|js|mjs|svg|png|ico|webmanifest|wasm|txt)"
    r"|photochrom/studio/ort/LICENSE[\w.-]*"
    r"|photochrom-[^/]+\.dist-info/.+"
)
LICENCES = ("LICENSE", "src/photochrom/samples/ATTRIBUTION.md")


def fail(text: str) -> None:
    """End, and say why."""
    raise SystemExit(f"dist-check: {text}")


def call(*command: object, quiet: bool = True, **settings: object) -> str:
    """Run a command, and show what it says where it fails."""
    words = [str(word) for word in command]
    ran = subprocess.run(words, capture_output=quiet, text=True, check=False, **settings)  # type: ignore[call-overload]
    if ran.returncode:
        fail(f"{' '.join(words)} has failed:\n{ran.stdout or ''}{ran.stderr or ''}")
    return str(ran.stdout)


def built(dist: Path) -> Path:
    """Build the sdist, and from it the wheel; returns the wheel."""
    dist.mkdir(parents=True, exist_ok=True)
    for old in (*dist.glob("*.whl"), *dist.glob("*.tar.gz")):
        old.unlink()
    call(sys.executable, "-m", "build", "--outdir", dist, ROOT)
    wheels = list(dist.glob("*.whl"))
    if len(wheels) != 1 or len(list(dist.glob("*.tar.gz"))) != 1:
        fail(f"{dist} should hold one wheel and one sdist.")
    return wheels[0]


def browser_runtime() -> list[str]:
    """What of ONNX Runtime for browsers, and of its licenses, a wheel must hold."""
    pin = json.loads((ROOT / "src" / RUNTIME / "runtime.json").read_text(encoding="utf-8"))
    return [RUNTIME + name for name in (*pin["files"], "LICENSE", "ThirdPartyNotices.txt")]


def look_into(wheel: Path) -> None:
    """Contents, size, metadata and licences."""
    size = wheel.stat().st_size
    if size > MOST_BYTES:
        fail(f"{wheel.name} has {size:,} bytes; {MOST_BYTES:,} are the most.")
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if odd := [name for name in names if not ALLOWED.fullmatch(name)]:
            fail(f"{wheel.name} holds what it shouldn't: {', '.join(odd[:10])}")
        if missing := [name for name in WANTED if name not in names]:
            fail(f"{wheel.name} lacks {', '.join(missing)}")
        if missing := [name for name in browser_runtime() if name not in names]:
            fail(
                f"{wheel.name} lacks {', '.join(missing)}; run scripts/browser_runtime.py, which "
                "fetches them, before the wheel is built."
            )
        if not any(name.endswith(".onnx") for name in names):
            fail(f"{wheel.name} has no model")
        about = next(name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(about).decode())
        folder = about.removesuffix("METADATA") + "licenses/"
        for licence in LICENCES:
            if archive.read(folder + licence) != (ROOT / licence).read_bytes():
                fail(f"{wheel.name} has another {licence} than the sources")
    expression = metadata["License-Expression"]
    if not expression or metadata["Name"] != "photochrom":
        fail(f"{wheel.name}: its metadata lack a name or a licence")
    if metadata["Version"] != wheel.name.split("-")[1]:
        fail(f"{wheel.name}: its name and its metadata differ")
    print(f"{wheel.name}: {size / 1e6:.1f} MB, {len(names)} files, {expression}")


def colorize(program: Path | str, where: str) -> None:
    """The samples, from the wheel, with nothing of this checkout in the way."""
    samples = sorted((ROOT / "src/photochrom/samples").glob("*.jpg"))
    with tempfile.TemporaryDirectory() as folder:
        kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        out = Path(folder, "out")
        call(program, "colorize", *samples, "-o", f"{out}{os.sep}", cwd=folder, env=kept)
        made = list(out.glob("*.jpg"))
        if len(made) != len(samples) or any(one.stat().st_size < 1000 for one in made):
            fail(f"{where}: {len(made)} of {len(samples)} samples were colorized")
        said = call(program, "--version", cwd=folder, env=kept).strip()
    print(f"{where}: {said}, {len(made)} samples")


def export_page(program: Path) -> None:
    """The Studio without a server, from the wheel."""
    with tempfile.TemporaryDirectory() as folder:
        call(program, "export", "--web", "site", cwd=folder)
        made = [path for path in Path(folder, "site").rglob("*") if path.is_file()]
        kinds = {path.suffix for path in made}
        if not {".html", ".onnx", ".wasm"} <= kinds:
            fail(f"the page without a server lacks some of its files: {sorted(kinds)}")
    print(f"the page without a server: {len(made)} files")


def with_pip(wheel: Path, folder: Path) -> None:
    """A fresh environment of our own."""
    venv.create(folder, with_pip=True)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    call(scripts / "python", "-m", "pip", "install", "--quiet", wheel)
    call(scripts / "python", "-m", "pip", "check")
    colorize(scripts / "photochrom", "pip")
    export_page(scripts / "photochrom")


def with_pipx(wheel: Path, folder: Path) -> None:
    """As `pipx install photochrom` does."""
    told = {"PIPX_HOME": str(folder), "PIPX_BIN_DIR": str(folder / "bin")}
    call("pipx", "install", "--quiet", wheel, env=os.environ | told)
    colorize(folder / "bin" / "photochrom", "pipx")


def with_uv(wheel: Path, folder: Path) -> None:
    """As `uv tool install photochrom` does."""
    told = {"UV_TOOL_DIR": str(folder / "tools"), "UV_TOOL_BIN_DIR": str(folder / "bin")}
    call("uv", "tool", "install", "--quiet", wheel, env=os.environ | told)
    colorize(folder / "bin" / "photochrom", "uv")


def main() -> None:
    """Everything, in order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dist", type=Path, default=ROOT / "dist")
    parser.add_argument("--wheel", type=Path)
    asked = parser.parse_args()
    call(sys.executable, ROOT / ".ci/release.py")
    wheel = asked.wheel.resolve() if asked.wheel else built(asked.dist.resolve())
    look_into(wheel)
    with tempfile.TemporaryDirectory(prefix="photochrom-dist-") as folder:
        if not asked.wheel:  # there is an sdist, too, which the recipes are of
            call(sys.executable, ROOT / ".ci/packagers.py", asked.dist, folder)
            print("conda-forge, Homebrew: recipes with the sdist's hash")
        with_pip(wheel, Path(folder, "pip"))
        for name, way in (("pipx", with_pipx), ("uv", with_uv)):
            if shutil.which(name):
                way(wheel, Path(folder, name))
            else:
                print(f"{name}: not here, left out")


if __name__ == "__main__":
    main()
