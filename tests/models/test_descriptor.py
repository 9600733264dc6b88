"""`photochrom.models.descriptor`: a file beside a model says what it takes and gives."""

import pytest

from photochrom.errors import ContractError
from photochrom.models.descriptor import Descriptor, like, read_descriptor


def written(tmp_path, text):
    path = tmp_path / "theirs.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_kind_is_the_start_and_what_is_said_replaces_it(tmp_path):
    found = read_descriptor(written(tmp_path, 'like = "deoldify"\nside = 256\nscale = 1\n'))
    assert (found.takes, found.gives, found.licence) == ("gray-rgb", "rgb", "MIT")
    assert (found.side, found.scale) == (256, 1.0)
    assert like("deoldify").scale == 255.0


def test_a_model_of_no_known_kind_is_described_whole(tmp_path):
    text = 'takes = "lightness"\ngives = "ab"\nscale = 1\nmean = [0.5]\nstd = [0.5]\ngain = 110\n'
    found = read_descriptor(written(tmp_path, text))
    assert found == Descriptor(
        takes="lightness", gives="ab", scale=1.0, mean=(0.5,), std=(0.5,), gain=110.0
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("like = ", "this is not valid TOML"),
        ('like = "colors"', "like is 'colors'; expected one of ddcolor, "),
        ("like = 3", "like is '3'; expected one of "),
        ('like = "ddcolor"\ncolour = 1', "'colour' is unknown; known: like, takes"),
        ('takes = "lightness"', "gives is missing"),
        ('takes = "rgb"\ngives = "ab"', "takes is 'rgb'; expected 'gray-rgb' or 'lightness'"),
        ('like = "ddcolor"\nside = 8', "side is 8; expected a whole number from 16 to 4096"),
        ('like = "ddcolor"\nmean = [nan]', r"mean\[0\] is nan; expected a number"),
        ('like = "ddcolor"\nstd = [0]', "std contains 0"),
        ('like = "ddcolor"\nhint_ab = "ab"', "hint_ab and hint_mask go together"),
    ],
)
def test_a_wrong_one_is_refused(text, message, tmp_path):
    with pytest.raises(ContractError, match=rf"theirs\.toml: .*{message}"):
        read_descriptor(written(tmp_path, text))


def test_one_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ContractError, match="can't be read"):
        read_descriptor(tmp_path / "theirs.toml")
