"""`photochrom.evaluation.report`: a model over a folder of photographs, as a user gets it."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from standins import ddcolor

pytest.importorskip("torch")

import photochrom
from photochrom import color
from photochrom.errors import DataError
from photochrom.evaluation import report as reports
from photochrom.pictures import picture

pytestmark = pytest.mark.train

ORIGINALS = Path(photochrom.__file__).parent / "samples" / "originals"
MODEL = "resnet18-gray"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    (folder / "test").mkdir()
    for path in (ORIGINALS / f"{name}.jpg" for name in ("chelsea", "china", "flower")):
        srgb = picture.read(path).srgb(short_side_px=96)
        picture.from_array(srgb).save(folder / "test" / f"{path.stem}.png")
    (folder / "test" / "broken.jpg").write_bytes(b"this is not a picture")
    (folder / "train").mkdir()  # not looked at
    return folder


@pytest.fixture(scope="module")
def report(data, tmp_path_factory):
    return reports.evaluate(
        [MODEL], str(data), resamples=40, figure=data / "figure.png", figure_rows=3
    )


def test_it_names_what_it_measured_and_what_it_could_not(report):
    assert report.pictures == 3
    assert report.unreadable == ("broken.jpg",)
    assert list(report.rows) == [reports.GRAY, reports.MEAN_BY_L, reports.ORACLE, MODEL]


def test_every_figure_lies_in_its_interval(report):
    for figures in report.rows.values():
        assert set(figures) == set(reports.COLUMNS)
        for name, one in figures.items():
            assert one.low <= one.high, name
            if name != "kernel_lite0":  # of three pictures the resamples are far off
                assert one.low - 1e-9 <= one.value <= one.high + 1e-9, name


def test_grey_is_colorless_and_the_oracle_beats_it(report):
    gray, oracle = report.rows[reports.GRAY], report.rows[reports.ORACLE]
    assert gray["colorfulness"].value == 0
    assert oracle["psnr"].value > gray["psnr"].value
    assert oracle["ciede2000"].value < gray["ciede2000"].value


def test_the_grey_floor_is_what_numpy_says(report, data):
    values = []
    for path in sorted((data / "test").glob("*.png")):
        truth = picture.read(path).srgb().astype(float)
        lab = color.srgb_to_lab(truth / 255)
        gray = np.rint(255 * color.lab_to_srgb(lab * np.array([1, 0, 0])))
        values.append(10 * np.log10(255**2 / np.mean((gray - truth) ** 2)))
    assert report.rows[reports.GRAY]["psnr"].value == pytest.approx(np.mean(values), abs=0.01)


def test_the_model_is_run_as_a_user_runs_it(report, data):
    colorizer = photochrom.Colorizer(MODEL)
    expected = []
    for path in sorted((data / "test").glob("*.png")):
        lab = color.srgb_to_lab(picture.read(path).srgb())
        gray = np.rint(255 * color.lab_to_srgb(lab * np.array([1, 0, 0])))[..., 0]
        expected.append(color.colorfulness(colorizer.colorize(gray.astype(np.uint8)).srgb()))
    assert report.rows[MODEL]["colorfulness"].value == pytest.approx(np.mean(expected))


def test_the_figure_shows_grey_result_and_truth_in_rows(report, data):
    sheet = picture.read(data / "figure.png").srgb()
    assert sheet.shape[0] == 3 * reports.FIGURE_ROW_PX + 2 * 4
    first = sheet[: reports.FIGURE_ROW_PX, : sheet.shape[1] // 4]
    assert np.ptp(first.astype(int), axis=2).max() <= 1


def test_the_report_goes_into_json_and_markdown(report):
    plain = json.loads(json.dumps(report.to_dict()))
    assert plain["rows"][MODEL]["psnr"]["value"] == report.rows[MODEL]["psnr"].value
    lines = reports.to_markdown(report).splitlines()
    assert len(lines) == 2 + len(report.rows) + 1 + 2
    assert len({line.count("|") for line in lines[:-2]}) == 1
    assert "less that of: gray (floor)" in lines[-1]


def test_a_gain_is_the_mean_of_the_differences(report):
    for name, gain in report.psnr_gains[MODEL].items():
        mine, other = (report.rows[row]["psnr"].value for row in (MODEL, name))
        assert gain.value == pytest.approx(mine - other)
        assert gain.low <= gain.value <= gain.high


def test_the_same_seed_gives_the_same_report_and_a_limit_fewer_pictures(data):
    first, second = (
        reports.evaluate([MODEL], str(data), limit=3, seed=5, resamples=10) for _ in range(2)
    )
    assert first == second
    assert first.pictures + len(first.unreadable) == 3


def test_progress_is_told(data):
    told = []
    reports.evaluate([MODEL], str(data), resamples=5, on_picture=lambda *both: told.append(both))
    assert told[-1] == (4, 4)


def test_several_models_stand_in_one_table_with_what_they_cost(data, tmp_path):
    theirs = ddcolor(tmp_path / "theirs.onnx")
    found = reports.evaluate(
        [MODEL, theirs, "photochrom"],
        str(data),
        like="ddcolor",
        resamples=5,
        figure=tmp_path / "sheet.png",
    )
    assert found.models == (MODEL, "theirs", "photochrom")
    assert list(found.rows)[-3:] == list(found.models)
    assert found.psnr_gains["theirs"][MODEL].value == pytest.approx(
        found.rows["theirs"]["psnr"].value - found.rows[MODEL]["psnr"].value
    )
    assert found.costs["theirs"].size == (256, 256)
    # 256 x 256 positions, 2 x 3 weights of the one convolution
    assert found.costs["theirs"].gmac == pytest.approx(256 * 256 * 6 / 1e9)
    assert found.costs["photochrom"].gmac > found.costs["theirs"].gmac
    assert all(one.milliseconds > 0 and one.file_mb > 0 for one in found.costs.values())
    rows = [line.split("|")[1].strip() for line in reports.to_markdown(found).splitlines()[:9]]
    assert rows[5:8] == list(found.models)
    assert picture.read(tmp_path / "sheet.png").srgb().shape[1] > 4 * reports.FIGURE_ROW_PX


def test_a_single_photograph_is_too_few(data, tmp_path):
    shutil.copy(next((data / "test").glob("*.png")), tmp_path / "one.png")
    with pytest.raises(DataError, match="at least two"):
        reports.evaluate([MODEL], str(tmp_path), resamples=5)
