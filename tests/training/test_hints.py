"""How training draws hints: what patches, references and recolored parts are, and how often."""

# ruff: noqa: E402 - without torch, nothing of this can be imported

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings
from hypothesis import strategies as st

from photochrom.training.hints import (
    INSIDE,
    STRIDES,
    counts_of,
    draw_hints,
    draw_references,
    kinds_of,
    parts_to_recolor,
    patches,
    reference_count,
    sample,
)
from photochrom.training.tables import HintConfig

pytestmark = pytest.mark.train

CHANNELS = (1, 1, 3, 2)
"""Of features at 1/4, 1/8, 1/16 and 1/32; the last two are sampled."""


def features_of(batch, height, width):
    return tuple(
        torch.randn(batch, channels, height // stride, width // stride)
        for channels, stride in zip(CHANNELS, STRIDES, strict=True)
    )


def encode(lightness_B1HW):
    """An encoder that sees nothing but the lightness."""
    small = [torch.nn.functional.avg_pool2d(lightness_B1HW, stride) for stride in STRIDES]
    return tuple(
        field.expand(-1, channels, -1, -1) for field, channels in zip(small, CHANNELS, strict=True)
    )


def colors(batch, height=32, width=64):
    return torch.randn(batch, 2, height, width) * 30


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


# What the encoder saw at a point


def test_at_the_middle_of_a_position_its_value_is_sampled():
    features = features_of(2, 64, 96)
    points = torch.tensor([[16.0, 16.0], [80.0, 48.0]]).expand(2, 2, 2)  # middles at 1/32
    seen = sample(features, points)
    assert seen.shape == (2, 2, 5)
    torch.testing.assert_close(seen[:, 0, 3:], features[3][:, :, 0, 0])
    torch.testing.assert_close(seen[:, 1, 3:], features[3][:, :, 1, 2])
    four = features[2][:, :, 0:2, 0:2].mean(dim=(2, 3))  # there, four at 1/16 meet
    torch.testing.assert_close(seen[:, 0, :3], four)


def test_outside_and_for_no_points_sampling_goes_on():
    features = features_of(1, 64, 96)
    seen = sample(features, torch.tensor([[[-50.0, 900.0]]]))
    torch.testing.assert_close(seen[0, 0, 3:], features[3][0, :, -1, 0])
    assert sample(features, torch.zeros(1, 0, 2)).shape == (1, 0, 5)


# Who gets what


def test_kinds_come_as_often_as_the_recipe_says():
    config = HintConfig()
    left = 1 - config.reference_share
    shares = torch.bincount(kinds_of(20_000, config), minlength=4) / 20_000 * left
    alone = left - config.many_share - config.recolored_share
    expected = [0, alone, config.many_share, config.recolored_share]
    np.testing.assert_allclose(shares.numpy(), expected, atol=0.015)
    assert reference_count(32, config) == 6


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        (HintConfig(many_share=0, reference_share=0, recolored_share=0), 1),
        (HintConfig(many_share=1, reference_share=0, recolored_share=0), 2),
        (HintConfig(many_share=0, reference_share=0.5, recolored_share=0.5), 3),
    ],
)
def test_a_share_of_1_is_all(config, kind):
    assert (kinds_of(200, config) == kind).all()


def test_the_numbers_of_hints_suit_their_kinds():
    config = HintConfig()
    none, some, many = (counts_of(torch.full((5000,), kind), config) for kind in range(3))
    assert (none == 0).all()
    assert some.min() == 1
    assert some.max() <= config.most
    assert some.float().mean() == pytest.approx(1 / config.stop, rel=0.06)
    assert (some == 1).float().mean() == pytest.approx(config.stop, abs=0.02)
    assert (many.min(), many.max()) == (16, config.most)


