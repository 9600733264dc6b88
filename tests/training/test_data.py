"""`photochrom.training.data`: the same pictures always give the same crops, each one once."""

import dataclasses
import hashlib
import os
import urllib.error

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import scipy.io  # noqa: E402
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from torchvision.datasets import Flowers102, flowers102  # noqa: E402

from photochrom import color  # noqa: E402
from photochrom.errors import DataError, PhotochromError  # noqa: E402
from photochrom.evaluation.sources import list_source  # noqa: E402
from photochrom.pictures import picture  # noqa: E402
from photochrom.training import store  # noqa: E402
from photochrom.training.data import (  # noqa: E402
    Crops,
    EpochBatches,
    Pointer,
    mean_ab_by_lightness,
    open_store,
    split_stores,
)
from photochrom.training.store import Store, cache_folder  # noqa: E402
from photochrom.training.tables import DataConfig  # noqa: E402

pytestmark = pytest.mark.train

SIDE_PX = 48


@pytest.fixture
def config(tmp_path):
    return DataConfig(crop_px=SIDE_PX, store_side_px=SIDE_PX, cache=str(tmp_path / "cache"))


@pytest.fixture
def photos(tmp_path, smooth_srgb):
    """A folder of class folders: rose/0.png, rose/1.png, tulip/0.png."""
    folder = tmp_path / "photos"
    for seed, name in enumerate(["rose/0.png", "rose/1.png", "tulip/0.png"]):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        picture.from_array(smooth_srgb(SIDE_PX, SIDE_PX, seed)).save(folder / name)
    return folder


def store_of(names, srgb=None, labels=None):
    """A store of as many equal pictures as names."""
    srgb = np.zeros((1, 1, 3), dtype=np.uint8) if srgb is None else srgb
    return Store(
        pixels=np.tile(srgb.reshape(-1), len(names)),
        offsets=np.arange(len(names)) * srgb.size,
        sizes=np.array([srgb.shape[:2]] * len(names), dtype=np.int32),
        names=tuple(names),
        labels=tuple(labels or [""] * len(names)),
        left_out={},
    )


def touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


# Sources


def test_list_source_takes_the_part_where_there_is_one(tmp_path):
    touch(*(tmp_path / name for name in ("train/rose/a.jpg", "test/rose/b.jpg", "c.jpg")))
    assert [item.name for item in list_source(str(tmp_path))] == ["rose/a.jpg"]
    assert [item.name for item in list_source(str(tmp_path), part="test")] == ["rose/b.jpg"]
    everything = [item.name for item in list_source(str(tmp_path), part="val")]
    assert everything == ["c.jpg", "test/rose/b.jpg", "train/rose/a.jpg"]


def test_labels_are_the_class_folders(tmp_path):
    touch(*(tmp_path / name for name in ("rose/a.jpg", "rose/deep/b.jpg", "tulip/c.jpg", "d.jpg")))
    labels = {item.name: item.label for item in list_source(str(tmp_path))}
    assert labels == {"rose/a.jpg": "rose", "rose/deep/b.jpg": "rose", "tulip/c.jpg": "tulip"} | {
        "d.jpg": ""
    }


def test_items_load_their_own_picture(photos):
    for item in list_source(str(photos)):
        np.testing.assert_array_equal(
            item.load().srgb(), picture.read(photos / item.name).srgb(), err_msg=item.name
        )


def test_missing_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match="nowhere: the folder does not exist"):
        list_source(str(tmp_path / "nowhere"))


def test_folder_without_pictures_is_an_error(tmp_path):
    touch(tmp_path / "notes.txt")
    with pytest.raises(DataError, match=r"no pictures in this folder; looked for \.jpg"):
        list_source(str(tmp_path))


# Flowers102


@pytest.fixture
def flowers(tmp_path, monkeypatch, smooth_srgb):
    """The folder that torchvision wants: train has pictures 1 and 3, val 5 and 7, test 2 4 6."""
    root = tmp_path / "flowers102"
    folder = root / "flowers-102"
    (folder / "jpg").mkdir(parents=True)
    for number in range(1, 8):
        picture.from_array(smooth_srgb(40, 40 + number, number)).save(
            folder / "jpg" / f"image_{number:05d}.jpg"
        )
    scipy.io.savemat(folder / "imagelabels.mat", {"labels": np.array([[7, 8, 9, 1, 2, 3, 4]])})
    splits = {"trnid": [[1, 3]], "valid": [[5, 7]], "tstid": [[2, 4, 6]]}
    scipy.io.savemat(folder / "setid.mat", {key: np.array(ids) for key, ids in splits.items()})
    sums = {
        key: (name, hashlib.md5((folder / name).read_bytes()).hexdigest())
        for key, name in (("label", "imagelabels.mat"), ("setid", "setid.mat"))
    }
    monkeypatch.setattr(Flowers102, "_file_dict", Flowers102._file_dict | sums)
    return root


