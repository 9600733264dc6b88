"""A film's hints file, and hints that are followed through a shot."""

import json
from pathlib import Path

import numpy as np
import pytest

from photochrom.errors import FilmHintsError
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.hints import Hint
from photochrom.video.coloring import colorize_film
from photochrom.video.encoding import Encoding
from photochrom.video.hints import FilmHints, FrameHints, load_film_hints

EXAMPLE = {
    "version": 1,
    "hints": [
        {"time": 12.48, "hints": [{"x": 120, "y": 80, "color": "#c22"}], "span": "shot"},
        {"frame": 900, "picture": "900.png"},
    ],
    "references": [{"picture": "a.jpg", "shots": [3, 4]}],
    "cuts": {"add": [31.2], "remove": [40.0]},
}


def write(folder, content):
    path = folder / "hints.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_hints_file_is_read(tmp_path):
    hints = load_film_hints(write(tmp_path, EXAMPLE))
    first, second = hints.frames
    assert (first.time_s, first.frame, first.span) == (12.48, None, "shot")
    assert first.hints == (Hint.at(120, 80, "#c22"),)
    assert (second.frame, second.picture) == (900, tmp_path / "900.png")
    assert hints.references[0].shots == (3, 4)
    assert (hints.cuts_added, hints.cuts_removed) == ((31.2,), (40.0,))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "can't be read"),
        ({"version": 2}, "version 2"),
        ({"version": 1, "hint": []}, "keys may be"),
        ({"version": 1, "hints": {}}, "expected a list"),
        ({"version": 1, "hints": [{"hints": []}]}, "either time or frame"),
        ({"version": 1, "hints": [{"time": 1}]}, "either hints or picture"),
        ({"version": 1, "hints": [{"time": -1, "hints": []}]}, "expected seconds"),
        ({"version": 1, "hints": [{"frame": 1.5, "hints": []}]}, "a whole number"),
        ({"version": 1, "hints": [{"frame": 1, "hints": [{"x": 1}]}]}, "is not a hint"),
        ({"version": 1, "hints": [{"frame": 1, "hints": [], "span": "all"}]}, "span 'all'"),
        ({"version": 1, "references": [{"picture": "a.jpg", "shots": [0]}]}, "from 1 on"),
        ({"version": 1, "references": [{"picture": 3}]}, "a file name"),
    ],
)
def test_what_is_no_hints_file_is_refused(tmp_path, content, said):
    with pytest.raises(FilmHintsError, match=said):
        load_film_hints(write(tmp_path, content))


@pytest.fixture(scope="module")
def colorizer():
    return Colorizer()


@pytest.fixture(scope="module")
def film(tmp_path_factory, photograph, panned, clip):
    """20 frames that move by (3, 1) a frame, then 12 of another photograph."""
    flower, china = photograph("flower", 480), photograph("china", 480)
    frames = [panned(flower, 20, step=(3, 1), size=(180, 320), start=(20, 30))]
    frames.append(panned(china, 12, size=(180, 320)))
    return clip(tmp_path_factory.mktemp("film") / "old.mkv", np.concatenate(frames))


@pytest.fixture
def colorized(film, colorizer, tmp_path):
    """hints -> (count, h, w, 2), U and V less 128."""

    def colorized(**asked):
        target = tmp_path / "new.mkv"
        colorize_film(colorizer, film, target, encoding=Encoding(codec="ffv1"), force=True, **asked)
        return chroma(target)

    return colorized


def chroma(path):
    av = pytest.importorskip("av")
    planes = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            parts = [
                np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, : plane.width]
                for plane in frame.planes[1:]
            ]
            planes.append(np.stack(parts, axis=-1).astype(float) - 128)
    return np.stack(planes)


def around(planes, frame, x, y):
    """The mean of U and V around a place in luma pixels."""
    x, y = round(x / 2), round(y / 2)
    return planes[frame, y - 3 : y + 4, x - 3 : x + 4].mean(axis=(0, 1))


