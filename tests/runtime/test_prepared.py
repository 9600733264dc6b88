"""`photochrom.runtime.prepared`: what a model that takes hints paints, whatever it has learned."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grays import gray, lightness_of
from photochrom import color, from_array
from photochrom.errors import (
    ColorError,
    HintError,
    OptionError,
)
from photochrom.runtime.alternatives import APART
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.hints import Hint
from photochrom.runtime.palette import palette_ab

# Hints; with a model that takes them but has learned nothing


@pytest.fixture(scope="module")
def hinting(hint_model):
    return Colorizer(hint_model, threads=1)


def smooth_gray(height=120, width=160):
    y, x = np.mgrid[:height, :width]
    levels = 128 + 45 * np.cos(x / 23) + 40 * np.cos(y / 17)
    return np.rint(levels).astype(np.uint8)


@pytest.fixture(scope="module")
def scene(hinting):
    """A prepared photograph of 120 x 160."""
    return hinting.prepare(smooth_gray())


def differences(scene, painted, hints):
    """CIEDE2000 between each hint, as its point's lightness can show it, and the result there."""
    lab, light = color.srgb_to_lab(painted.srgb()), lightness_of(scene.picture.srgb())
    found, wanted = [], []
    for hint in hints:
        (x, y), (a, b) = map(int, hint.points[0]), hint.ab
        found.append(lab[y, x])
        linear = color.reduce_gamut(color.lab_to_linear(np.float32([light[y, x], a, b])))
        wanted.append(color.srgb_to_lab(color.linear_to_srgb(linear)))
    return color.ciede2000(np.array(found), np.array(wanted))


@pytest.mark.train
def test_a_photograph_has_its_hints_colors_where_they_are_given(scene):
    random = np.random.default_rng(0)
    for _ in range(6):
        places = random.uniform(5, 115, (1, 2)) + np.array([[0, 0], [40, 0]])
        names = (f"#{value:06x}" for value in random.integers(0, 1 << 24, len(places)))
        hints = [Hint.at(x, y, name) for (x, y), name in zip(places, names, strict=True)]
        found = differences(scene, scene.paint(hints=hints), hints)
        assert found.max() < 10  # its colors are wild
        np.testing.assert_allclose(
            lightness_of(scene.paint(hints=hints).srgb()),
            lightness_of(scene.picture.srgb()),
            atol=2,
        )


@pytest.mark.train
def test_without_its_hint_a_photograph_has_another_color_there(scene):
    hints = [Hint.at(40, 50, "#22bb44")]
    assert differences(scene, scene.paint(), hints)[0] > 10


@pytest.mark.train
def test_later_hints_win_and_the_order_of_others_does_not_matter(scene):
    red, green, far = Hint.at(40, 50, "#c22"), Hint.at(40, 50, "#2c2"), Hint.at(120, 100, "#22c")
    assert differences(scene, scene.paint(hints=[red, green]), [green])[0] < 5
    assert differences(scene, scene.paint(hints=[green, red]), [red])[0] < 5
    one, other = scene.ab(hints=[red, far]), scene.ab(hints=[far, red])
    np.testing.assert_allclose(one, other, atol=0.05)


@pytest.mark.train
def test_a_hint_outside_the_photograph_is_refused(scene):
    for place in ((161, 5), (5, 121), (-1, 5)):
        with pytest.raises(HintError, match="outside the picture, which is 160 x 120 pixels"):
            scene.paint(hints=[Hint.at(*place, "#c22")])
        with pytest.raises(HintError, match="outside the picture, which is 160 x 120 pixels"):
            scene.likely_colors(*place)


@pytest.mark.train
@given(st.integers(1, 60), st.integers(1, 60))
@settings(max_examples=8)
def test_hints_suit_any_size(hinting, height, width):
    corners = [Hint.at(x, y, "#c22") for x in (0, width) for y in (0, height)]
    result = hinting.colorize(gray(height, width), hints=corners)
    assert result.size == (height, width)
    assert np.isfinite(hinting.prepare(gray(height, width)).ab(hints=corners)).all()


