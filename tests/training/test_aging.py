"""Lightness as old film has it: each effect does what its name says, and colors stay."""

import multiprocessing
import os

import numpy as np
import pytest
import pyvips

pytest.importorskip("torch")

from photochrom import color
from photochrom.training import aging
from photochrom.training.aging import EFFECTS, age, border, spectral, studio, tilt
from photochrom.training.tables import AgeConfig

pytestmark = pytest.mark.train

each = pytest.mark.parametrize("effect", [one for one, _ in EFFECTS], ids=lambda e: e.__name__)


def picture(height=48, width=64, seed=0):
    """A smooth color picture, and the same in CIELAB."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    srgb = np.kron(coarse, np.ones((8, 8, 1), dtype=np.uint8))
    return srgb, color.srgb_to_lab(srgb)


def test_untouched_crops_stay_as_they_are():
    srgb, lab = picture()
    seen, kept = age(srgb, lab, AgeConfig(share=0, border_share=0), np.random.default_rng(0))
    np.testing.assert_array_equal(seen, lab[..., 0])
    np.testing.assert_array_equal(kept, lab)


def test_half_of_the_crops_are_aged_and_the_same_seed_ages_alike():
    srgb, lab = picture(16, 16)
    config = AgeConfig(share=0.5, border_share=0)
    found = [age(srgb, lab, config, np.random.default_rng(seed))[0] for seed in range(200)]
    changed = np.mean([not np.array_equal(seen, lab[..., 0]) for seen in found])
    assert 0.38 < changed < 0.55  # a few are aged by nothing
    again = age(srgb, lab, config, np.random.default_rng(7))[0]
    np.testing.assert_array_equal(again, found[7])


def test_aged_crops_keep_their_range_their_shape_and_their_colors():
    for seed in range(60):
        srgb, lab = picture(32, 40, seed)
        config = AgeConfig(share=1, border_share=0.3)
        seen, kept = age(srgb, lab, config, np.random.default_rng(seed))
        assert seen.shape == (32, 40)
        assert seen.dtype == kept.dtype == np.float32
        assert 0 <= seen.min() <= seen.max() <= 100
        assert np.abs(kept).max() < 130


def portrait(skin=(60.0, 18.0, 20.0)):
    """A face of this color, with gray eyes, on a green ground: in sRGB, in CIELAB, and where."""
    rows, columns = np.mgrid[:96, :80]
    face = ((rows - 48) / 30) ** 2 + ((columns - 40) / 22) ** 2 < 1
    lab = np.where(face[..., None], skin, (50.0, -30.0, 25.0)).astype(np.float32)
    lab[40:43, 30:50] = 60, 0, 0
    return (255 * color.lab_to_srgb(lab).clip(0, 1)).round().astype(np.uint8), lab, face


def test_a_studio_has_a_dull_ground_and_leaves_the_face():
    srgb, lab, face = portrait()
    found = studio(srgb, lab, np.random.default_rng(0))
    np.testing.assert_array_equal(found[..., 0], lab[..., 0])
    inside, ground = aging.ndimage.binary_erosion(face), np.s_[:10]
    np.testing.assert_allclose(found[inside], lab[inside], rtol=0.1)
    share = np.hypot(*found[ground][..., 1:].T) / np.hypot(*lab[ground][..., 1:].T)
    assert share.max() < 0.75
    assert np.ptp(share) < 0.01


@pytest.mark.parametrize(
    "skin", [(60, 0, 0), (45, 60, 40), (60, 5, -30)], ids=["gray", "red", "blue"]
)
def test_what_is_no_face_leaves_the_studio_as_it_was(skin):
    srgb, lab, _ = portrait(skin)
    assert studio(srgb, lab, np.random.default_rng(0)) is lab


def test_only_portraits_come_from_a_studio(monkeypatch):
    srgb, lab, _ = portrait()
    seen = []
    monkeypatch.setattr(aging, "studio", lambda srgb, lab, rng: seen.append(srgb) or lab)
    config = AgeConfig(share=1, border_share=0, portraits=("people",))
    for group, least, most in (("people", 20, 40), ("", 0, 0), ("animals", 0, 0)):
        seen.clear()
        for seed in range(60):
            age(srgb, lab, config, np.random.default_rng(seed), group)
        assert least <= len(seen) <= most, group


def aged_by_each_effect(number):
    """All effects, one after the other, in a worker."""
    lightness = picture()[1][..., 0]
    return [float(effect(lightness, np.random.default_rng(number)).mean()) for effect, _ in EFFECTS]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks on this system")
# Python 3.12 and newer say so of every fork that has threads; the DataLoader's own has them, too.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_effects_work_in_a_fork_of_a_process_whose_libvips_has_threads():
    noise = pyvips.Image.gaussnoise(256, 256)
    noise.cast("uchar").jpegsave_buffer()  # they wait for work from now on, in this process only
    with multiprocessing.get_context("fork").Pool(1) as pool:
        found = pool.apply_async(aged_by_each_effect, (0,)).get(timeout=60)
    assert found == aged_by_each_effect(0)


@each
def test_each_effect_changes_a_picture_and_not_its_source(effect):
    _, lab = picture()
    lightness = lab[..., 0]
    before = lightness.copy()
    found = [effect(lightness, np.random.default_rng(seed)) for seed in range(4)]
    np.testing.assert_array_equal(lightness, before)
    assert all(one.shape == lightness.shape and np.isfinite(one).all() for one in found)
    assert max(np.abs(one - lightness).max() for one in found) > 0.5


def test_old_emulsions_see_red_dark_and_blue_bright():
    red, blue = (np.full((1, 1, 3), value, np.uint8) for value in ([200, 30, 30], [40, 60, 200]))
    light = np.array(
        [
            [spectral(one, np.random.default_rng(seed)).item() for one in (red, blue)]
            for seed in range(300)
        ]
    )
    assert (light[:, 1] > light[:, 0] + 10).mean() > 0.4
    assert (light[:, 1] < light[:, 0] - 10).mean() > 0.1
    grays = np.linspace(0, 255, 8).astype(np.uint8)[:, None].repeat(3, axis=1)[None]
    for seed in range(5):  # a gray surface stays what it is
        found = spectral(grays, np.random.default_rng(seed))
        np.testing.assert_allclose(found, color.srgb_to_lab(grays)[..., 0], atol=0.01)


def test_softness_lowers_contrast_and_grain_raises_it():
    _, lab = picture()
    lightness = lab[..., 0]
    flat = np.full_like(lightness, 50)
    assert aging.soften(lightness, np.random.default_rng(0)).std() < lightness.std()
    rough = aging.grain(flat, np.random.default_rng(0))
    assert 0.5 < rough.std() < 8
    dark = aging.grain(np.zeros_like(flat), np.random.default_rng(0))
    assert dark.std() < rough.std()  # strongest in mid-tones


def test_a_border_is_neutral_and_what_lies_inside_stays():
    srgb, lab = picture()
    for seed in range(20):
        found, inside = border(lab[..., 0], np.random.default_rng(seed))
        assert set(np.unique(inside)) <= {0.0, 1.0}
        np.testing.assert_array_equal(found[inside > 0], lab[..., 0][inside > 0])
    seen, kept = age(srgb, lab, AgeConfig(share=0, border_share=1), np.random.default_rng(2))
    outside = seen != lab[..., 0]
    assert outside.any()
    assert not kept[outside][:, 1:].any()


def test_a_tilted_picture_moves_with_its_colors():
    _, lab = picture()
    seen, turned = tilt(lab[..., 0], lab, np.random.default_rng(3))
    assert np.abs(turned - lab).max() > 5
    np.testing.assert_allclose(seen, turned[..., 0], atol=1e-4)
