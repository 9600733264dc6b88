"""`photochrom.evaluation.comparison`: several models on one's own photographs."""

import numpy as np
import pytest

from photochrom import Colorizer, Hint
from photochrom.evaluation import comparison
from photochrom.pictures import picture
from standins import ddcolor, photograph, zhang

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def colorizers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return {
        "one": Colorizer(ddcolor(folder / "one.onnx"), like="ddcolor", threads=1),
        "two & <three>": Colorizer(zhang(folder / "two.onnx"), like="eccv16", threads=1),
    }


def test_a_sheet_shows_the_original_and_every_result(colorizers, tmp_path):
    gray = photograph(120)
    picture.from_array(gray).save(tmp_path / "one.png")
    picture.from_array(gray[:, :50]).save(tmp_path / "two.png")
    names = ("one.png", "two.png")
    rows = [comparison.compare(colorizers, str(tmp_path / name), row_px=60) for name in names]
    assert [row.original.shape for row in rows] == [(60, 60, 3), (60, 25, 3)]
    sheet = comparison.sheet(rows).srgb()
    shim, label = comparison.SHIM_PX, comparison.LABEL_PX
    assert sheet.shape[1] == 3 * 60 + 4 * shim
    assert sheet.shape[0] >= label + 2 * 60 + 4 * shim
    bottom = sheet.shape[0] - shim
    for at, srgb in enumerate([rows[1].original, *(one.srgb for one in rows[1].painted.values())]):
        left = shim + at * (60 + shim) + (60 - 25) // 2
        np.testing.assert_array_equal(sheet[bottom - 60 : bottom, left : left + 25], srgb)
    assert sheet[: label + shim].min() < 128  # words
    assert (sheet[: label + shim] == 255).mean() > 0.5


def test_figures_are_those_of_the_pictures(colorizers, tmp_path):
    picture.from_array(photograph(120)).save(tmp_path / "gray.png")
    row = comparison.compare(colorizers, str(tmp_path / "gray.png"))
    one, two = comparison.figures([row]).values()
    assert (one.apart, one.error, two.error) == (0, None, None)
    assert two.apart > 3
    assert one.colorfulness > 5
    assert one.seconds > 0
    wanted = colorizers["one"].colorize(tmp_path / "gray.png").srgb()
    np.testing.assert_array_equal(row.painted["one"].srgb, wanted)


def test_a_color_photograph_is_the_truth(colorizers, tmp_path, smooth_srgb):
    picture.from_array(smooth_srgb(90, 90)).save(tmp_path / "color.png")
    row = comparison.compare(colorizers, str(tmp_path / "color.png"))
    assert np.ptp(row.original.astype(int), axis=-1).max() > 50
    assert all(one.error > 3 for one in row.painted.values())


def test_hints_reach_every_model(colorizers, tmp_path):
    picture.from_array(photograph(120)).save(tmp_path / "gray.png")
    hint = Hint.at(90, 30, "#2040c0")
    plain, hinted = (
        comparison.compare(colorizers, str(tmp_path / "gray.png"), hints=given, row_px=120)
        for given in ((), (hint,))
    )
    for label in colorizers:
        before, after = (row.painted[label].srgb[30, 90].astype(int) for row in (plain, hinted))
        assert after[2] - after[0] > before[2] - before[0] + 30


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (400, 3)])
def test_photographs_of_any_shape_fit_on_a_sheet(size, colorizers, tmp_path):
    picture.from_array(np.full(size, 90, np.uint8)).save(tmp_path / "gray.png")
    row = comparison.compare(colorizers, str(tmp_path / "gray.png"), row_px=64)
    assert comparison.sheet([row]).srgb().shape[2] == 3