def test_a_hint_holds_along_the_motion_and_in_its_shot_only(colorized):
    plain = colorized()
    hint = Hint.at(200, 100, "#2040ff", radius_px=12)
    hints = FilmHints(frames=(FrameHints(frame=8, hints=(hint,)),))
    hinted = colorized(hints=hints)
    for frame in (0, 8, 19):
        x, y = 200 - 3 * (frame - 8), 100 - (frame - 8)
        assert around(hinted, frame, x, y)[0] > around(plain, frame, x, y)[0] + 15, frame
    np.testing.assert_array_equal(hinted[20:], plain[20:])


def test_a_painted_frame_is_kept_and_carried(colorized, film, tmp_path):
    import pyvips

    painted = np.zeros((180, 320, 3), np.uint8)
    painted[:, :160], painted[:, 160:] = (60, 120, 60), (120, 60, 60)
    pyvips.Image.new_from_array(painted).write_to_file(str(tmp_path / "0.png"))
    hints = FilmHints(frames=(FrameHints(time_s=0.0, picture=tmp_path / "0.png"),))
    result = colorized(hints=hints)
    for frame, x in ((0, 160), (12, 160 - 36)):
        left, right = around(result, frame, x - 60, 90), around(result, frame, x + 60, 90)
        assert right[1] - left[1] > 15, frame


def test_cuts_are_added_and_removed(film, colorizer, tmp_path):
    hints = FilmHints(cuts_added=(0.4,), cuts_removed=(0.8,))
    report = colorize_film(colorizer, film, tmp_path / "a.mkv", hints=hints)
    assert report.shots == 2
    report = colorize_film(colorizer, film, tmp_path / "b.mkv", hints=FilmHints(cuts_added=(0.4,)))
    assert report.shots == 3


def test_a_hint_outside_the_picture_is_refused(film, colorizer, tmp_path):
    hints = FilmHints(frames=(FrameHints(frame=0, hints=(Hint.at(900, 10, "#c22"),)),))
    with pytest.raises(FilmHintsError, match="outside"):
        colorize_film(colorizer, film, tmp_path / "a.mkv", hints=hints)


def test_hints_survive_being_stopped_within_a_shot(
    colorizer, tmp_path, photograph, panned, clip, monkeypatch
):
    monkeypatch.setattr("photochrom.video.job.SEGMENT_FRAMES", 12)
    monkeypatch.setattr("photochrom.video.steady.FADE", 4)
    for name in ("blocks", "keys"):
        monkeypatch.setattr(f"photochrom.video.{name}.LONGEST", 12)
    monkeypatch.setattr("photochrom.video.blocks.AHEAD", 6)
    frames = panned(photograph("flower", 320), 40, size=(96, 160), start=(20, 30))
    source = clip(tmp_path / "old.mkv", frames)
    hints = FilmHints(
        frames=(FrameHints(frame=3, hints=(Hint.at(80, 50, "#2040ff", radius_px=8),)),)
    )
    encoding = Encoding(codec="ffv1")
    whole, target = tmp_path / "whole.mkv", tmp_path / "new.mkv"
    colorize_film(colorizer, source, whole, encoding=encoding, hints=hints)
    plain = tmp_path / "plain.mkv"
    colorize_film(colorizer, source, plain, encoding=encoding)
    assert abs(chroma(whole)[30] - chroma(plain)[30]).max() > 15  # still there after two blocks
    asked = iter(range(20))
    report = colorize_film(
        colorizer,
        source,
        target,
        encoding=encoding,
        hints=hints,
        cancel=lambda: next(asked, None) is None,
    )
    assert not report.finished
    report = colorize_film(colorizer, source, target, encoding=encoding, hints=hints)
    assert report.resumed == 12
    assert target.read_bytes() == whole.read_bytes()


def test_a_device_is_no_picture():
    hints = FilmHints(frames=(FrameHints(time_s=1.0, picture=Path("/dev/zero")),))
    with pytest.raises(FilmHintsError, match="not a regular file"):
        hints.digest()
