"""`photochrom.training.packed`: shards give what their folder gives, from any place."""

import json
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("litdata")
pytest.importorskip("obstore")

from photochrom.errors import (  # noqa: E402
    DataError,
    JobError,
    MissingExtraError,
    OutputExistsError,
    RecipeError,
)
from photochrom.pictures import picture, stores  # noqa: E402
from photochrom.pictures.stores import Address  # noqa: E402
from photochrom.training import packed  # noqa: E402
from photochrom.training.data import Crops, EpochBatches, open_store, split_stores  # noqa: E402
from photochrom.training.run_folder import load_checkpoint  # noqa: E402
from photochrom.training.tables import DataConfig  # noqa: E402

pytestmark = pytest.mark.train

COUNT = 14


@pytest.fixture(scope="module")
def photos(tmp_path_factory, smooth_srgb):
    """Class folders, sizes that differ, and one picture each that is gray, broken or tiny."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(COUNT):
        path = folder / ("rose", "tulip")[number % 2] / f"{number:02} ä.png"
        path.parent.mkdir(exist_ok=True)
        picture.from_array(smooth_srgb(60 + number, 80 - number, number)).save(path)
    picture.from_array(np.full((60, 60), 90, np.uint8)).save(folder / "rose" / "gray.png")
    picture.from_array(smooth_srgb(20, 60, 5)).save(folder / "tiny.png")
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


@pytest.fixture
def config(tmp_path):
    return DataConfig(crop_px=32, store_side_px=48, cache=str(tmp_path / "cache"))


@pytest.fixture(params=["folder", "bucket"])
def place(request, tmp_path):
    """Where shards go: a folder, or an S3 server."""
    if request.param == "folder":
        return Address.parse(str(tmp_path / "shards"))
    return Address.parse(f"{request.getfixturevalue('s3')}/shards")


def source_of(place):
    return f"/{place.key}" if place.root == "file://" else str(place)


def crops_of(source, config, *, seed=3):
    """What two epochs of three devices see, in their order."""
    store = open_store(source, config)
    training, held_out = split_stores([store], share=0.2)
    crops = Crops([store], training, config)
    keys = [
        key
        for epoch in range(2)
        for rank in range(3)
        for batch in EpochBatches(
            len(training), batch=3, seed=seed, epoch=epoch, rank=rank, devices=3
        )
        for key in batch
    ]
    return store, [crops[key] for key in keys], [store.names[index] for _, index in held_out]


def test_shards_give_the_crops_of_their_folder(photos, place, config, monkeypatch):
    monkeypatch.setattr(packed, "SHARD_BYTES", 10_000)
    counted = []
    words = packed.pack(str(photos), place, config, on_picture=lambda *of: counted.append(of))
    assert words == f"{COUNT} pictures (left out: 1 near-gray, 1 broken, 1 tiny)"
    assert counted == [(number + 1, COUNT + 3) for number in range(COUNT)]
    files = [name for name, _ in stores.listed(place)]
    assert sum(name.endswith(".bin") for name in files) > 10  # chunk-0-10 comes after chunk-0-9
    assert {"index.json", "photochrom.json"} <= set(files)
    store, crops, held_out = crops_of(str(photos), config)
    other, same, held_same = crops_of(source_of(place), config)
    assert (other.names, other.labels, other.summary()) == (store.names, store.labels, words)
    assert held_same == held_out
    assert bool((np.asarray(other.pixels) == np.asarray(store.pixels)).all())
    assert len(crops) == len(same) > 9
    for one, two in zip(crops, same, strict=True):
        assert all(torch.equal(one[key], two[key]) for key in one)


def test_litdata_alone_reads_them(photos, config, tmp_path):
    from litdata import StreamingDataset

    place = Address.parse(str(tmp_path / "shards"))
    packed.pack(str(photos), place, config)
    store = open_store(str(photos), config)
    shards = StreamingDataset(str(tmp_path / "shards"))
    assert len(shards) == COUNT
    for number in (0, COUNT - 1):
        found = shards[number]
        assert (found["name"], found["label"]) == (store.names[number], store.labels[number])
        assert bool((found["srgb"] == store.srgb(number)).all())


def test_a_run_from_shards_is_the_run_from_the_folder(run, photos, s3, tmp_path):
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(f"""
[data]
train = ["{photos}"]
cache = "{tmp_path / "cache"}"
crop_px = 16
store_side_px = 40
workers = 1
[model]
encoder_weights = "none"
[optim]
name = "sgd"
[train]
batch = 4
epochs = 1
accelerator = "cpu"
""")
    code, out, err = run("pack", photos, "-o", f"{s3}/shards", "--recipe", recipe)
    assert code == 0, err
    assert f'data.train = ["{s3}/shards"]' in out
    weights = []
    for source in (str(photos), f"{s3}/shards"):
        folder = tmp_path / f"run-{len(weights)}"
        order = ("--out", folder, "--set", f'data.train=["{source}"]')
        code, _, err = run("train", recipe, *order)
        assert code == 0, err
        weights.append(load_checkpoint(folder / "last.ckpt")["model"])
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_the_second_time_nothing_is_fetched(photos, s3, config, monkeypatch):
    place = Address.parse(f"{s3}/shards")
    packed.pack(str(photos), place, config)
    first = open_store(str(place), config)
    asked = []
    get = stores.get
    monkeypatch.setattr(stores, "get", lambda one: asked.append(one) or get(one))
    again = open_store(str(place), config)
    assert again.names == first.names
    assert asked == [place.below("photochrom.json")]


def test_what_was_packed_is_replaced_only_where_that_is_asked_for(photos, place, config, tmp_path):
    packed.pack(str(photos), place, config)
    with pytest.raises(OutputExistsError, match=r"photochrom\.json: the object already exists"):
        packed.pack(str(photos), place, config)
    before = open_store(source_of(place), config)
    packed.pack(str(photos / "rose"), place, config, replace=True)
    after = open_store(source_of(place), config)
    assert len(after) < len(before)
    assert set(after.names) == {
        name.removeprefix("rose/") for name in before.names if name.startswith("rose/")
    }


def test_a_place_that_can_only_be_read_is_refused(photos, config):
    with pytest.raises(JobError, match="cannot be written over HTTP"):
        packed.pack(str(photos), Address.parse("https://example.org/shards"), config)


def test_other_rules_are_refused(photos, config, tmp_path):
    place = Address.parse(str(tmp_path / "shards"))
    packed.pack(str(photos), place, config)
    other = DataConfig(store_side_px=64, cache=config.cache)
    with pytest.raises(RecipeError, match="store_side_px = 48, but the recipe has 64"):
        open_store(str(tmp_path / "shards"), other)


def test_a_place_without_shards_and_half_a_packing_are_said(photos, s3, config, monkeypatch):
    with pytest.raises(DataError, match="Pack photographs there first"):
        open_store(f"{s3}/none", config)
    put = stores.put

    def dying(place, *arguments, **named):
        if place.key.endswith("photochrom.json"):
            raise KeyboardInterrupt
        return put(place, *arguments, **named)

    monkeypatch.setattr(stores, "put", dying)
    place = Address.parse(f"{s3}/half")
    with pytest.raises(KeyboardInterrupt):
        packed.pack(str(photos), place, config)
    monkeypatch.setattr(stores, "put", put)
    with pytest.raises(DataError, match=r"there is no photochrom\.json"):
        open_store(str(place), config)
    with pytest.raises(OutputExistsError, match=r"chunk-0-0\.bin: the object already exists"):
        packed.pack(str(photos), place, config)
    packed.pack(str(photos), place, config, replace=True)
    assert len(open_store(str(place), config)) == COUNT


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("index.json", lambda table: table["config"].update(data_format=["pickle"]), "data_format"),
        ("index.json", lambda table: table["chunks"][0].update(filename="../x"), "a file's name"),
        ("index.json", lambda table: table.update(chunks=[]), "chunks"),
        ("photochrom.json", lambda table: table["labels"].pop(), "don't match"),
        ("photochrom.json", lambda table: table["rules"].__setitem__(-1, 9), "version 9"),
        ("photochrom.json", lambda table: table["names"].reverse(), "shard is damaged"),
    ],
)
def test_strange_shards_are_refused(photos, config, tmp_path, file, change, words):
    packed.pack(str(photos), Address.parse(str(tmp_path / "shards")), config)
    path = tmp_path / "shards" / file
    table = json.loads(path.read_text())
    change(table)
    path.write_text(json.dumps(table))
    with pytest.raises(DataError, match=words):
        open_store(str(tmp_path / "shards"), config)
    assert not list(tmp_path.glob("cache/*"))


def test_a_truncated_shard_is_refused(photos, config, tmp_path):
    packed.pack(str(photos), Address.parse(str(tmp_path / "shards")), config)
    shard = tmp_path / "shards" / "chunk-0-0.bin"
    shard.write_bytes(shard.read_bytes()[:3000])
    with pytest.raises(DataError, match="this shard is damaged"):
        open_store(str(tmp_path / "shards"), config)


def test_without_litdata_the_extra_is_named(photos, config, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "litdata", None)
    with pytest.raises(MissingExtraError, match=r"photochrom\[shards\]"):
        packed.pack(str(photos), Address.parse(str(tmp_path / "shards")), config)
