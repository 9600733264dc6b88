"""`photochrom.models.adding` and `added`: a person's own folder of models."""

import errno
import os
import time

import numpy as np
import pytest

from photochrom import Colorizer
from photochrom.errors import Advice, ContractError, ModelError, ModelNotFoundError
from photochrom.models import added, adding
from photochrom.models.foreign import Foreign
from photochrom.models.opening import open_model
from photochrom.models.session import Session
from photochrom.models.weights import find_model, find_named, shipped_models
from standins import ddcolor, deoldify, photograph, planes, smoothed, write_model, zhang

pytestmark = pytest.mark.train


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """The folder of added models, which isn't there yet."""
    monkeypatch.setenv(added.VARIABLE, str(tmp_path / "kept"))
    return tmp_path / "kept"


def marked(path, **metadata):
    """The same file with more metadata."""
    import onnx

    model = onnx.load(path)
    onnx.helper.set_model_props(model, metadata)
    onnx.save(model, path)
    return path


def names():
    return [one.name for one in added.added_models()]


def test_a_model_is_copied_whole_and_has_a_name_from_then_on(tmp_path, kept):
    path = ddcolor(tmp_path / "theirs.onnx")
    content, gray = path.read_bytes(), photograph(256)
    wanted = Colorizer(path, like="ddcolor", threads=1).colorize(gray).srgb()
    assert added.added_models() == ()
    model = adding.add(path, like="ddcolor", name="mine")
    path.unlink()
    assert (kept / "mine.onnx").read_bytes() == content
    assert sorted(one.name for one in kept.iterdir()) == ["mine.onnx", "mine.toml"]
    assert (model.name, model.like, model.licence) == ("mine", "ddcolor", "Apache-2.0")
    assert added.added_models() == (model,)
    assert find_model("mine") == model.path
    colorizer = Colorizer("mine", threads=1)
    assert colorizer.contract.identity == ("mine", "", model.sha256)
    np.testing.assert_array_equal(colorizer.colorize(gray).srgb(), wanted)
    assert adding.check_added(model) == ()
    adding.remove("mine")
    assert not list(kept.iterdir())
    with pytest.raises(ModelNotFoundError, match="'mine' is neither a shipped or added model"):
        find_model("mine")


def test_without_a_variable_the_folder_is_the_user_s_own(monkeypatch, tmp_path):
    monkeypatch.delenv(added.VARIABLE)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert added.folder().name == "models"
    assert added.folder().parent.name == "photochrom"


def test_the_descriptor_beside_a_file_comes_along(tmp_path):
    path = zhang(tmp_path / "theirs.onnx", side=None)
    text = 'like = "eccv16"\nside = 64\nshape = "free"\nmean = [0.5]\nlicence = "MIT"\n'
    path.with_suffix(".toml").write_text(text)
    contract = open_model(path, threads=1).contract
    adding.add(path, name="small")
    found = open_model("small", threads=1)
    assert isinstance(found, Foreign)
    assert (found.contract.short_side_px, found.contract.licence) == (64, "MIT")
    assert found.contract.sha256 == contract.sha256
    assert found._descriptor.mean == (0.5,)
    assert found._descriptor.shape == "free"


def test_a_model_of_ours_needs_no_descriptor(tmp_path):
    path = tmp_path / "ours.onnx"
    path.write_bytes(find_model("resnet18-gray").read_bytes())
    model = adding.add(path)
    assert (model.name, model.like, model.licence) == ("ours", "", "Apache-2.0")
    assert isinstance(open_model("ours", threads=1), Session)
    with pytest.raises(ContractError, match=r"Photochrom's own.*not like ddcolor"):
        adding.add(path, like="ddcolor", name="other")


# What is refused


@pytest.mark.parametrize(
    ("kind", "write", "message"),
    [
        ("eccv16", ddcolor, r"theirs\.onnx: the model has 'input'.*wants \(1, 1,"),
        ("ddcolor", deoldify, r"'output'.*wants \(1, 2, height, width\)"),
        ("deoldify-unit", deoldify, r"don't follow the lightness of a sample at 0\.\.1 "),
        ("deoldify", lambda p: deoldify(p, white=1), r"don't follow .* at 0\.\.255 "),
        ("stable", ddcolor, "like is 'stable'; expected one of ddcolor, "),
        (None, ddcolor, r"nothing describes .* theirs\.toml, .*Known kinds: ddcolor, "),
    ],
)
def test_a_file_of_another_kind_is_refused_and_leaves_nothing(kind, write, message, tmp_path, kept):
    path = write(tmp_path / "theirs.onnx")
    with pytest.raises(ContractError, match=message) as caught:
        adding.add(path, like=kind)
    assert ".adding-" not in str(caught.value)
    assert not kept.exists() or not list(kept.iterdir())


