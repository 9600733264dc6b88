"""Crops of the store, and the order in which an epoch takes them."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from photochrom import color  # noqa: E402
from photochrom.training.data import (  # noqa: E402
    Crops,
    EpochBatches,
    Pointer,
    open_store,
)
from photochrom.training.tables import DataConfig  # noqa: E402
from stores import SIDE_PX, store_of  # noqa: E402

pytestmark = pytest.mark.train


# Crops


@pytest.fixture
def crops(photos, config):
    store = open_store(str(photos), config)
    return Crops([store], [Pointer(0, index) for index in range(3)], config)


def equal(one, two):
    return all(torch.equal(one[key], two[key]) for key in ("lightness", "ab", "label"))


def test_middle_crop_at_crop_size_is_the_true_lab(crops):
    """Nothing is resized, so L* and ab are those of the picture, exactly."""
    for number in range(3):
        lab = np.moveaxis(color.srgb_to_lab(crops.stores[0].srgb(number)), -1, 0)
        item = crops[number, -1]
        np.testing.assert_array_equal(item["lightness"].numpy(), lab[:1])
        np.testing.assert_array_equal(item["ab"].numpy(), lab[1:])


@pytest.mark.parametrize("shape", [(48, 90), (90, 48), (33, 57), (200, 32)])
@pytest.mark.parametrize("seed", [-1, 0, 12345])
def test_crops_of_any_picture_have_the_crop_size(shape, seed, config, smooth_srgb):
    crops = Crops([store_of(["a"], smooth_srgb(*shape))], [Pointer(0, 0)], config)
    item = crops[0, seed]
    assert item["lightness"].shape == (1, SIDE_PX, SIDE_PX)
    assert item["ab"].shape == (2, SIDE_PX, SIDE_PX)
    assert item["lightness"].dtype == item["ab"].dtype == torch.float32
    assert 0 <= item["lightness"].min() < item["lightness"].max() <= 100


def test_middle_crop_is_the_middle(config, smooth_srgb):
    srgb = smooth_srgb(SIDE_PX, 100)
    crops = Crops([store_of(["a"], srgb)], [Pointer(0, 0)], config)
    expected = color.srgb_to_lightness(srgb[:, 26:74])
    np.testing.assert_array_equal(crops[0, -1]["lightness"][0].numpy(), expected)


def test_crop_is_a_function_of_picture_and_seed(crops):
    torch.manual_seed(1)
    first = crops[1, 99]
    torch.manual_seed(2)
    crops[0, 5]
    assert equal(crops[1, 99], first)
    assert not equal(crops[1, 100], first)
    assert not equal(crops[0, 99], first)


def test_crop_leaves_the_global_random_state_alone(crops):
    before = torch.get_rng_state()
    crops[0, 7]
    assert torch.equal(torch.get_rng_state(), before)


def test_crop_takes_any_sample_seed_of_an_epoch(crops):
    assert crops[0, 2**62 - 1]["lightness"].shape == (1, SIDE_PX, SIDE_PX)


def flips(config, srgb):
    """Whether the middle crop's mirror image turns up among random whole crops."""
    crops = Crops([store_of(["a"], srgb)], [Pointer(0, 0)], config)
    whole = crops[0, -1]["lightness"]
    found = [crops[0, seed]["lightness"] for seed in range(20)]
    return {torch.equal(crop, whole.flip(-1)) for crop in found if crop.shape == whole.shape}


@pytest.mark.parametrize("rotation", [10.0, 45.0])
def test_half_of_the_crops_are_turned_and_no_corner_stays_empty(rotation, config):
    ramp = np.linspace(100, 250, 90).astype(np.uint8)
    srgb = np.broadcast_to(ramp[None, :, None], (60, 90, 3)).copy()
    turning = dataclasses.replace(config, rotation=rotation)
    crops = Crops([store_of(["a"], srgb)], [Pointer(0, 0)], turning)
    found = [crops[0, seed]["lightness"][0] for seed in range(40)]
    assert min(float(crop.min()) for crop in found) > color.srgb_to_lightness(srgb[:1, :1]) - 1
    upright = [crop for crop in found if (crop - crop[:1]).abs().max() < 1]
    assert 10 < len(upright) < 30


