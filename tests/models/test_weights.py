"""`photochrom.models.weights`: names lead to files that are what they were recorded as."""

import hashlib
import json
import shutil

import pytest

from photochrom.errors import ModelError, ModelNotFoundError
from photochrom.models import weights

LIMIT_BYTES = 16_000_000
"""What the wheel may weigh in models."""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A writable copy of the package's folder of models, in its place."""
    folder = tmp_path / "weights"
    shutil.copytree(weights.FOLDER, folder)
    monkeypatch.setattr(weights, "FOLDER", folder)
    monkeypatch.setattr(weights, "INDEX", folder / "models.json")
    return folder


def add(package, name, *, default=False, content=b"weights"):
    """Ship one more model."""
    (package / f"{name}.onnx").write_bytes(content)
    entries = json.loads((package / "models.json").read_text())
    if default:
        entries = [{**entry, "default": False} for entry in entries]
    entry = {"name": name, "file": f"{name}.onnx", "sha256": hashlib.sha256(content).hexdigest()}
    entries.append({**entry, "domain": "doors", "licence": "CC0-1.0", "default": default})
    (package / "models.json").write_text(json.dumps(entries))


# What ships


def test_the_index_names_every_shipped_file_and_no_other():
    files = {path.name for path in weights.FOLDER.iterdir() if path.suffix != ".json"}
    assert {model.file for model in weights.shipped_models()} == files


def test_every_shipped_file_has_its_recorded_hash():
    for model in weights.shipped_models():
        assert hashlib.sha256(model.path.read_bytes()).hexdigest() == model.sha256, model.name


def test_every_shipped_model_says_what_people_need_to_know():
    models = weights.shipped_models()
    assert all(model.name and model.domain and model.licence for model in models)
    assert len({model.name for model in models}) == len(models)
    assert [model.default for model in models].count(True) == 1


def test_the_shipped_models_are_small():
    total = sum(model.size_bytes for model in weights.shipped_models())
    assert 0 < total < LIMIT_BYTES


# Finding one


def test_the_default_model_comes_first(package):
    add(package, "alpha")
    add(package, "zulu", default=True)
    names = [model.name for model in weights.shipped_models()]
    assert names[0] == "zulu"
    assert "alpha" in names
    assert weights.find_model() == package / "zulu.onnx"
    assert weights.find_model(None) == package / "zulu.onnx"


def test_every_name_leads_to_its_file(package):
    add(package, "alpha")
    for model in weights.shipped_models():
        assert weights.find_model(model.name) == model.path == package / model.file


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_a_path_leads_to_itself(kind, tmp_path):
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"anything")
    assert weights.find_model(kind(path)) == path


def test_the_home_folder_may_be_written_as_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.onnx").write_bytes(b"anything")
    assert weights.find_model("~/mine.onnx") == tmp_path / "mine.onnx"


def test_a_shipped_name_goes_before_a_file_of_that_name(tmp_path, monkeypatch):
    model = weights.shipped_models()[0]
    monkeypatch.chdir(tmp_path)
    (tmp_path / model.name).write_bytes(b"anything")
    assert weights.find_model(model.name) == model.path


@pytest.mark.parametrize("name", ["nonsense", "missing.onnx", "", "."])
def test_an_unknown_name_lists_the_known_ones(name, package):
    add(package, "alpha")
    with pytest.raises(ModelNotFoundError) as caught:
        weights.find_model(name)
    for model in weights.shipped_models():
        assert model.name in str(caught.value)
    assert f"'{name}'" in str(caught.value)


# Damage


@pytest.mark.parametrize("name", [None, "the name"])
def test_a_damaged_file_is_a_model_error(name, package):
    model = weights.shipped_models()[0]
    content = bytearray(model.path.read_bytes())
    content[len(content) // 2] ^= 1
    model.path.write_bytes(content)
    with pytest.raises(ModelError, match=r"damaged.*Install photochrom again"):
        weights.find_model(name and model.name)


def test_a_missing_file_is_a_model_error(package):
    model = weights.shipped_models()[0]
    model.path.unlink()
    with pytest.raises(ModelError, match=r"missing.*Install photochrom again"):
        weights.find_model(model.name)


def test_one_damaged_model_does_not_hurt_another(package):
    add(package, "alpha")
    (package / "alpha.onnx").write_bytes(b"other")
    assert weights.find_model().is_file()
    with pytest.raises(ModelError, match="damaged"):
        weights.find_model("alpha")
