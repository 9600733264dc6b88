"""A film that is written as numbered pictures: what they show, and that kills don't matter."""

import numpy as np
import pytest
import pyvips

from photochrom.errors import FilmWriteError, OutputExistsError
from photochrom.video.coloring import colorize_film
from photochrom.video.encoding import Encoding

LUMA = np.array([0.299, 0.587, 0.114])


def pictures_in(folder):
    """The pictures of a folder by name, each (h, w, 3)."""
    return {
        path.name: pyvips.Image.new_from_file(str(path)).numpy()
        for path in sorted(folder.iterdir())
    }


def test_each_frame_becomes_a_picture_with_its_own_luma(tmp_path, shots, clip, stand_in):
    frames = shots[:20, :95, :159]
    source = clip(tmp_path / "old.mkv", frames.clip(60, 190), pixel_format="yuv444p")
    report = colorize_film(stand_in, source, f"{tmp_path / 'new'}/")
    assert (report.finished, report.frames, report.target) == (True, 20, tmp_path / "new")
    assert any("no sound" in note for note in report.notes)
    found = pictures_in(tmp_path / "new")
    assert list(found) == [f"frame-{number:06d}.png" for number in range(1, 21)]
    for levels, srgb in zip(frames, found.values(), strict=True):
        assert srgb.shape == (95, 159, 3)
        codes = 16 + (srgb @ LUMA) * 219 / 255
        assert abs(codes - levels.clip(60, 190)).mean() < 0.6
        assert np.ptp(srgb.astype(int), axis=2).mean() > 20
    assert not (tmp_path / "new.photochrom").exists()
    comment = pyvips.Image.new_from_file(str(tmp_path / "new" / "frame-000001.png"))
    assert "Colors by Photochrom" in comment.get("png-comment-0-Comment")


def test_pictures_keep_the_names_of_those_they_are_of(tmp_path, shots, stand_in):
    scan = tmp_path / "scan 100%"
    scan.mkdir()
    (tmp_path / "new").mkdir()
    for number, levels in enumerate(shots[:6], 998):
        deep = levels.astype(np.uint16) * 257
        image = pyvips.Image.new_from_array(deep, interpretation="grey16")
        image.write_to_file(str(scan / f"reel 50%-{number}.png"))
    colorize_film(stand_in, scan, tmp_path / "new", start_s=0.04, rate=24)
    found = pictures_in(tmp_path / "new")
    assert list(found) == sorted(f"reel 50%-{number}.png" for number in range(999, 1004))
    first = found["reel 50%-999.png"]
    assert first.dtype == np.uint16
    assert abs(first @ LUMA / 257 - shots[1]).mean() < 4  # where colors lie outside of sRGB
    with pytest.raises(OutputExistsError, match="the film itself"):
        colorize_film(stand_in, scan, scan)


def test_an_upright_picture_is_made_of_a_turned_film(tmp_path, shots, clip, stand_in):
    def turned(container, stream):
        stream.set_display_rotation(90)

    source = clip(tmp_path / "a.mp4", shots[:4], codec="libx264", prepare=turned)
    colorize_film(stand_in, source, f"{tmp_path}/new/")
    first = next(iter(pictures_in(tmp_path / "new").values()))
    assert first.shape == (160, 96, 3)
    upright = np.rot90(shots[0]).astype(float)
    assert np.corrcoef((first @ LUMA).ravel(), upright.ravel())[0, 1] > 0.95


def test_pictures_that_are_stopped_go_on_to_the_same_bytes(
    tmp_path, shots, clip, stand_in, monkeypatch
):
    monkeypatch.setattr("photochrom.video.job.SEGMENT_FRAMES", 20)
    source = clip(tmp_path / "old.mkv", shots)
    colorize_film(stand_in, source, f"{tmp_path}/whole/")
    whole = {path.name: path.read_bytes() for path in (tmp_path / "whole").iterdir()}
    resumed = []
    for stop_after in (45, 10, 75, 20, 1000):
        asked = iter(range(stop_after))
        report = colorize_film(
            stand_in,
            source,
            f"{tmp_path}/new/",
            cancel=lambda asked=asked: next(asked, None) is None,
        )
        resumed.append(report.resumed)
        if report.finished:
            break
        assert not (tmp_path / "new").exists()
    assert report.finished
    assert len(set(resumed)) > 2
    new = {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    assert new.keys() == whole.keys()
    assert all(new[name] == whole[name] for name in whole)


def test_a_folder_that_holds_something_is_only_replaced_by_force(tmp_path, shots, clip, stand_in):
    long, short = (
        clip(tmp_path / name, frames)
        for name, frames in (("a.mkv", shots[:9]), ("b.mkv", shots[:4]))
    )
    target = tmp_path / "new"
    colorize_film(stand_in, long, f"{target}/")
    (target / "notes.txt").write_text("reel 1")
    with pytest.raises(OutputExistsError, match="isn't empty"):
        colorize_film(stand_in, short, target)
    colorize_film(stand_in, short, target, force=True)
    names = sorted(path.name for path in target.iterdir())
    assert names == [*(f"frame-{number:06d}.png" for number in range(1, 5)), "notes.txt"]
    assert not (tmp_path / "new.photochrom").exists()


def test_what_pictures_cannot_have_is_refused(tmp_path, shots, clip, stand_in):
    source = clip(tmp_path / "a.mkv", shots[:4])
    with pytest.raises(FilmWriteError, match="no codec"):
        colorize_film(stand_in, source, f"{tmp_path}/new/", encoding=Encoding(codec="ffv1"))
    with pytest.raises(FilmWriteError, match="this is a file"):
        colorize_film(stand_in, source, f"{source}/")
    with pytest.raises(FilmWriteError, match="with / at its end"):
        colorize_film(stand_in, source, tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mkv"]
