"""What a trained model that takes hints does, on the sample photographs.

These hold for the default model; for another one: PHOTOCHROM_TEST_MODEL=a.onnx pytest ...
"""

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import photochrom
from photochrom import color
from photochrom.color.text import parse_color
from photochrom.errors import OptionError
from photochrom.pictures import picture
from photochrom.runtime.alternatives import APART
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.hints import Hint, Lock
from photochrom.runtime.lasso import Lasso
from photochrom.runtime.palette import palette_ab
from photochrom.runtime.steered import KEPT_TOGETHER, Steered
from photochrom.runtime.tone import Tone

SAMPLES = Path(photochrom.__file__).parent / "samples"
NAMES = ("chelsea", "china", "flower")
COLORIZER = Colorizer(os.environ.get("PHOTOCHROM_TEST_MODEL"), threads=1)

pytestmark = pytest.mark.skipif(
    not COLORIZER.contract.token_features, reason="the default model takes no hints"
)

BLOSSOM = (302, 222, 105)
"""Middle (x, y) and radius of the blossom of flower.jpg, in pixels."""

PETAL = (250, 170)


@cache
def prepared(name):
    return COLORIZER.prepare(SAMPLES / f"{name}.jpg")


@cache
def usual(name):
    return prepared(name).ab()


@cache
def truth(name):
    """a* and b* of the original at the size of the network's answer."""
    rows, columns = usual(name).shape[:2]
    original = picture.read(SAMPLES / "originals" / f"{name}.jpg")
    return color.srgb_to_lab(original.srgb(size=(rows, columns)))[..., 1:]


def away(ab, goal):
    """Mean distance to a color, or to each position's own, in ab units."""
    return float(np.hypot(*np.moveaxis(ab - goal, -1, 0)).mean())


def on_blossom(ab, *, outside=False):
    """The positions within the blossom, or well outside."""
    height, width = prepared("flower").picture.size
    rows, columns = ab.shape[:2]
    y, x = np.mgrid[:rows, :columns] + 0.5
    x0, y0, radius = BLOSSOM
    distance = np.hypot(x * width / columns - x0, y * height / rows - y0) / radius
    lower = y * height / rows > 350  # another blossom begins there
    return ab[(distance > 1.3) & ~lower] if outside else ab[distance < 1]


# Hints


@pytest.mark.parametrize("name", ["#c2679f", "#6a6fc0"])
def test_a_hint_on_one_petal_colors_the_blossom_and_spares_the_leaves(name):
    goal, before = np.array(parse_color(name)), usual("flower")
    after = prepared("flower").ab(hints=[Hint.at(*PETAL, name)])
    assert away(on_blossom(after), goal) < 0.6 * away(on_blossom(before), goal)
    moved = [
        np.hypot(*(on_blossom(after, **o) - on_blossom(before, **o)).mean(axis=0))
        for o in ({}, {"outside": True})
    ]
    assert moved[1] < 0.4 * moved[0]


def test_at_full_size_a_hint_has_its_color_at_its_point():
    scene = prepared("flower")
    x, y = PETAL
    light = color.srgb_to_lab(scene.picture.srgb())[y, x, 0]
    for name in ("#c2679f", "#6a6fc0", "#d9a441"):
        found = color.srgb_to_lab(scene.paint(hints=[Hint.at(x, y, name)]).srgb())[y, x]
        linear = color.lab_to_linear(np.float32([light, *parse_color(name)]))
        wanted = color.srgb_to_lab(color.linear_to_srgb(color.reduce_gamut(linear)))
        assert float(color.ciede2000(found, wanted)) < 5


def test_true_hints_bring_the_truth_nearer():
    """Over all samples: where a result is near already, hints change little."""
    before, after = [], []
    for name in NAMES:
        scene, true = prepared(name), truth(name)
        height, width = scene.picture.size
        hints = []
        for y in np.linspace(0.15, 0.85, 3):
            for x in np.linspace(0.1, 0.9, 4):
                a, b = true[int(y * true.shape[0]), int(x * true.shape[1])].tolist()
                hints.append(Hint(points=((x * width, y * height),), ab=(a, b)))
        before.append(away(usual(name), true))
        after.append(away(scene.ab(hints=hints), true))
    assert np.mean(after) < 0.8 * np.mean(before), (before, after)


# References


def turned(name, degrees):
    """The original with its hues turned."""
    lab = color.srgb_to_lab(picture.read(SAMPLES / "originals" / f"{name}.jpg").srgb())
    a, b = np.moveaxis(lab[..., 1:], -1, 0)
    angle = np.deg2rad(degrees)
    ab = [a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)]
    srgb = color.lab_to_srgb(np.stack([lab[..., 0], *ab], axis=-1).astype(np.float32))
    return np.rint(255 * srgb).astype(np.uint8)


