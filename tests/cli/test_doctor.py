"""`photochrom doctor`: all that a fault report needs, and what is wrong."""

import json
from pathlib import Path

import pytest

from photochrom.cli import doctor
from photochrom.version import __version__


@pytest.fixture(scope="module")
def findings():
    return list(doctor.examine())


def test_it_says_what_a_report_needs(findings):
    told = {}
    for one in findings:
        told.setdefault(one.subject, one.text)
    assert told["Photochrom"].startswith(__version__)
    for subject in ("Python", "system", "processor", "memory", "cache", "extras"):
        assert told[subject]
    assert "numpy 2" in told["libraries"] or "numpy 1" in told["libraries"]
    assert "writes jpeg" in told["libvips"]
    assert "CPUExecutionProvider" in told["ONNX Runtime"]
    assert told["colorizing"].startswith("works, with photochrom")
    assert told["ONNX Runtime's telemetry"].startswith(("off", "on", "left on"))


def test_a_home_folder_is_not_told(monkeypatch, tmp_path):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert doctor._shown(tmp_path / "x") == str(Path("~", "x"))
    assert doctor._shown(Path(tmp_path.anchor) / "y") == str(Path(tmp_path.anchor) / "y")


def test_what_is_wrong_ends_with_1(monkeypatch, capsys):
    def wrong():
        yield doctor.Finding(subject="libvips", verdict="wrong", text="lacks JPEG.")

    monkeypatch.setattr(doctor, "CHECKS", (wrong,))
    assert doctor.doctor() == 1
    assert capsys.readouterr().out == "wrong: libvips: lacks JPEG.\n"
    assert doctor.doctor(as_json=True) == 1
    found = json.loads(capsys.readouterr().out)
    assert found == [{"subject": "libvips", "verdict": "wrong", "text": "lacks JPEG."}]


def test_a_libvips_that_lacks_formats_is_wrong(monkeypatch):
    monkeypatch.setattr(doctor, "_formats", lambda: (["jpeg"], ["jpeg", "png"]))
    found = [one for one in doctor._libvips() if one.verdict == "wrong"]
    assert "can't write tiff, webp" in found[0].text


def test_two_builds_of_onnx_runtime_are_wrong(monkeypatch):
    monkeypatch.setattr(doctor, "_version_of", lambda name: "1.0" if "onnx" in name else "")
    found = [one for one in doctor._runtime() if one.verdict == "wrong"]
    assert "overwrite one another" in found[0].text


def test_a_model_that_does_not_run_is_wrong(monkeypatch):
    from photochrom.errors import ModelError
    from photochrom.runtime import colorizer

    def broken(*arguments, **named):
        raise ModelError("The model is broken.")

    monkeypatch.setattr(colorizer, "Colorizer", broken)
    assert [(one.verdict, one.text) for one in doctor._colorizing()] == [
        ("wrong", "The model is broken.")
    ]
