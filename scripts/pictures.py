"""Take the docs' pictures of the program anew, so that they never age.

    python scripts/pictures.py [before-after] [terminal] [studio] [tools] [film] [hint]

Before and after for the landing page, the terminal as SVG, and the Studio as it is served, also as
a short film (needs Chromium). All of them show the sample photographs; `benchmarks/gallery.py`
makes all others.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

import photochrom
from photochrom.pictures import picture

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "src/photochrom/samples"
IMAGES = ROOT / "docs/images"
PROGRAM = Path(sys.executable).with_name("photochrom")
DESK: Any = {"width": 1280, "height": 800}
PHONE: Any = {"width": 390, "height": 760}

THEME = TerminalTheme((24, 24, 27), (228, 228, 231), [(39, 39, 42)] * 8)

# Rich's own format loads a font from another host.
SVG = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def main() -> None:
    """Take those that are named, or all."""
    IMAGES.mkdir(exist_ok=True)
    for name in sys.argv[1:] or KINDS:
        KINDS[name]()


def before_after() -> None:
    """The samples in gray and in color, for the slider."""
    colorizer = photochrom.Colorizer()
    for name in ("flower", "china"):
        gray = photochrom.read(SAMPLES / f"{name}.jpg")
        gray.save(IMAGES / f"{name}-before.jpg", force=True, quality=85)
        colored = colorizer.colorize(gray)
        colored.save(IMAGES / f"{name}-after.jpg", force=True, quality=85)


# The terminal


def terminal() -> None:
    """Commands as a person types them, and what they answer."""
    with tempfile.TemporaryDirectory() as folder:
        desk = Path(folder)
        shutil.copy(SAMPLES / "flower.jpg", desk / "old.jpg")
        (desk / "scans").mkdir()
        for name in ("flower", "china", "chelsea"):
            shutil.copy(SAMPLES / f"{name}.jpg", desk / "scans")
        (desk / "scans/notes.txt").write_text("Box 3, left to right\n")
        (desk / "scans/cut.jpg").write_bytes((SAMPLES / "china.jpg").read_bytes()[:300])
        typed(desk, "terminal-first", ["colorize old.jpg"])
        typed(
            desk,
            "terminal-folder",
            [
                "colorize scans -o colored --dry-run",
                "colorize scans -o colored",
                "colorize scans -o colored --resume",
            ],
        )
        typed(desk, "terminal-models", ["models", "doctor"])


def typed(folder: Path, name: str, commands: list[str]) -> None:
    """Run commands in a folder, and draw them with their answers."""
    console = Console(record=True, width=92, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    for command in commands:
        console.print(Text(f"$ photochrom {command}", style="bold"))
        ran = subprocess.run(
            [PROGRAM, *command.split()],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env={**os.environ, "COLUMNS": "92"},
        )
        answer = ran.stdout.replace(str(ROOT), "~/photochrom")  # not where it was taken
        console.print(Text(answer.rstrip("\n")))
    drawn = console.export_svg(title="", theme=THEME, code_format=SVG, unique_id=name)
    (IMAGES / f"{name}.svg").write_text(drawn, "utf-8")


# The Studio


def studio() -> None:
    """The Studio's page: first visit, a hint being given, and on a phone."""
    with chromium() as (browser, url):
        for name, size, dark in (
            ("studio", DESK, False),
            ("studio-dark", DESK, True),
            ("studio-phone", PHONE, False),
        ):
            context = browser.new_context(
                viewport=size,
                reduced_motion="reduce",
                color_scheme="dark" if dark else "light",
            )
            visit(context.new_page(), url, name)
            context.close()


def film() -> None:
    """The Studio's page for films: three shots, with a hint on the sky of the first."""
    import recording

    frames = []
    for name in ("china", "flower", "chelsea"):
        levels = picture.read(SAMPLES / f"{name}.jpg").srgb(size=(507, 760))
        frames += [levels[at : at + 400, 2 * at : 2 * at + 640] for at in range(48)]
    with tempfile.TemporaryDirectory() as folder, chromium() as (browser, url):
        clip = Path(folder) / "holiday.mp4"
        recording.write(frames, clip)
        page = browser.new_page(viewport=DESK, reduced_motion="reduce", color_scheme="light")
        page.goto(f"{url}film.html")
        with page.expect_file_chooser() as dialog:
            page.locator("#open").click()
        dialog.value.set_files(clip)
        page.wait_for_selector("#film-image img")
        page.wait_for_selector("#looking", state="hidden")
        box = page.locator("#film-frame").bounding_box()
        page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + 0.3 * box["height"])
        page.wait_for_selector(".likely-one")
        page.locator("#picker-hex").fill("#7fa3d9")
        page.locator("#picker-hex").press("Enter")
        page.locator("#picker-close").click()
        page.wait_for_selector(".marker")
        page.wait_for_selector("#stage[aria-busy=true]", state="detached")
        page.mouse.move(4, 4)
        page.wait_for_timeout(500)
        page.screenshot(path=IMAGES / "studio-film.jpg", type="jpeg", quality=82)


def hint() -> None:
    """A hint in action, as a film; see `recording`."""
    import recording

    with chromium() as (browser, url):
        page = browser.new_page(
            viewport=recording.SIZE, reduced_motion="reduce", color_scheme="light"
        )
        recording.write(recording.record(page, url), IMAGES / "hint.mp4")


@contextmanager
def chromium() -> Iterator[tuple[Any, str]]:
    """A browser, and the address of a Studio."""
    from playwright.sync_api import sync_playwright

    with serving() as url, sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser, url
        browser.close()