@pytest.mark.train
def test_a_palette_pulls_colors_to_it(scene):
    goal = palette_ab(("#8a4433", "#335588"))

    def distance(ab):
        return np.hypot(*np.moveaxis(ab[..., None, :] - goal, -1, 0)).min(axis=-1)

    before = distance(scene.ab())
    after = distance(scene.ab(palette=("#8a4433", "#335588")))
    assert after.mean() < 0.8 * before.mean()
    with pytest.raises(ColorError, match="'red' is not a color"):
        scene.paint(palette=("red",))


@pytest.mark.train
def test_a_reference_is_followed_in_some_way(hinting, scene, smooth_srgb):
    reference = hinting.reference(smooth_srgb(60, 80))
    assert reference.name == "<array>"
    assert not reference.tokens.place.any()
    plain, led = scene.ab(), scene.ab(reference=reference)
    assert led.shape == plain.shape
    assert np.abs(led - plain).max() > 0.5
    hints = [Hint.at(40, 50, "#22bb44")]
    both = scene.paint(hints=hints, reference=reference)
    assert differences(scene, both, hints)[0] < 5


@pytest.mark.train
def test_alternatives_are_the_same_again_and_differ_from_each_other(scene):
    found = scene.alternatives(3, seed=1)
    assert found == scene.alternatives(3, seed=1)
    assert found[:2] == scene.alternatives(2, seed=1)
    assert len(found) == 3
    likelihoods = [one.likelihood for one in found]
    assert likelihoods == sorted(likelihoods, reverse=True)
    assert 0 < sum(likelihoods) <= 1
    colors = np.array([one.hints[0].ab for one in found])
    painted = [scene.ab(hints=one.hints) for one in found]
    for index, other in ((0, 1), (0, 2), (1, 2)):
        assert np.hypot(*(colors[index] - colors[other])) >= APART
        assert np.abs(painted[index] - painted[other]).max() > 10


@pytest.mark.train
def test_likely_colors_come_with_their_shares(scene):
    found = scene.likely_colors(40, 50)
    shares = [share for _, share in found]
    assert 1 < len(found) <= 5
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 1
    light = lightness_of(scene.picture.srgb())[50, 40]
    for name, _ in found:
        rgb = np.uint8(list(bytes.fromhex(name.removeprefix("#"))))
        assert lightness_of(rgb[None])[0] == pytest.approx(light, abs=3)
    assert len(scene.likely_colors(160, 120, most=2)) <= 2


@pytest.mark.train
def test_confidence_is_within_0_and_1_and_a_picture_of_it_has_the_photograph_s_size(scene):
    confidence = scene.confidence()
    assert confidence.shape == scene.ab().shape[:2]
    assert 0 <= confidence.min() < confidence.max() <= 1
    entropy = scene.grid.entropy(scene.probabilities())
    np.testing.assert_allclose(confidence, 1 - entropy, atol=1e-5)
    shown = scene.confidence_picture()
    assert shown.size == scene.picture.size
    levels = shown.srgb().astype(float)
    assert np.ptp(levels, axis=-1).max() == 0
    assert levels.mean() / 255 == pytest.approx(confidence.mean(), abs=0.02)
    rows, columns = confidence.shape
    middles = levels[
        np.ix_(
            *(
                np.arange(n) * s // n + s // (2 * n)
                for n, s in zip((rows, columns), scene.picture.size, strict=True)
            )
        )
    ][..., 0]
    assert np.corrcoef(middles.ravel(), confidence.ravel())[0, 1] > 0.95


@pytest.mark.parametrize("wrong", [{"count": -1}, {"seed": -1}])
def test_alternatives_below_none_are_refused(wrong):
    prepared = Colorizer().prepare(from_array(np.full((40, 60), 128, np.uint8)))
    with pytest.raises(OptionError, match="must be 0 or more"):
        prepared.alternatives(**wrong)
