"""`photochrom.evaluation.sources`: which photographs a folder or Flowers102 holds."""

import os
import sys
import types

import numpy as np
import pytest

from photochrom.errors import DataError, MissingExtraError
from photochrom.evaluation.sources import FLOWERS102_ROOT, list_source


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def names(items):
    return [item.name for item in items]


# Folders


def test_a_hidden_folder_may_itself_be_the_source(tmp_path):
    touch(tmp_path, ".secret/a.jpg")
    assert names(list_source(str(tmp_path / ".secret"))) == ["a.jpg"]


def test_items_know_their_name_and_label(tmp_path):
    touch(tmp_path, "top.jpg", "roses/one.jpg", "roses/red/two.jpg")
    items = {item.name: item.label for item in list_source(str(tmp_path))}
    assert items == {"top.jpg": "", "roses/one.jpg": "roses", "roses/red/two.jpg": "roses"}


def test_an_item_loads_its_own_picture(tmp_path, color_picture, gray_picture):
    color_picture.save(tmp_path / "a.png")
    gray_picture.save(tmp_path / "b.png")
    first, second = list_source(str(tmp_path))
    np.testing.assert_array_equal(first.load().srgb(), color_picture.srgb())
    np.testing.assert_array_equal(second.load().srgb(), gray_picture.srgb())


def test_the_stamp_changes_with_the_file(tmp_path):
    touch(tmp_path, "a.jpg", "b.jpg")
    before = [item.stamp for item in list_source(str(tmp_path))]
    assert [item.stamp for item in list_source(str(tmp_path))] == before
    (tmp_path / "a.jpg").write_bytes(b"longer")
    os.utime(tmp_path / "b.jpg", ns=(1, 1))
    after = [item.stamp for item in list_source(str(tmp_path))]
    assert after[0] != before[0]
    assert after[1] != before[1]


@pytest.mark.parametrize("part", ["train", "test"])
def test_only_the_part_asked_for_is_taken(part, tmp_path):
    touch(tmp_path, "train/a.jpg", "test/a.jpg", "test/b.jpg", "loose.jpg")
    expected = {"train": ["a.jpg"], "test": ["a.jpg", "b.jpg"]}
    assert names(list_source(str(tmp_path), part=part)) == expected[part]


def test_a_folder_without_that_part_is_taken_whole(tmp_path):
    touch(tmp_path, "train/a.jpg", "b.jpg")
    assert names(list_source(str(tmp_path), part="test")) == ["b.jpg", "train/a.jpg"]


def test_the_home_folder_may_be_written_as_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    touch(tmp_path, "photos/a.jpg")
    assert names(list_source("~/photos")) == ["a.jpg"]


@pytest.mark.parametrize("name", ["missing", "file.jpg"])
def test_what_is_no_folder_is_refused(name, tmp_path):
    touch(tmp_path, "file.jpg")
    with pytest.raises(DataError, match="the folder does not exist"):
        list_source(str(tmp_path / name))


def test_a_folder_without_pictures_is_refused_and_says_what_it_looked_for(tmp_path):
    touch(tmp_path, "notes.txt", ".hidden.jpg")
    with pytest.raises(DataError, match=r"no pictures .*\.jpg .*\.png"):
        list_source(str(tmp_path))


# Flowers102


@pytest.fixture
def flowers102(monkeypatch):
    """A stand-in for torchvision's class: 2, 3 and 4 pictures; returns the calls made."""
    calls = []

    class Flowers102:
        there = True
        downloads = True

        def __init__(self, root, *, split, download):
            calls.append((root, split, download))
            if not self.there and not (download and self.downloads):
                raise RuntimeError("Dataset not found or corrupted.")
            self.count = {"train": 2, "val": 3, "test": 4}[split]
            self.level = {"train": 10, "val": 20, "test": 30}[split]

        def __len__(self):
            return self.count

        def __getitem__(self, index):
            return np.full((4, 6, 3), self.level + index, dtype=np.uint8), 0

    datasets = types.ModuleType("torchvision.datasets")
    datasets.Flowers102 = Flowers102
    torchvision = types.ModuleType("torchvision")
    torchvision.datasets = datasets
    monkeypatch.setitem(sys.modules, "torchvision", torchvision)
    monkeypatch.setitem(sys.modules, "torchvision.datasets", datasets)
    Flowers102.calls = calls
    return Flowers102


def test_splits_of_flowers102_add_up(flowers102):
    items = list_source("flowers102:train+val@some/where")
    assert names(items) == ["train/0", "train/1", "val/0", "val/1", "val/2"]
    assert [int(item.load().srgb()[0, 0, 0]) for item in items] == [10, 11, 20, 21, 22]
    assert len({item.stamp for item in items}) == 5
    assert flowers102.calls == [("some/where", "train", False), ("some/where", "val", False)]


def test_flowers102_has_a_usual_place(flowers102):
    list_source("flowers102:test")
    assert flowers102.calls == [(FLOWERS102_ROOT, "test", False)]


def test_flowers102_is_downloaded_where_it_lacks(flowers102):
    flowers102.there = False
    assert len(list_source("flowers102:test")) == 4
    assert [download for _, _, download in flowers102.calls] == [False, True]


def test_a_download_that_fails_is_a_data_error(flowers102):
    flowers102.there = flowers102.downloads = False
    with pytest.raises(DataError, match="Flowers102 is not at nowhere and can't be downloaded"):
        list_source("flowers102:test@nowhere")


@pytest.mark.parametrize("split", ["tset", "", "train+", "train,val"])
def test_an_unknown_split_is_refused(split, flowers102):
    with pytest.raises(DataError, match="train, val, test"):
        list_source(f"flowers102:{split}")


def test_without_torchvision_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    with pytest.raises(MissingExtraError, match=r"photochrom\[train\]"):
        list_source("flowers102:test")
