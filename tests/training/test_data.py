"""`photochrom.training.data`: the same pictures always give the same crops, each one once."""

import os
import time

import numpy as np
import pytest

torch = pytest.importorskip("torch")


from photochrom import color  # noqa: E402
from photochrom.errors import DataError, PhotochromError, RecipeError  # noqa: E402
from photochrom.pictures import picture  # noqa: E402
from photochrom.training import store  # noqa: E402
from photochrom.training.data import (  # noqa: E402
    Pointer,
    check_portraits,
    mean_ab_by_lightness,
    open_store,
    split_stores,
)
from photochrom.training.store import cache_folder  # noqa: E402
from stores import store_of, touch  # noqa: E402

pytestmark = pytest.mark.train


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


def test_what_killed_runs_have_left_goes_after_a_day(photos, config, tmp_path):
    places = [tmp_path / "cache" / f".building-{name}" for name in ("old", "written", "new")]
    for place in places:
        place.mkdir(parents=True)
        (place / "pixels.u8").write_bytes(b"half")
    before = (time.time() - 90_000,) * 2
    os.utime(places[0] / "pixels.u8", before)
    for place in places[:2]:
        os.utime(place, before)
    open_store(str(photos), config)
    assert [place.exists() for place in places] == [False, True, True]


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


def test_portraits_are_class_folders(photos, config):
    stores = [open_store(str(photos), config)]
    check_portraits(stores, ("tulip", "rose"))
    with pytest.raises(RecipeError, match=r"names 'roses', .*; there are rose, tulip\."):
        check_portraits(stores, ("rose", "roses"))