def visit(page: Any, url: str, name: str) -> None:
    """Take the welcome, open the first sample and give a petal a color."""
    page.add_init_script("localStorage.setItem('photochrom-guide', 'seen')")
    page.goto(url)
    page.wait_for_selector(".print-paper")
    page.wait_for_timeout(1500)
    if name == "studio":
        page.screenshot(path=IMAGES / "studio-welcome.jpg", type="jpeg", quality=82)
    page.locator(".print-paper").first.click()
    page.wait_for_selector("#stage[data-state=painted]")
    page.wait_for_timeout(800)
    if name == "studio-phone":
        page.screenshot(path=IMAGES / f"{name}.jpg", type="jpeg", quality=82)
        return
    box = page.locator("#frame").bounding_box()
    page.mouse.click(box["x"] + 0.43 * box["width"], box["y"] + 0.35 * box["height"])
    page.wait_for_selector(".likely-one")
    page.wait_for_timeout(1200)
    page.screenshot(path=IMAGES / f"{name}.jpg", type="jpeg", quality=82)


def tools() -> None:
    """Each of the Studio's tools, by itself."""
    with chromium() as (browser, url):
        page = browser.new_page(viewport=DESK, reduced_motion="reduce", color_scheme="light")
        page.add_init_script("localStorage.setItem('photochrom-guide', 'seen')")
        page.goto(url)
        page.wait_for_selector(".print-paper")
        with page.expect_file_chooser() as dialog:
            page.locator("#open").click()
        dialog.value.set_files([SAMPLES / "china.jpg", SAMPLES / "flower.jpg"])
        page.wait_for_selector("#stage[data-state=painted]")
        page.wait_for_function("() => document.querySelectorAll('.film.ready').length === 2")
        page.wait_for_function("() => document.querySelectorAll('button.alternative').length > 1")
        on_the_photograph(page)
        in_the_panel(page)


def on_the_photograph(page: Any) -> None:
    """What is done with a pointer: hints and their reach, kept places, uncertain places."""
    box = page.locator("#frame").bounding_box()
    around = {
        "x": box["x"] - 20,
        "y": box["y"] - 20,
        "width": box["width"] + 40,
        "height": box["height"] + 40,
    }

    def place(x: float, y: float) -> tuple[float, float]:
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def take(name: str, **clip: Any) -> None:
        page.screenshot(
            path=IMAGES / f"tool-{name}.jpg", type="jpeg", quality=80, clip=clip or around
        )

    page.locator("#compare").click()
    page.mouse.move(*place(0.8, 0.2))
    page.wait_for_selector("#region:not([hidden])")
    take("reach")
    page.mouse.click(*place(0.8, 0.2))
    page.wait_for_selector(".likely-one")
    page.wait_for_timeout(600)
    shot(page, "picker", "#picker")
    page.locator(".likely-one button").first.click()
    page.locator("#picker-close").click()
    page.locator("#tool-keep").click()
    page.mouse.move(*place(0.3, 0.3))
    page.mouse.down()
    page.mouse.move(*place(0.42, 0.36), steps=8)
    page.mouse.up()
    page.wait_for_selector("#stage[data-state=painted]")
    page.wait_for_timeout(500)
    take("keep")
    page.locator("#tool-hint").click()
    page.locator("#confidence").click()
    page.wait_for_selector("#next-uncertain:not([hidden])")
    page.wait_for_timeout(500)
    take("confidence")
    page.locator("#confidence").click()
    page.locator("#compare").click()


def in_the_panel(page: Any) -> None:
    """The panel's sections, and the sheets."""
    page.locator("#palette-presets button").first.click()
    page.locator("#history summary").click()
    with page.expect_file_chooser() as dialog:
        page.locator(".reference-empty").click()
    dialog.value.set_files(SAMPLES / "originals" / "flower.jpg")
    page.wait_for_selector("#likeness-part:not([hidden])")
    page.wait_for_selector("#stage[data-state=painted]")
    page.wait_for_timeout(4000)  # until the alternatives follow
    for name, section in (
        ("tone", "vividness"),
        ("hints", "hints"),
        ("alternatives", "alternatives"),
        ("palette", "palette"),
        ("reference", "reference"),
    ):
        shot(page, name, f"[data-section={section}]")
    for name, opener, sheet in (
        ("download", "#download-more", "#download-sheet"),
        ("job", "#job", "#job-sheet"),
    ):
        page.locator(opener).click()
        page.wait_for_timeout(300)
        shot(page, name, sheet)
        page.keyboard.press("Escape")


def shot(page: Any, name: str, selector: str) -> None:
    """Take a part of the page."""
    part = page.locator(selector)
    part.scroll_into_view_if_needed()
    part.screenshot(path=IMAGES / f"tool-{name}.jpg", type="jpeg", quality=80)


@contextmanager
def serving() -> Iterator[str]:
    """`photochrom serve` on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    quiet = subprocess.DEVNULL
    server = subprocess.Popen([PROGRAM, "serve", "--port", str(port)], stdout=quiet, stderr=quiet)
    try:
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"{url}healthz", timeout=5):
                    break
            except OSError:
                time.sleep(0.2)
        yield url
    finally:
        server.terminate()
        server.wait()


KINDS: Mapping[str, Callable[[], None]] = {
    "before-after": before_after,
    "terminal": terminal,
    "studio": studio,
    "tools": tools,
    "film": film,
    "hint": hint,
}

if __name__ == "__main__":
    main()