def test_flip_can_be_turned_off(config, smooth_srgb):
    whole = {"crop_area": (1.0, 1.0), "crop_ratio": (1.0, 1.0)}
    fixed = {key: getattr(config, key) for key in ("crop_px", "store_side_px", "cache")} | whole
    srgb = smooth_srgb(SIDE_PX, SIDE_PX)
    assert flips(DataConfig(**fixed, flip=True), srgb) == {True, False}
    assert flips(DataConfig(**fixed, flip=False), srgb) == {False}


def test_labels_are_numbers_of_the_class_folders(crops):
    assert crops.classes == ["rose", "tulip"]
    assert [int(crops[number, -1]["label"]) for number in range(len(crops))] == [0, 0, 1]


def test_classes_are_those_of_all_stores(config):
    one = store_of(["a", "b"], labels=["tulip", "rose"])
    two = store_of(["c", "d"], labels=["aster", "rose"])
    crops = Crops([one, two], [Pointer(1, 0), Pointer(0, 0), Pointer(1, 1)], config)
    assert crops.classes == ["aster", "rose", "tulip"]
    assert [int(crops[number, -1]["label"]) for number in range(3)] == [0, 2, 1]


# Epochs


counts = st.integers(0, 200)
batches = st.sampled_from([4, 8, 12, 24])
seeds = st.integers(0, 5)


@given(count=counts, batch=batches, seed=seeds, epoch=seeds)
def test_every_picture_comes_at_most_once_an_epoch(count, batch, seed, epoch):
    epoch_batches = list(EpochBatches(count, batch=batch, seed=seed, epoch=epoch))
    seen = [index for one in epoch_batches for index, _ in one]
    assert len(set(seen)) == len(seen) == count // batch * batch
    assert set(seen) <= set(range(count))
    assert {len(one) for one in epoch_batches} <= {batch}


@given(count=counts, batch=batches, seed=seeds, start=st.integers(0, 20))
def test_starting_later_gives_exactly_the_tail(count, batch, seed, start):
    whole = EpochBatches(count, batch=batch, seed=seed, epoch=1)
    tail = EpochBatches(count, batch=batch, seed=seed, epoch=1, start=start)
    assert list(tail) == list(whole)[start:]
    assert len(tail) == max(0, len(whole) - start)


@given(
    count=counts,
    batch=st.sampled_from([24, 48]),
    devices=st.sampled_from([1, 2, 3]),
    accumulate=st.sampled_from([1, 2, 4]),
    start=st.integers(0, 3),
)
def test_devices_and_steps_together_see_what_one_device_does(
    count, batch, devices, accumulate, start
):
    order = {"batch": batch, "seed": 3, "epoch": 4, "start": start}
    whole = list(EpochBatches(count, **order))
    parts = [
        list(EpochBatches(count, **order, rank=rank, devices=devices, accumulate=accumulate))
        for rank in range(devices)
    ]
    assert {len(part) for part in parts} == {len(whole) * accumulate}
    for number, one in enumerate(whole):
        steps = slice(number * accumulate, (number + 1) * accumulate)
        slices = [sample for part in parts for step in part[steps] for sample in step]
        assert sorted(slices) == sorted(one)


def test_epochs_and_seeds_differ_in_order_and_in_crops():
    def first(seed, epoch):
        (batch,) = EpochBatches(8, batch=8, seed=seed, epoch=epoch)
        return batch

    assert first(0, 0) == first(0, 0)
    orders = {tuple(index for index, _ in first(*key)) for key in ((0, 0), (0, 1), (1, 0))}
    assert len(orders) == 3
    sample_seeds = [dict(first(*key))[5] for key in ((0, 0), (0, 1), (1, 0))]
    assert len(set(sample_seeds)) == 3
    assert min(sample_seeds) >= 0
