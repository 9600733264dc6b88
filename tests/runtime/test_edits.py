"""`photochrom.runtime.edits`: what the Studio saves beside a photograph."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from photochrom.errors import EditsError
from photochrom.models.contract import ModelIdentity
from photochrom.runtime.edits import Edits, edits_beside, load_edits
from photochrom.runtime.hints import Hint, Lock
from photochrom.runtime.lasso import Lasso
from photochrom.runtime.options import Options

WHOLE = {
    "photochrom": "edits",
    "version": 1,
    "model": {"name": "theirs", "sha256": "ab12"},
    "hints": [{"x": 3, "y": 4, "color": "#c22", "reach": 1.5}],
    "lock": [{"points": [[1, 2]], "radius_px": 5}],
    "palette": ["#aa3377"],
    "vividness": 1.2,
    "likeness": 0.7,
    "warmth": -0.5,
    "tint": 0,
    "strength": 0.75,
    "lassos": [{"points": [[1, 2], [3, 4], [5, 2]], "tint": -1}],
    "reference": "references/rose.jpg",
}


def saved(folder, content, name="old.jpg"):
    path = folder / f"{name}.edits.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_edits_are_read_whole(tmp_path):
    edits = load_edits(saved(tmp_path, WHOLE))
    look = Options(
        hints=(Hint.at(3, 4, "#c22", reach=1.5),),
        lock=(Lock(points=((1, 2),), radius_px=5),),
        palette=("#aa3377",),
        vividness=1.2,
        likeness=0.7,
        warmth=-0.5,
        tint=0,
        strength=0.75,
        lassos=(Lasso(points=((1, 2), (3, 4), (5, 2)), tint=-1),),
    )
    assert edits == Edits(
        look=look,
        reference=tmp_path / "references" / "rose.jpg",
        model=ModelIdentity("theirs", sha256="ab12"),
    )
    assert edits.over(Options(quality=80, vividness=0.3)) == replace(look, quality=80)


def test_edits_belong_to_the_photograph_of_their_name(tmp_path):
    saved(tmp_path, {"photochrom": "edits", "version": 1})
    assert edits_beside(tmp_path / "elsewhere" / "old.jpg", tmp_path) == Edits()
    assert edits_beside(tmp_path / "old.png", tmp_path) is None


def test_edits_of_equal_names_belong_to_the_photographs_of_their_folders(tmp_path, monkeypatch):
    for at, folder in enumerate(("", "1950", "album/1960")):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        saved(tmp_path / folder, {"photochrom": "edits", "version": 1, "warmth": at / 4})
    monkeypatch.chdir(tmp_path)
    for photograph, warmth in {
        "album/1950/old.jpg": 0.25,
        "/photographs/album/1960/old.jpg": 0.5,
        "1960/old.jpg": 0,
        "old.jpg": 0,
    }.items():
        edits = edits_beside(Path(photograph), tmp_path)
        assert edits is not None
        assert edits.look.warmth == warmth, photograph


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "can't be read"),
        ("[" * 100_000, "can't be read"),
        ([], "not a file of edits"),
        ({"hints": []}, "not a file of edits"),
        ({**WHOLE, "version": 2}, "version 2; expected 1"),
        ({**WHOLE, "size": 1}, "unknown keys: size"),
        ({**WHOLE, "warmth": 3}, "warmth is 3"),
        ({**WHOLE, "lassos": [{"points": [[1, 2], [3, 4]]}]}, "at least three points"),
        ({**WHOLE, "lassos": [{"points": [[1, 2]] * 3, "warmth": 2}]}, "warmth is 2"),
        ({**WHOLE, "tint": True}, "tint is True"),
        ({**WHOLE, "strength": "1"}, "strength is 1"),
        ({**WHOLE, "hints": [{}]}, "x and y"),
        ({**WHOLE, "lock": 3}, "a list of locks"),
        ({**WHOLE, "model": "theirs"}, "model is 'theirs'; expected a table"),
        ({**WHOLE, "model": {"sha256": "ab12"}}, "model has no name"),
        ({**WHOLE, "model": {"name": "theirs", "sha256": 3}}, "model.sha256 is 3"),
        ({**WHOLE, "model": {"name": "theirs", "path": "/x"}}, "unknown keys in model: path"),
        ({**WHOLE, "palette": ["red"]}, "red"),
        ({**WHOLE, "palette": [3]}, "no list of colors"),
        ({**WHOLE, "palette": "#fff"}, "no list of colors"),
        ({**WHOLE, "reference": 5}, "reference is 5; expected a text"),
    ],
)
def test_what_is_no_file_of_edits_is_refused(tmp_path, content, message):
    with pytest.raises(EditsError, match=message):
        load_edits(saved(tmp_path, content))
