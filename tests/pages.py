"""The page, in the words of its tests.

STUDIO_SHOTS=1 leaves screenshots in build/studio, for people to look at.
"""

import os
from pathlib import Path

import numpy as np

from photochrom import color
from photochrom.pictures import picture

ROOT = Path(__file__).parents[1]
SHOTS = ROOT / "build" / "studio" if os.environ.get("STUDIO_SHOTS") else None
PATIENCE_MS = 60_000
SHOWN = """(({ dataset, src } = document.querySelector(".images .after") ?? { dataset: {} }) =>
    dataset.painting ?? src)()"""
KEPT = """() => new Promise((resolve) => {
    const opening = indexedDB.open("photochrom", 1);
    opening.onsuccess = () => {
        const names = opening.result.objectStoreNames;
        if (!names.length) { opening.result.close(); resolve([]); return; }
        const all = opening.result.transaction("photographs").objectStore("photographs").getAll();
        all.onsuccess = () => {
            opening.result.close();
            resolve(all.result.map((one) => one.edits));
        };
    };
})"""


class Studio:
    """The page, in the words of these tests."""

    def __init__(self, page):
        self.page = page
        self.stage = page.locator("#stage")

    def choose(self, *files, opener="#open"):
        """Open files through the page's own file dialog."""
        with self.page.expect_file_chooser() as dialog:
            self.page.locator(opener).click()
        dialog.value.set_files([str(file) for file in files])

    def open(self, *files):
        self.choose(*files)
        self.painted()
        return self

    def painted(self):
        """Wait until what is shown is what was asked for."""
        self.page.wait_for_selector("#stage[data-state=painted]")
        self.page.wait_for_timeout(50)

    def changed(self, act):
        """Do something that repaints, and wait until that is shown."""
        before = self.shown()
        act()
        self.page.wait_for_function(
            f"before => {SHOWN} !== before "
            "&& document.querySelector('#stage').dataset.state === 'painted'",
            arg=before,
        )

    def kept(self):
        """The edits of the photographs that are kept for the next visit, as JSON."""
        return self.page.evaluate(KEPT)

    def until_kept(self, part):
        """Wait until edits are kept in which something stands."""
        for _ in range(PATIENCE_MS // 100):
            if any(part in edits for edits in self.kept()):
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"{part} is not kept: {self.kept()}")

    def shown(self):
        """Which painted picture is shown."""
        return self.page.evaluate(SHOWN)

    def place(self, x, y):
        """A place on the page, given in shares of the photograph's sides."""
        box = self.page.locator("#frame").bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def lab(self, x, y, reach=0.012):
        """The mean L*a*b* of what the browser shows around a place, without what lies over it."""
        levels = self.page.evaluate(
            """([x, y, reach]) => {
                const image = document.querySelector(".images .after");
                const side = (name) => image[`natural${name}`] ?? image[name.toLowerCase()];
                const wide = Math.max(1, Math.round(2 * reach * side("Width")));
                const left = Math.round((x - reach) * side("Width"));
                const top = Math.round(y * side("Height") - wide / 2);
                const context = new OffscreenCanvas(wide, wide).getContext("2d");
                context.drawImage(image, left, top, wide, wide, 0, 0, wide, wide);
                return [...context.getImageData(0, 0, wide, wide).data];
            }""",
            [x, y, reach],
        )
        rgb = np.array(levels, dtype=np.uint8).reshape(-1, 4)[:, :3]
        return color.srgb_to_lab(rgb).mean(axis=0)

    def chroma(self):
        """How colorful the painted picture is, over a net of places."""
        places = [(x, y) for x in (0.2, 0.4, 0.6, 0.8) for y in (0.2, 0.4, 0.6, 0.8)]
        return float(np.mean([np.hypot(*self.lab(x, y)[1:]) for x, y in places]))

    def seen(self, x, y, side=14):
        """The mean L*a*b* of a screenshot around a place."""
        left, top = self.place(x, y)
        clip = {"x": left - side / 2, "y": top - side / 2, "width": side, "height": side}
        srgb = picture.read(self.page.screenshot(clip=clip)).srgb()
        return color.srgb_to_lab(srgb[..., :3]).reshape(-1, 3).mean(axis=0)

    def click(self, x, y):
        self.page.mouse.click(*self.place(x, y))

    def drag(self, *places):
        first, *others = places
        self.page.mouse.move(*first)
        self.page.mouse.down()
        for place in others:
            self.page.mouse.move(*place, steps=6)
        self.page.mouse.up()

    def hint(self, x, y, written):
        """Give a place a color."""
        self.click(x, y)
        self.page.wait_for_selector(".likely-one")
        self.page.locator("#picker-hex").fill(written)
        self.changed(lambda: self.page.locator("#picker-hex").press("Enter"))
        self.page.locator("#picker-close").click()

    def download(self, button="#download"):
        with self.page.expect_download() as waiting:
            self.page.locator(button).click()
        return waiting.value

    def shot(self, name):
        """A picture for people to look at, where some are wanted."""
        if SHOTS is not None:
            SHOTS.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=SHOTS / f"{name}.png")

    def assert_fits(self):
        """Nothing is wider than the window, and no control is cut off."""
        wide = self.page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1]
        cut = self.page.evaluate(
            """() => [...document.querySelectorAll(".bar, .tools, .tabs")].flatMap((part) => {
                const table = part.closest(".table");
                const room = table?.offsetWidth ? table : document.body;
                const { right } = room.getBoundingClientRect();
                return [...part.querySelectorAll("button, input")]
                    .filter((one) => one.getBoundingClientRect().right > right + 0.5)
                    .map((one) => one.id);
            })"""
        )
        assert cut == []