@pytest.fixture(autouse=True)
def downloads(monkeypatch):
    """There is no network; what torchvision would have fetched."""
    asked = []

    def unreachable(url, *args, **kwargs):
        asked.append(url)
        raise urllib.error.URLError("no network in tests")

    monkeypatch.setattr(flowers102, "download_and_extract_archive", unreachable)
    monkeypatch.setattr(flowers102, "download_url", unreachable)
    return asked


@pytest.mark.parametrize(
    ("splits", "widths"),
    [
        ("train", [41, 43]),
        ("val", [45, 47]),
        ("test", [42, 44, 46]),
        ("train+val", [41, 43, 45, 47]),
    ],
)
def test_flowers102_has_the_official_splits(splits, widths, flowers, downloads):
    items = list_source(f"flowers102:{splits}@{flowers}")
    assert [item.load().size for item in items] == [(40, width) for width in widths]
    assert len({item.name for item in items}) == len({item.stamp for item in items}) == len(widths)
    assert not downloads


def test_flowers102_is_by_default_in_the_data_folder(flowers, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    flowers.rename(tmp_path / "data" / "flowers102")
    monkeypatch.chdir(tmp_path)
    assert len(list_source("flowers102:train+val")) == 4


def test_flowers102_becomes_a_store(flowers, config):
    store = open_store(f"flowers102:train+val@{flowers}", config)
    assert store.names == ("train/0", "train/1", "val/0", "val/1")
    assert set(store.labels) == {""}


def test_broken_flower_is_left_out(flowers, config):
    path = flowers / "flowers-102" / "jpg" / "image_00003.jpg"
    path.write_bytes(path.read_bytes()[:300])
    store = open_store(f"flowers102:train@{flowers}", config)
    assert store.names == ("train/0",)
    assert store.left_out["broken"] == ["train/1"]


def test_missing_flowers102_without_network_is_an_error(tmp_path, downloads):
    with pytest.raises(DataError, match=r"nowhere and can't be downloaded .*no network in tests"):
        list_source(f"flowers102:train@{tmp_path / 'nowhere'}")
    assert len(downloads) == 1


@pytest.mark.parametrize("source", ["flowers102", "flowers102:", "flowers102:all@x"])
def test_unknown_split_of_flowers102_is_an_error(source):
    with pytest.raises(DataError, match="is not a split of Flowers102; write flowers102:SPLIT"):
        list_source(source)


# The store


def test_store_holds_the_pixels(photos, config):
    store = open_store(str(photos), config)
    assert store.names == ("rose/0.png", "rose/1.png", "tulip/0.png")
    assert store.labels == ("rose", "rose", "tulip")
    assert len(store) == 3
    for index, name in enumerate(store.names):
        np.testing.assert_array_equal(store.srgb(index), picture.read(photos / name).srgb())


def test_store_shrinks_to_the_short_side(photos, config, smooth_srgb):
    for size in ((96, 150), (150, 96), (40, 60)):
        picture.from_array(smooth_srgb(*size)).save(photos / f"{size[0]}.jpg")
    store = open_store(str(photos), config)
    sizes = dict(zip(store.names, store.sizes.tolist(), strict=True))
    assert sizes["96.jpg"] == [48, 75]
    assert sizes["150.jpg"] == [75, 48]
    assert sizes["40.jpg"] == [40, 60]
    assert store.srgb(store.names.index("96.jpg")).shape == (48, 75, 3)


def test_store_counts_and_names_what_it_leaves_out(photos, config, smooth_srgb):
    gray = smooth_srgb(60, 60)[..., 0]
    picture.from_array(gray).save(photos / "gray.jpg")
    tinted = np.stack([gray, gray, np.minimum(gray, 253) + 2], axis=2).astype(np.uint8)
    picture.from_array(tinted).save(photos / "tinted.png")
    picture.from_array(smooth_srgb(31, 200)).save(photos / "tiny.jpg")
    (photos / "empty.jpg").touch()
    (photos / "text.png").write_text("no picture", encoding="utf-8")
    cut = picture.from_array(smooth_srgb(200, 200)).encode("jpeg")
    (photos / "cut.jpg").write_bytes(cut[: len(cut) // 2])
    store = open_store(str(photos), config)
    assert store.left_out == {
        "near-gray": ["gray.jpg", "tinted.png"],
        "broken": ["cut.jpg", "empty.jpg", "text.png"],
        "tiny": ["tiny.jpg"],
    }
    assert store.summary() == "3 pictures (left out: 2 near-gray, 3 broken, 1 tiny)"


def test_summary_of_a_whole_store(photos, config):
    assert open_store(str(photos), config).summary() == "3 pictures"


def assert_same(one, two):
    assert one.names == two.names
    assert one.labels == two.labels
    assert one.left_out == two.left_out
    np.testing.assert_array_equal(one.sizes, two.sizes)
    np.testing.assert_array_equal(one.offsets, two.offsets)
    np.testing.assert_array_equal(one.pixels, two.pixels)


def test_second_opening_decodes_nothing(photos, config, monkeypatch):
    (photos / "empty.jpg").touch()
    first = open_store(str(photos), config)
    monkeypatch.setattr(store, "_decode", None)
    assert_same(open_store(str(photos), config), first)


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_store_is_made_anew_when_a_file_changes(suffix, photos, config, smooth_srgb):
    path = picture.from_array(smooth_srgb(50, 50, 7)).save(photos / f"new{suffix}")
    before = open_store(str(photos), config)
    stamp = path.stat().st_mtime_ns
    picture.from_array(smooth_srgb(50, 50, 8)).save(path, force=True)
    os.utime(path, ns=(stamp + 10**9, stamp + 10**9))
    after = open_store(str(photos), config)
    assert after.names == before.names
    index = after.names.index(path.name)
    assert (after.srgb(index) != before.srgb(index)).any()


def test_store_is_made_anew_when_a_file_comes_or_goes(photos, config, smooth_srgb):
    assert len(open_store(str(photos), config)) == 3
    path = picture.from_array(smooth_srgb(50, 50, 7)).save(photos / "new.png")
    assert len(open_store(str(photos), config)) == 4
    path.unlink()
    assert len(open_store(str(photos), config)) == 3


def test_store_leaves_nothing_half_made(photos, config, tmp_path):
    open_store(str(photos), config)
    (folder,) = (tmp_path / "cache").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["index.json", "pixels.u8"]


def test_source_without_a_usable_picture_is_an_error(tmp_path, config):
    touch(tmp_path / "photos" / "a.jpg", tmp_path / "photos" / "b.jpg")
    with pytest.raises(DataError, match=r"of 2 pictures none can be used .*2 broken"):
        open_store(str(tmp_path / "photos"), config)
    assert not list((tmp_path / "cache").iterdir())


def test_cache_that_can_not_be_written_is_an_error(photos, config, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(DataError, match="the cache can't be written"):
        open_store(str(photos), config)


def test_cache_folder_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "photochrom" / "stores"
    assert cache_folder(str(tmp_path / "mine")) == tmp_path / "mine"


def test_data_error_is_an_error_of_the_package():
    assert issubclass(DataError, PhotochromError)


# The split


def names_of(stores, pointers):
    return [stores[store].names[index] for store, index in pointers]


def test_split_is_disjoint_complete_and_near_the_share():
    stores = [store_of([f"{n}.jpg" for n in range(1000)]), store_of(["x", "y", "z"])]
    training, held_out = split_stores(stores, share=0.2)
    assert not set(training) & set(held_out)
    everything = {Pointer(s, i) for s, store in enumerate(stores) for i in range(len(store))}
    assert set(training) | set(held_out) == everything
    assert 150 < len(held_out) < 250


def test_a_source_listed_twice_holds_out_the_same_pictures():
    once = store_of([f"{n}.jpg" for n in range(200)])
    _, held_out = split_stores([once], share=0.2)
    _, twice = split_stores([once, once], share=0.2)
    assert names_of([once, once], twice) == 2 * names_of([once], held_out)


def test_pictures_keep_their_side_when_others_come():
    few = [store_of([f"{n}.jpg" for n in range(0, 300, 3)])]
    many = [store_of([f"{n}.jpg" for n in range(300)])]
    few_training, few_held_out = split_stores(few, share=0.3)
    many_training, many_held_out = split_stores(many, share=0.3)
    assert set(names_of(few, few_training)) <= set(names_of(many, many_training))
    assert set(names_of(few, few_held_out)) <= set(names_of(many, many_held_out))


@pytest.mark.parametrize(("names", "share"), [(["a"], 0.5), (["a", "b", "c"], 1e-9), ([], 0.5)])
def test_split_with_an_empty_side_is_an_error(names, share):
    with pytest.raises(DataError, match=rf"{len(names)} pictures split into .*validation_share"):
        split_stores([store_of(names)], share=share)


# The mean color


def test_mean_ab_of_one_color_is_that_color(smooth_srgb):
    srgb = np.full((8, 8, 3), (200, 120, 40), dtype=np.uint8)
    table = mean_ab_by_lightness([store_of(["a", "b"], srgb)], [Pointer(0, 0), Pointer(0, 1)])
    assert table.shape == (101, 2)
    np.testing.assert_allclose(table, [color.srgb_to_lab(srgb[0, 0])[1:]] * 101, atol=1e-3)


def test_mean_ab_is_taken_at_each_lightness():
    """Two colors: what lies between their L* lies between their ab."""
    srgb = np.zeros((8, 8, 3), dtype=np.uint8)
    srgb[:, :4], srgb[:, 4:] = (150, 20, 30), (120, 220, 200)
    table = mean_ab_by_lightness([store_of(["a"], srgb)], [Pointer(0, 0)])
    dark, bright = color.srgb_to_lab(srgb[0, [0, 4]])
    np.testing.assert_allclose(table[round(float(dark[0]))], dark[1:], atol=1e-3)
    np.testing.assert_allclose(table[round(float(bright[0]))], bright[1:], atol=1e-3)
    assert (np.diff(table[:, 0]) <= 0).all()
    assert table[0].tolist() == pytest.approx(dark[1:].tolist(), abs=1e-3)


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