def test_the_original_as_a_reference_brings_the_truth_nearer():
    before, after = [], []
    for name in NAMES:
        reference = COLORIZER.reference(SAMPLES / "originals" / f"{name}.jpg")
        before.append(away(usual(name), truth(name)))
        after.append(away(prepared(name).ab(reference=reference), truth(name)))
    assert np.mean(after) < 0.9 * np.mean(before), (before, after)


def test_a_reference_is_followed_as_far_as_it_is_said():
    reference = COLORIZER.reference(SAMPLES / "originals" / "flower.jpg")
    photograph = prepared("china")
    whole = photograph.ab(reference=reference)
    np.testing.assert_array_equal(photograph.ab(reference=reference, likeness=0), usual("china"))
    half = photograph.ab(reference=reference, likeness=0.5)
    np.testing.assert_allclose(half, (whole + usual("china")) / 2, atol=1e-4)
    with pytest.raises(OptionError, match="likeness"):
        photograph.ab(reference=reference, likeness=1.5)


def test_a_blossom_takes_the_color_of_that_of_its_reference():
    example = turned("flower", -90)
    goal = on_blossom(
        color.srgb_to_lab(picture.from_array(example).srgb(size=usual("flower").shape[:2]))[..., 1:]
    ).mean(axis=0)
    led = prepared("flower").ab(reference=COLORIZER.reference(example))
    before = on_blossom(usual("flower")).mean(axis=0)
    after = on_blossom(led).mean(axis=0)
    assert np.hypot(*(after - goal)) < 0.7 * np.hypot(*(before - goal))


# Vividness, palettes, alternatives, confidence


@pytest.mark.parametrize("name", NAMES)
def test_vividness_goes_from_calm_to_vivid(name):
    chroma = [away(prepared(name).ab(vividness=v), 0) for v in (0.0, 0.5, 1.0, 1.5, 2.0)]
    assert (np.diff(chroma) > 0).all(), chroma


@pytest.mark.parametrize("name", NAMES)
def test_a_palette_is_kept_to(name):
    colors = ("#b5652f", "#3c6e71", "#808080")
    goal = palette_ab(colors)

    def distance(ab):
        return np.hypot(*np.moveaxis(ab[..., None, :] - goal, -1, 0)).min(axis=-1).mean()

    assert distance(prepared(name).ab(palette=colors)) < 0.8 * distance(usual(name))


def test_alternatives_of_a_blossom_are_other_blossoms():
    scene = prepared("flower")
    found = scene.alternatives(4)
    assert 2 <= len(found) <= 4
    assert found == scene.alternatives(4)
    painted = [on_blossom(scene.ab(hints=one.hints)).mean(axis=0) for one in found]
    for index, one in enumerate(painted):
        assert all(np.hypot(*(one - other)) > APART / 2 for other in painted[:index])


def test_a_hint_makes_the_network_surer_of_the_blossom():
    scene = prepared("flower")
    hints = [Hint.at(*PETAL, "#c2679f")]
    before, after = (on_blossom(scene.confidence(hints=given)) for given in ((), hints))
    assert after.mean() > before.mean()


# Reach, locks and tone


def test_a_hint_with_a_reach_changes_its_region_and_nothing_else():
    one = prepared("china")
    before = one.ab()
    x, y = 480, 60  # the sky
    bounded = one.ab(hints=[Hint.at(x, y, "#cc2244", reach=1.0)])
    region = one.region(x, y)
    moved = np.hypot(*np.moveaxis(bounded - before, -1, 0))
    assert moved[region > 0.9].mean() > 3  # as much as so light a sky can show
    assert moved[region < 0.005].max() < 1
    free = one.ab(hints=[Hint.at(x, y, "#cc2244")])
    assert moved.mean() < np.hypot(*np.moveaxis(free - before, -1, 0)).mean()


def test_the_second_hint_leaves_the_first_ones_region_as_it_was():
    one = prepared("china")
    sky, roof = Hint.at(480, 60, "#cc2244", reach=1.0), Hint.at(310, 290, "#3355cc", reach=0.5)
    first, both = one.ab(hints=[sky]), one.ab(hints=[sky, roof])
    changed = np.hypot(*np.moveaxis(both - first, -1, 0))
    alone = one.region(310, 290, 0.5) < 0.005
    assert changed[alone & (one.region(480, 60) < 0.005)].max() < 1


