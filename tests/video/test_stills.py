"""A folder of numbered pictures is a film."""

from fractions import Fraction

import numpy as np
import pytest
import pyvips

from photochrom.errors import FilmReadError, OptionError, WorkFolderError
from photochrom.video.coloring import colorize_film
from photochrom.video.encoding import Encoding
from photochrom.video.film import open_film
from photochrom.video.stills import rate_of, stills_in


def scan(folder, frames, *, first=86_400, name="reel 50%-{:06d}.png"):
    """Write frames as gray pictures."""
    folder.mkdir()
    for number, levels in enumerate(frames, first):
        kind = "b-w" if levels.dtype == np.uint8 else "grey16"
        image = pyvips.Image.new_from_array(levels, interpretation=kind)
        image.write_to_file(str(folder / name.format(number)))
    return folder


def test_a_folder_of_pictures_becomes_a_film(tmp_path, shots, read_luma, stand_in):
    frames = shots[:12]
    folder = scan(tmp_path / "100% scan", frames)
    (folder / "notes.txt").write_text("reel 1")
    target = tmp_path / "new.mkv"
    report = colorize_film(stand_in, folder, target, rate=18, encoding=Encoding(codec="ffv1"))
    assert (report.frames, report.finished) == (12, True)
    luma, times = read_luma(target)
    assert np.array_equal(luma, frames)
    assert [round(18 * time) for time in times] == list(range(12))
    assert max(abs(18 * float(time) - at) for at, time in enumerate(times)) < 0.01


def test_pictures_of_16_bits_keep_10(tmp_path):
    levels = np.tile(np.linspace(0, 65535, 160).astype(np.uint16), (96, 1))
    film = open_film(scan(tmp_path / "scan", [levels] * 3))
    assert (film.depth, film.full_range) == (10, True)
    luma = next(film.frames()).luma
    assert abs(luma[0] - levels[0] / 65535 * 1023).max() <= 1


def test_other_pictures_under_the_same_names_are_noticed(tmp_path, shots, stand_in, monkeypatch):
    monkeypatch.setattr("photochrom.video.job.SEGMENT_FRAMES", 5)
    folder = scan(tmp_path / "scan", shots[20:40])
    target, asked = tmp_path / "new.mkv", iter(range(15))
    report = colorize_film(stand_in, folder, target, cancel=lambda: next(asked, None) is None)
    assert not report.finished
    pyvips.Image.new_from_array(shots[30]).write_to_file(str(folder / "reel 50%-086402.png"))
    with pytest.raises(WorkFolderError, match="film"):
        colorize_film(stand_in, folder, target)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), "found none"),
        (("a1.png", "a2.png", "b1.png"), "found a#.png, b#.png"),
        (("a08.png", "a09.png", "a11.png"), r"a10\.png: this picture of the series is missing"),
        (("a8.png", "a9.png", "a010.png"), r"a10\.png: this picture"),
    ],
)
def test_what_is_no_series_is_refused(tmp_path, names, said):
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(FilmReadError, match=said):
        stills_in(tmp_path)


def test_numbers_may_grow(tmp_path):
    for number in range(98, 103):
        (tmp_path / f"a{number}.png").touch()
    found = stills_in(tmp_path)
    assert (found.first, len(found.files)) == (98, 5)
    assert found.pattern.endswith("a%02d.png")


def test_rates_of_television_are_exact(tmp_path):
    assert rate_of(tmp_path, None) == 24
    assert rate_of(tmp_path, 23.976) == Fraction(24000, 1001)
    assert rate_of(tmp_path, 16) == 16
    with pytest.raises(OptionError):
        rate_of(tmp_path, 0.5)


def test_a_file_has_a_rate_of_its_own(tmp_path, shots, clip, stand_in):
    source = clip(tmp_path / "old.mkv", shots[:6])
    with pytest.raises(OptionError, match="has a rate of its own"):
        colorize_film(stand_in, source, tmp_path / "new.mkv", rate=18)
    assert not list(tmp_path.glob("new*"))