@pytest.mark.parametrize("content", [b"", b"a text", b"\x08\x07:\x05" + bytes(9)])
def test_what_is_no_model_is_refused(content, tmp_path, kept):
    path = tmp_path / "theirs.onnx"
    path.write_bytes(content)
    with pytest.raises(ContractError, match="not a complete ONNX model"):
        adding.add(path, like="ddcolor")
    with pytest.raises(ModelNotFoundError, match="the file does not exist"):
        adding.add(tmp_path, like="ddcolor")
    assert not kept.exists()


@pytest.mark.parametrize("scale", [40.0, float("nan")])
def test_colors_that_can_t_be_are_refused(scale, tmp_path, kept):
    body = [
        smoothed("L", "smooth"),
        ("Concat", ["smooth"] * 2, "both", {"axis": 1}),
        ("Mul", ["both", planes(scale)], "ab", {}),
    ]
    shape = {"L": [1, 1, None, None]}
    path = write_model(tmp_path / "theirs.onnx", inputs=shape, output=("ab", 2), body=body)
    with pytest.raises(ModelError, match=r"up to 3\d\d\d over a sample|not finite"):
        adding.add(path, like="eccv16")
    assert not list(kept.iterdir())


def test_colors_next_to_gray_are_added_with_a_word(tmp_path):
    path = zhang(tmp_path / "theirs.onnx", side=None)
    path.with_suffix(".toml").write_text('like = "eccv16"\ngain = 0.01\n')
    model = adding.add(path)
    assert "almost gray" in adding.check_added(model)[0]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("photochrom", "ships with Photochrom"),
        ("ResNet18-Gray", "ships with Photochrom"),
        ("", "not a valid model name"),
        ("../up", "not a valid model name"),
        (".hidden", "not a valid model name"),
        ("a b", "not a valid model name"),
        ("x" * 65, "not a valid model name"),
        ("Nul.v2", "not a valid model name"),
        ("one.", "not a valid model name"),
    ],
)
def test_names_that_can_t_be_are_refused(name, message, tmp_path, kept):
    path = ddcolor(tmp_path / "theirs.onnx")
    with pytest.raises(ModelError, match=message) as caught:
        adding.add(path, like="ddcolor", name=name)
    assert caught.value.advice == (Advice.OTHER_NAME,)
    assert not kept.exists()


def test_two_of_one_name_only_where_one_replaces_the_other(tmp_path):
    path = ddcolor(tmp_path / "theirs.onnx")
    other = zhang(tmp_path / "other.onnx")
    first = adding.add(path, like="ddcolor", name="mine")
    for name in ("mine", "Mine"):
        with pytest.raises(ModelError, match="A model named 'mine' already exists"):
            adding.add(other, like="eccv16", name=name)
    with pytest.raises(ModelError, match="A model named 'mine' already exists"):
        adding.add(other, like="eccv16", name="MINE", replace=True)
    assert added.added_models() == (first,)
    second = adding.add(other, like="eccv16", name="mine", replace=True)
    assert added.added_models() == (second,)
    assert second.sha256 != first.sha256
    assert adding.check_added(second) == ()


def test_a_model_that_is_refused_leaves_the_one_of_its_name_alone(tmp_path):
    first = adding.add(ddcolor(tmp_path / "theirs.onnx"), like="ddcolor", name="mine")
    with pytest.raises(ContractError):
        adding.add(deoldify(tmp_path / "other.onnx"), like="ddcolor", name="mine", replace=True)
    assert added.added_models() == (first,)
    assert adding.check_added(first) == ()


# Licenses


def test_the_file_s_own_word_on_its_license_goes_first(tmp_path):
    path = marked(ddcolor(tmp_path / "theirs.onnx"), License=" CC-BY-NC-4.0 ")
    assert adding.add(path, like="ddcolor", name="one").licence == "CC-BY-NC-4.0"
    same = adding.add(path, like="ddcolor", name="two", licence="cc-by-nc-4.0")
    assert same.licence == "CC-BY-NC-4.0"
    with pytest.raises(ContractError, match=r"file itself states .* 'CC-BY-NC-4\.0', not 'MIT'"):
        adding.add(path, like="ddcolor", name="three", licence="MIT")
    assert names() == ["one", "two"]


