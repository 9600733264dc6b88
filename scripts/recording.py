"""A hint in action: the Studio as a short film, for the landing page.

The page is photographed frame by frame while a pointer sets a hint and changes its color; the
frames become a loop of H.264, and the last one its poster. Needs Chromium and the video extra.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pyvips
from numpy.typing import NDArray

SIZE: Any = {"width": 960, "height": 600}
RATE = 12
"""Frames a second."""

QUALITY = {"crf": "27", "preset": "veryslow", "tune": "animation"}
PETAL = (0.43, 0.35)
"""Where the hint is set, in parts of the photograph."""

PINK = 335
"""The hue that it gets, in degrees."""

POINTER = """
addEventListener("DOMContentLoaded", () => {
  const pointer = document.createElement("div");
  pointer.innerHTML = `<svg width="24" height="24" viewBox="0 0 24 24">
    <path d="M3 2v17l4.5-4.2 3 6.7 3-1.3-3-6.6H17z" fill="#111" stroke="#fff" stroke-width="1.5"
      stroke-linejoin="round"/></svg>`;
  pointer.style = "position:fixed;z-index:99999;pointer-events:none;left:-40px;top:-40px";
  document.documentElement.append(pointer);
  addEventListener("mousemove", ({ clientX, clientY }) => {
    pointer.style.left = `${clientX - 3}px`;
    pointer.style.top = `${clientY - 2}px`;
  }, true);
});
"""
"""Screenshots have no pointer; this one follows it."""


class Recording:
    """Frames of a page, and where the pointer is."""

    def __init__(self, page: Any) -> None:
        self._page, self.frames = page, list[NDArray[np.uint8]]()
        self.at = (SIZE["width"] * 0.8, SIZE["height"] * 0.9)

    def hold(self, seconds: float) -> None:
        """Look at the page as it is."""
        taken = pyvips.Image.new_from_buffer(self._page.screenshot(type="png"), "")
        self.frames += [taken[:3].numpy()] * max(1, round(seconds * RATE))

    def move(self, x: float, y: float, *, seconds: float, painted: bool = False) -> None:
        """Move the pointer, slower at both ends; wait for the colors at each step if asked to."""
        (x0, y0), steps = self.at, max(1, round(seconds * RATE))
        for step in range(1, steps + 1):
            part = (1 - np.cos(np.pi * step / steps)) / 2
            self._page.mouse.move(x0 + (x - x0) * part, y0 + (y - y0) * part)
            if painted:
                self._page.wait_for_timeout(150)
                self._page.wait_for_selector("#stage[data-state=painted]")
            self.hold(0)
        self.at = (x, y)


def record(page: Any, url: str) -> list[NDArray[np.uint8]]:
    """Open the first sample, set a hint on a petal and slide its hue.

    Parameters
    ----------
    page : of Playwright, of the size `SIZE`
    url : of the Studio

    Returns
    -------
    the frames, each (height, width, 3) uint8
    """
    page.add_init_script("localStorage.setItem('photochrom-guide', 'seen')")
    page.add_init_script(POINTER)
    page.goto(url)
    page.locator(".print-paper").first.click()
    page.wait_for_selector("#stage[data-state=painted]")
    page.locator("#compare").click()
    page.wait_for_timeout(2500)
    box = page.locator("#frame").bounding_box()
    petal = (box["x"] + PETAL[0] * box["width"], box["y"] + PETAL[1] * box["height"])
    film = Recording(page)
    film.hold(0.8)
    film.move(*petal, seconds=1.2)
    page.wait_for_selector("#region:not([hidden])")
    film.hold(0.6)
    page.mouse.click(*petal)
    page.wait_for_selector(".likely-one")
    page.wait_for_timeout(1000)
    film.hold(0.8)
    hue = page.locator("#picker-hue").bounding_box()
    slider = page.locator("#picker-hue")
    value, most = slider.evaluate("one => [Number(one.value), Number(one.max)]")
    middle = hue["y"] + hue["height"] / 2

    def on_slider(degrees: float) -> float:
        thumb = hue["height"]
        return float(hue["x"] + thumb / 2 + (hue["width"] - thumb) * degrees / most)

    film.move(on_slider(value), middle, seconds=0.8)
    page.mouse.down()
    film.move(on_slider(PINK), middle, seconds=3, painted=True)
    film.hold(0.5)
    page.mouse.up()
    film.move(film.at[0] + 60, SIZE["height"] * 0.95, seconds=0.7)
    page.keyboard.press("Escape")
    page.wait_for_timeout(300)
    film.hold(2)
    return film.frames


def write(frames: list[NDArray[np.uint8]], path: Path) -> None:
    """Frames as a film that browsers play, and its last frame beside it as a JPEG."""
    height, width = frames[0].shape[:2]
    with av.open(path, "w", options={"movflags": "+faststart"}) as film:
        stream: Any = film.add_stream("libx264", rate=RATE, options=QUALITY)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for frame in frames:
            film.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        film.mux(stream.encode(None))
    last = pyvips.Image.new_from_array(frames[-1], interpretation="srgb")
    last.jpegsave(str(path.with_suffix(".jpg")), Q=80, keep="none")
