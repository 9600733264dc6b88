"""`photochrom.batch.edited`: each photograph's edits are painted with the model of their own."""

import json

import pytest

from photochrom import Colorizer
from photochrom.batch.edited import Edited
from photochrom.batch.jobs import Job
from photochrom.errors import Advice, EditsError, UnsupportedError
from photochrom.models import added, adding
from photochrom.models.contract import ModelIdentity
from photochrom.pictures import picture
from standins import ddcolor, photograph, zhang

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder of models with two, and their hashes."""
    here = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(added.VARIABLE, str(here / "kept"))
        one = adding.add(ddcolor(here / "theirs.onnx"), like="ddcolor")
        other = adding.add(zhang(here / "other.onnx"), like="eccv16")
    return here / "kept", one.sha256, other.sha256


@pytest.fixture
def edited(kept, tmp_path, monkeypatch):
    """Makes the edits of ``old.png`` by this model, and who paints them."""
    monkeypatch.setenv(added.VARIABLE, str(kept[0]))
    own = Colorizer("other", threads=1)

    def make(model, *, named=False, **more):
        content = {"photochrom": "edits", "version": 1, "model": model, **more}
        (tmp_path / "old.png.edits.json").write_text(json.dumps(content))
        return Edited(tmp_path, own, None if named else Colorizer)

    return make


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "old.png"
    picture.from_array(photograph(64)).save(path)
    return path


@pytest.mark.parametrize("name", ["theirs", "as it was called there"])
def test_edits_are_painted_with_the_file_that_they_were_made_with(name, kept, edited, old):
    edits = edited({"name": name, "sha256": kept[1]})
    found = edits.of(old)
    assert (found.colorizer.contract.name, found.remarks) == ("theirs", ())
    assert edits.model_of(old) == ModelIdentity("theirs", sha256=kept[1])
    assert edits.of(old).colorizer is found.colorizer
    made = Job(source=old, target=old.with_name("new.png")).run(edits._own, edits=edits)
    assert made.model == found.colorizer.contract.identity
    wanted = Colorizer("theirs", threads=1).colorize(old).srgb()
    assert (picture.read(old.with_name("new.png")).srgb() == wanted).all()


def test_edits_without_a_model_are_painted_with_the_batch_s(edited, old):
    edits = edited(None)
    assert edits.of(old) == (edits.of(old).edits, edits._own, ())
    assert edits.model_of(old) == edits._own.contract.identity
    assert edits.of(old.with_name("another.png")) is None


def test_another_file_of_the_name_paints_and_says_so(edited, old):
    found = edited({"name": "theirs", "sha256": "ab" * 32}).of(old)
    assert found.colorizer.contract.name == "theirs"
    assert found.remarks == (
        "its edits were made with another file of the model 'theirs'; its colors may differ",
    )
    made = Job(source=old, target=old.with_name("new.png")).run(
        None, edits=edited({"name": "other", "sha256": "ab" * 32})
    )
    assert "another file of the model 'other'" in made.remarks[-1]
    assert edited({"name": "theirs"}).of(old).remarks == ()


def test_a_model_that_is_not_here_is_refused_by_name(edited, old):
    edits = edited({"name": "gone", "sha256": "ab" * 32})
    with pytest.raises(EditsError, match="'gone', which is not here") as raised:
        edits.of(old)
    assert "ab" * 32 in str(raised.value)
    assert raised.value.advice == (Advice.NAME_MODEL,)
    assert edits.model_of(old) == ModelIdentity("gone", sha256="ab" * 32)


def test_a_model_that_was_named_paints_all_and_says_so(kept, edited, old):
    edits = edited({"name": "gone", "sha256": "ab" * 32}, named=True)
    found = edits.of(old)
    assert found.colorizer is edits._own
    assert found.remarks == (
        "its edits were made with the model 'gone', and 'other' painted; its colors may differ",
    )
    assert edits.model_of(old) == edits._own.contract.identity


def test_what_their_model_can_t_do_is_refused_by_name(kept, edited, old):
    edits = edited({"name": "theirs", "sha256": kept[1]}, palette=["#aa3377"])
    with pytest.raises(UnsupportedError, match=r"'theirs' answers with colors.* palette"):
        Job(source=old, target=old.with_name("new.png")).run(edits._own, edits=edits)