def test_what_is_locked_stays_but_for_hints_that_stand_there():
    one = prepared("flower")
    lock = [Lock(points=((BLOSSOM[0], BLOSSOM[1]),), radius_px=BLOSSOM[2])]
    outside, inside = Hint.at(80, 80, "#cc2244"), Hint.at(*PETAL, "#3344cc")
    before = one.ab()
    row, column = (round(v / 4 * 224 / 427) for v in (BLOSSOM[1], BLOSSOM[0]))
    middle = np.s_[row - 5 : row + 5, column - 5 : column + 5]
    locked = one.ab(hints=[outside], lock=lock)
    assert np.abs(locked - before)[middle].max() < 0.5
    assert np.abs(locked - before).max() > 20
    both = one.ab(hints=[outside, inside], lock=lock)
    alone = one.ab(hints=[inside])
    assert np.allclose(both[middle], alone[middle], atol=0.5)


def test_tone_is_for_the_whole_picture_and_strength_0_is_gray():
    one = prepared("flower")
    plain = one.ab()
    assert np.allclose(one.ab(tone=Tone(warmth=0.5)) - plain, [0, 9], atol=1e-4)
    gray = one.paint(tone=Tone(strength=0.0)).srgb()
    assert (gray == gray[..., :1]).all()


def test_a_lasso_has_a_tone_of_its_own_and_leaves_all_else():
    one = prepared("flower")
    height, width = one.picture.size
    left = ((0.0, 0.0), (width / 2, 0.0), (width / 2, height), (0.0, height))
    plain = one.ab(tone=Tone(warmth=0.5))
    cell = plain.shape[1] // 2
    cool = one.ab(tone=Tone(warmth=0.5), lassos=[Lasso(points=left, warmth=-1.0)])
    assert np.allclose((cool - plain)[:, : cell - 1], [0, -27], atol=1e-4)
    assert np.allclose(cool[:, cell + 1 :], plain[:, cell + 1 :], atol=1e-4)
    calm = one.ab(lassos=[Lasso(points=left, vividness=0.0)])
    assert np.allclose(calm[:, : cell - 1], one.ab(vividness=0.0)[:, : cell - 1], atol=1e-4)
    over = [Lasso(points=left, strength=0.0), Lasso(points=left)]
    assert np.allclose(one.ab(lassos=over), one.ab(), atol=1e-4)


def test_painting_leaves_what_was_painted_before():
    one = prepared("flower")
    first = one.ab()
    first += 100
    assert np.abs(one.ab()).max() < 100


def test_hints_that_came_one_by_one_give_what_they_give_together():
    hints = [Hint.at(320, 213.5, "#7a3fb0", reach=1.0), Hint.at(64, 42.7, "#335522", reach=1.0)]
    together = COLORIZER.prepare(SAMPLES / "flower.jpg").ab(hints=hints)
    scene = COLORIZER.prepare(SAMPLES / "flower.jpg")
    scene.ab(hints=hints[:1])
    np.testing.assert_allclose(scene.ab(hints=hints), together, atol=0.01)


@pytest.mark.parametrize("reach", [None, 0.7])
def test_what_was_painted_before_changes_nothing(reach):
    hints = [
        Hint(points=((80.0 + 90 * at, 120.0 + 30 * at),), ab=(40.0 - 9 * at, 10.0), reach=reach)
        for at in range(4)
    ]
    used = COLORIZER.prepare(SAMPLES / "china.jpg")
    for order in (hints[:3], hints, hints[1:], [*hints[:2], hints[3]], hints[::-1]):
        fresh = COLORIZER.prepare(SAMPLES / "china.jpg")
        np.testing.assert_allclose(used.ab(hints=order), fresh.ab(hints=order), atol=1e-4)


@pytest.mark.parametrize("reach", [None, 1.0])
def test_moving_one_of_many_hints_finds_the_regions_of_few_anew(reach, monkeypatch):
    hints = [
        Hint(points=((20.0 + 24 * at, 40.0 + 13 * at),), ab=(40.0, -20.0), reach=reach)
        for at in range(24)
    ]
    used, fresh = (COLORIZER.prepare(SAMPLES / "china.jpg") for _ in range(2))
    used.ab(hints=hints)
    moved = [hints[0].moved(30, 0), *hints[1:]]
    asked, find = [], Steered._regions

    def regions(self, cells, reach):
        asked.append(len(cells))
        return find(self, cells, reach)

    monkeypatch.setattr(Steered, "_regions", regions)
    found = used.ab(hints=moved)
    assert sum(asked) <= KEPT_TOGETHER
    np.testing.assert_allclose(found, fresh.ab(hints=moved), atol=1e-4)
