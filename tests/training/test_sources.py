"""Where the photographs of a training come from: folders, lists, Flowers102."""

import hashlib
import urllib.error

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import scipy.io  # noqa: E402
from torchvision.datasets import Flowers102, flowers102  # noqa: E402

from photochrom.errors import DataError  # noqa: E402
from photochrom.evaluation.sources import list_source  # noqa: E402
from photochrom.pictures import picture  # noqa: E402
from photochrom.training.data import (  # noqa: E402
    open_store,
)
from stores import touch  # noqa: E402

pytestmark = pytest.mark.train


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