def nothing(batch, height=32, width=64):
    """No part that was recolored."""
    return torch.zeros(batch, 1, height // 4, width // 4)


def test_only_examples_of_kind_3_get_a_part_to_recolor():
    parts = torch.arange(4).repeat_interleave(32).view(1, 1, 8, 16).expand(4, 3, 8, 16)
    kinds = torch.tensor([0, 3, 2, 3])
    masks = parts_to_recolor(parts, torch.randn(4, 2, 8, 16) * 30, kinds)
    assert masks.shape == (4, 1, 8, 16)
    assert not masks[[0, 2]].any()
    assert (masks[[1, 3]].flatten(1).sum(dim=1) >= 32).all()


def test_hints_of_a_recolored_part_stand_in_it_and_half_of_the_examples_have_others():
    batch = 200
    masks = nothing(batch)
    masks[:, :, 2:6, 4:9] = 1
    ab = torch.zeros(batch, 2, 32, 64)
    ab[..., 8:24, 16:36] = 50
    kinds = torch.full((batch,), 3)
    hints, alone = draw_hints(ab, features_of(batch, 32, 64), HintConfig(), kinds, masks)
    x, y = hints.place[..., 0], hints.place[..., 1]
    inside = (x >= 16) & (x < 36) & (y >= 8) & (y < 24) & ~hints.mask
    assert inside[:, 0].all()
    assert ((~hints.mask).sum(dim=1)[alone] <= INSIDE).all()
    assert (inside.sum(dim=1) == (~hints.mask).sum(dim=1))[alone].all()
    assert 0.4 < alone.float().mean() < 0.6
    assert (hints.ab[:, 0] > 10).all()


# Patches


@given(st.integers(0, 10**6), st.integers(0, 6))
@settings(max_examples=25)
def test_patches_have_the_mean_color_of_their_pixels_and_cover_them(seed, count):
    torch.manual_seed(seed)
    ab, height, width = colors(2), 32, 64
    points = (torch.rand(2, count, 2) * torch.tensor([width, height])).floor() + 0.5
    sides = 2.0 * torch.randint(0, 5, (2, count)) + 1
    valid = torch.rand(2, count) < 0.8
    means, planes = patches(ab, points, sides, valid)
    assert means.shape == (2, count, 2)
    assert planes.shape == (2, 3, 8, 16)
    for example in range(2):
        painted, layers = torch.zeros(3, height, width), torch.zeros(height, width)
        for index in range(count):
            (x, y), reach = points[example, index].int().tolist(), int(sides[example, index]) // 2
            rows = slice(max(0, y - reach), y + reach + 1)
            columns = slice(max(0, x - reach), x + reach + 1)
            expected = ab[example, :, rows, columns].mean(dim=(1, 2))
            torch.testing.assert_close(means[example, index], expected, atol=1e-3, rtol=1e-4)
            if valid[example, index]:
                painted[:2, rows, columns] += expected[:, None, None]
                painted[2, rows, columns] += 1
                layers[rows, columns] += 1
        painted /= layers.clamp(min=1)
        expected = painted.reshape(3, 8, 4, 16, 4).mean(dim=(2, 4))
        torch.testing.assert_close(planes[example], expected, atol=1e-3, rtol=1e-4)


# Drawing


def test_hints_tell_the_truth_at_their_places():
    ab, features = colors(24), features_of(24, 32, 64)
    config = HintConfig(patch_px=(1, 1))
    kinds = kinds_of(20, HintConfig(recolored_share=0)) * (torch.arange(20) > 5)
    hints, alone = draw_hints(ab, features, config, kinds, nothing(24))
    assert not alone.any()
    counts = (~hints.mask).sum(dim=1)
    assert (counts[20:] == 0).all()  # they get references
    assert ((counts[:20] == 0) == (kinds == 0)).all()
    assert hints.mask.shape[1] == counts.max()
    for example, index in (~hints.mask).nonzero().tolist():
        x, y, placed = hints.place[example, index].tolist()
        assert placed == 1
        torch.testing.assert_close(hints.ab[example, index], ab[example, :, int(y), int(x)])
        assert hints.planes[example, 2, int(y) // 4, int(x) // 4] > 0
    torch.testing.assert_close(hints.seen, sample(features, hints.place[..., :2]))
    assert (hints.planes[20:] == 0).all()


def test_no_hints_at_all_can_be_drawn():
    kinds = torch.zeros(3).long()
    hints, _ = draw_hints(colors(3), features_of(3, 32, 64), HintConfig(), kinds, nothing(3))
    assert hints.ab.shape == (3, 0, 2)
    assert not hints.planes.any()


def test_hints_learn_nothing_of_the_encoder():
    features = tuple(field.requires_grad_() for field in features_of(4, 32, 64))
    hints, _ = draw_hints(colors(4), features, HintConfig(), torch.ones(4).long(), nothing(4))
    assert not hints.seen.requires_grad


# References


def with_references(batch=8, references=4):
    """Pictures of one color and one lightness each; the last ones get references."""
    level = 10.0 * torch.arange(1, batch + 1).view(-1, 1, 1, 1)
    lightness = level.expand(batch, 1, 32, 64)
    ab = torch.cat([level - 40, 40 - level], dim=1).expand(batch, 2, 32, 64)
    kinds = torch.ones(batch - references).long()
    plain, _ = draw_hints(ab, encode(lightness), HintConfig(), kinds, nothing(batch))
    last = slice(batch - references, None)
    return plain, draw_references(plain, lightness[last], ab[last], encode)


def test_references_have_no_places_and_no_planes():
    plain, hints = with_references()
    assert not hints.place[4:].any()
    assert not hints.planes[4:].any()
    kept = (~hints.mask[4:]).sum(dim=1)
    assert ((kept >= 4) & (kept <= 24)).all()
    assert plain.place[:4].any()


def test_the_other_examples_keep_their_hints():
    plain, hints = with_references()
    most = plain.mask.shape[1]
    for field in ("seen", "ab", "place", "mask"):
        assert torch.equal(getattr(hints, field)[:4, :most], getattr(plain, field)[:4])
    assert hints.mask[:4, most:].all()


def test_a_reference_is_of_the_same_picture_or_of_another_and_colors_stay_with_what_was_seen():
    own = foreign = 0
    for _ in range(6):
        _, hints = with_references()
        for example, index in (~hints.mask[4:]).nonzero().tolist():
            level = hints.seen[4 + example, index, 0]
            torch.testing.assert_close(
                hints.ab[4 + example, index], torch.stack([level - 40, 40 - level])
            )
            own += (is_own := abs(level - 10 * (5 + example)) < 1e-3)
            foreign += not is_own
    assert own > foreign > 20


@pytest.mark.parametrize("references", [0, 1])
def test_one_picture_alone_has_no_other_to_follow(references):
    plain, hints = with_references(references=references)
    assert hints is plain


def test_the_same_seed_draws_the_same():
    drawn = []
    for seed_ in (7, 7, 8):
        torch.manual_seed(seed_)
        drawn.append(with_references()[1])
    first, again, other = drawn
    assert all(torch.equal(one, two) for one, two in zip(first, again, strict=True))
    assert not torch.equal(first.planes, other.planes)