def test_what_is_said_goes_before_a_kind_s_license(tmp_path):
    path = ddcolor(tmp_path / "theirs.onnx")
    assert adding.add(path, like="ddcolor", licence="my  own").licence == "my own"


@pytest.mark.parametrize("licence", ["", "   ", "x" * 300, "a\x00b"])
def test_a_model_without_a_license_is_refused(licence, tmp_path):
    path = ddcolor(tmp_path / "theirs.onnx")
    path.with_suffix(".toml").write_text('takes = "gray-rgb"\ngives = "ab"\n')
    with pytest.raises(ContractError, match="license") as caught:
        adding.add(path, licence=licence)
    assert caught.value.advice == (Advice.NAME_LICENSE,)
    assert adding.add(path, licence="MIT").licence == "MIT"


# What becomes of the files


def test_a_file_that_was_changed_is_not_used(tmp_path, kept):
    model = adding.add(ddcolor(tmp_path / "theirs.onnx"), like="ddcolor", name="mine")
    zhang(model.path)
    for use in (lambda: find_model("mine"), lambda: adding.check_added(model)):
        with pytest.raises(ModelError, match="has changed since it was added") as caught:
            use()
        assert caught.value.advice == (Advice.ADD_AGAIN,)


def test_a_file_that_is_gone_is_named(tmp_path):
    model = adding.add(ddcolor(tmp_path / "theirs.onnx"), like="ddcolor", name="mine")
    model.path.unlink()
    assert (names(), model.size_bytes) == (["mine"], 0)
    with pytest.raises(ModelError, match="'mine' can't be read"):
        Colorizer("mine")
    adding.remove("mine")
    assert names() == []


def test_a_file_that_was_renamed_has_another_name(tmp_path, kept):
    adding.add(ddcolor(tmp_path / "theirs.onnx"), like="ddcolor", name="mine")
    for suffix in ("onnx", "toml"):
        (kept / f"mine.{suffix}").rename(kept / f"yours.{suffix}")
    assert names() == ["yours"]
    assert Colorizer("yours", threads=1).contract.name == "yours"


@pytest.mark.parametrize("text", ["", "like = ", 'like = "ddcolor"\n', 'sha256 = 3\nlike = "x"'])
def test_a_note_that_says_no_hash_is_refused_and_can_be_removed(text, tmp_path, kept):
    adding.add(ddcolor(tmp_path / "theirs.onnx"), like="ddcolor", name="mine")
    (kept / "mine.toml").write_text(text)
    with pytest.raises(ModelError, match="has no recorded hash"):
        Colorizer("mine")
    adding.remove("mine")
    assert names() == []


def test_what_was_not_added_can_t_be_removed(tmp_path, kept):
    with pytest.raises(ModelError, match="ships with Photochrom"):
        adding.remove("photochrom")
    for name in ("mine", "../theirs"):
        with pytest.raises(ModelNotFoundError, match="added models: none"):
            adding.remove(name)


def test_a_kind_is_not_said_of_a_name(tmp_path):
    adding.add(ddcolor(tmp_path / "theirs.onnx"), like="ddcolor", name="mine")
    for name in ("mine", "photochrom", None):
        with pytest.raises(ContractError, match="describes itself"):
            Colorizer(name, like="ddcolor")


def test_shipped_names_go_first(tmp_path, kept):
    kept.mkdir()
    ddcolor(kept / "photochrom.onnx")
    (kept / "photochrom.toml").write_text('like = "ddcolor"\n')
    assert find_named("photochrom") == shipped_models()[0]


def test_a_full_disk_is_said(tmp_path, kept, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(adding.shutil, "copyfile", full)
    with pytest.raises(ModelError, match=r"can't be copied to .*kept \(No space left"):
        adding.add(ddcolor(tmp_path / "theirs.onnx"), like="ddcolor")
    assert not list(kept.iterdir())


def test_what_a_killed_run_has_left_goes_after_a_day(tmp_path, kept):
    old, new = kept / ".adding-old", kept / ".adding-new"
    for place in (old, new):
        place.mkdir(parents=True)
        (place / "half.onnx").write_bytes(b"half")
    os.utime(old, (time.time() - 90_000,) * 2)
    adding.add(ddcolor(tmp_path / "theirs.onnx"), like="ddcolor")
    assert (old.exists(), new.exists()) == (False, True)
