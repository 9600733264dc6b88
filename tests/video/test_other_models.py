"""Films in the colors of other people's models: luma stays, hints count for their shots."""

import json

import numpy as np
import pytest

from photochrom import Colorizer
from photochrom.errors import UnsupportedError
from photochrom.video.coloring import colorize_film
from photochrom.video.encoding import Encoding
from photochrom.video.hints import load_film_hints
from standins import ddcolor, deoldify, zhang

av = pytest.importorskip("av")

pytestmark = pytest.mark.train

KINDS = {
    "ddcolor": ddcolor,
    "deoldify": lambda path: deoldify(path, half=True),
    "siggraph17": lambda path: zhang(path, side=None, name="L", hints=True),
}


@pytest.fixture(params=KINDS)
def colorizer(request, tmp_path):
    path = KINDS[request.param](tmp_path / "theirs.onnx")
    if request.param != "ddcolor":  # small, as it is free
        path.with_suffix(".toml").write_text(f'like = "{request.param}"\nside = 64\n')
        return Colorizer(path, threads=1)
    return Colorizer(path, like=request.param, threads=1)


def colors_of(path):
    """The U and V planes of a film, (count, 2, h, w)."""
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            planes = [
                np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, : plane.width]
                for plane in frame.planes[1:]
            ]
            found.append(np.stack(planes).astype(int))
    return np.stack(found)


def test_a_film_keeps_its_luma_and_gets_steady_colors(
    colorizer, tmp_path, photograph, panned, clip, read_luma
):
    source = clip(tmp_path / "old.mkv", panned(photograph("flower", 320), 12))
    target = tmp_path / "new.mkv"
    report = colorize_film(colorizer, source, target, encoding=Encoding(codec="ffv1"))
    assert (report.finished, report.frames) == (True, 12)
    np.testing.assert_array_equal(read_luma(target)[0], read_luma(source)[0])
    colors = colors_of(target)
    assert np.abs(colors - 128).mean() > 2
    assert np.abs(np.diff(colors.mean(axis=(2, 3)), axis=0)).max() < 2


def test_a_hint_counts_for_its_shot(colorizer, tmp_path, photograph, panned, clip):
    source = clip(
        tmp_path / "old.mkv", panned(photograph("flower", 320), 12, start=(80, 50))
    )  # petals
    file = tmp_path / "hints.json"
    hint = {"x": 80, "y": 48, "color": "#2040c0", "radius_px": 12}
    file.write_text(json.dumps({"version": 1, "hints": [{"frame": 2, "hints": [hint]}]}))
    found = []
    for name, hints in (("plain", None), ("hinted", load_film_hints(file))):
        target = tmp_path / f"{name}.mkv"
        colorize_film(colorizer, source, target, hints=hints, encoding=Encoding(codec="ffv1"))
        found.append(colors_of(target))
    moved = (found[1] - found[0])[:, 0, 18:30, 30:50].mean(axis=(1, 2))  # U, around the hint
    assert moved[2] > 8
    assert moved[10] > 4


def test_a_reference_is_refused(colorizer, tmp_path, smooth_srgb):
    with pytest.raises(UnsupportedError, match="can't do this: reference"):
        colorizer.reference(smooth_srgb(40, 40))
