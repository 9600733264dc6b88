"""`photochrom.cli.advice`: what to do about an error, in the command line's own words."""

import re
from pathlib import Path

import pytest

import photochrom
from photochrom.cli.advice import WORDS, error_text, worded
from photochrom.errors import Advice, OutputExistsError, PhotochromError

PACKAGE = Path(photochrom.__file__).parent


def test_every_advice_has_words():
    assert set(WORDS) == set(Advice)


def test_words_follow_the_message():
    error = OutputExistsError("a.png: it is there.", advice=[Advice.OTHER_OUTPUT, Advice.REPLACE])
    assert error_text(error) == (
        "a.png: it is there. Choose another output with -o. Use --force to replace it."
    )
    assert error_text(PhotochromError("nothing to be done.")) == "nothing to be done."
    assert worded("so.", ()) == "so."


def test_every_advice_is_given_somewhere():
    code = "".join(path.read_text() for path in PACKAGE.rglob("*.py") if path.name != "advice.py")
    assert not [one.name for one in Advice if f"Advice.{one.name}" not in code]


ROOMS = sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file())


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "cli"])
def test_no_message_outside_the_command_line_names_its_flags(room):
    for path in (PACKAGE / room).rglob("*.py"):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            texts = re.findall(r'f?"([^"\n]*)"', line)
            found = [text for text in texts if re.search(r"(?<![-\w])--[a-z][a-z-]+|\B-o\b", text)]
            assert not found, f"{path.name}:{number} names a flag: {found}"
