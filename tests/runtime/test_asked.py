"""`photochrom.runtime.asked`: what is of the wrong kind is refused by name, before any work."""

import pytest

from photochrom import Colorizer, Hint, Lasso, OptionError, Options, Picture, Tone, read
from photochrom.runtime.asked import check_asked

HINT = Hint.at(10, 10, "#c22")
WRONG = [
    ("reference", "old.jpg", r"'old\.jpg' \(str\); expected a Reference, which Colorizer"),
    ("hints", "10,10=#c22", r"'10,10=#c22' \(str\); expected a sequence of Hint"),
    ("hints", ["10,10=#c22"], r"\(str\); expected a sequence of Hint"),
    ("hints", HINT, r"\(Hint\); expected a sequence of Hint"),
    ("hints", None, r"None \(NoneType\); expected a sequence of Hint"),
    ("palette", "#aa3377", r"\(str\); expected a sequence of colors"),
    ("palette", [3], r"3 \(int\); expected a sequence of colors"),
    ("lock", [HINT], r"\(Hint\); expected a sequence of Lock"),
    ("lassos", [3], r"3 \(int\); expected a sequence of Lasso"),
    ("tone", 0.3, r"0\.3 \(float\); expected a Tone"),
    ("vividness", "1", r"'1' \(str\); expected a number"),
]


@pytest.fixture(scope="module")
def colorizer():
    return Colorizer(threads=1)


@pytest.fixture(scope="module")
def prepared(colorizer, smooth_srgb):
    return colorizer.prepare(smooth_srgb(40, 60))


@pytest.mark.parametrize(("name", "value", "said"), WRONG)
def test_another_kind_is_named_before_the_photograph_is_read(
    colorizer, prepared, name, value, said
):
    with pytest.raises(OptionError, match=f"^{name}: found .*{said}"):
        prepared.paint(**{name: value})
    with pytest.raises(OptionError, match=f"^{name}: found .*{said}"):
        colorizer.colorize("there is none.jpg", **{name: value})


@pytest.mark.parametrize("method", ["probabilities", "confidence", "confidence_picture"])
@pytest.mark.parametrize("asked", [{"reference": "old.jpg"}, {"hints": "10,10=#c22"}])
def test_what_looks_into_the_network_refuses_it_too(prepared, method, asked):
    with pytest.raises(OptionError, match=r"found .* \(str\); expected a"):
        getattr(prepared, method)(**asked)


@pytest.mark.parametrize(
    "call",
    [
        lambda one: one.paint(copy="old.jpg"),
        lambda one: one.paint(likeness="1"),
        lambda one: one.remembered("10,10=#c22"),
        lambda one: one.likely_colors(1, 1, hints="x"),
        lambda one: one.likely_colors("1", 1),
        lambda one: one.likely_colors(1, 1, most=1.5),
        lambda one: one.region("1", 1),
        lambda one: one.region(1, 1, "x"),
        lambda one: one.alternatives("4"),
        lambda one: one.alternatives(2, seed=0.5),
        lambda one: one.confidence_picture(size=5),
        lambda one: one.confidence_picture(size=("4", 5)),
        lambda one: Options().paint(one, reference="old.jpg"),
        lambda one: Options(hints="x").paint(one),
        lambda one: one.picture.save(5),
        lambda one: one.picture.save("new.jpg", quality="92"),
    ],
)
def test_so_does_every_other_call(prepared, call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OptionError, match=r"found .* \(\w+\); expected "):
        call(prepared)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "make",
    [
        lambda: Hint(points=((1, 1),), ab=(0, 0), reach="x"),
        lambda: Hint(points=((1, 1),), ab=(0, 0), radius_px="x"),
        lambda: Tone(warmth="x"),
        lambda: Lasso(points=((0, 0), (9, 0), (9, 9)), tint="x"),
        lambda: Colorizer(5),
        lambda: Colorizer(threads=1.5),
        lambda: read(5),
        lambda: read(None),
    ],
)
def test_so_does_what_makes_them(make):
    with pytest.raises(OptionError, match=r"found .* \(\w+\); expected "):
        make()


def test_what_is_right_passes(color_picture):
    check_asked(hints=(HINT,), palette=[], reference=None, tone=Tone(), vividness=1, copy=None)
    check_asked(copy=color_picture)
    assert isinstance(color_picture, Picture)


def test_long_values_are_shortened():
    with pytest.raises(OptionError) as caught:
        check_asked(hints="x" * 10_000)
    assert len(str(caught.value)) < 250
