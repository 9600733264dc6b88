"""Training for tests: photographs, a tiny recipe, and a run of it."""

import pytest

from exporting import untraced_exporter
from photochrom.pictures import picture


@pytest.fixture(scope="session")
def fast_exporter():
    """For modules that export; see `untraced_exporter`."""
    with untraced_exporter():
        yield


@pytest.fixture(scope="session")
def photographs(tmp_path_factory, smooth_srgb):
    """A folder of two classes of small colorful pictures."""
    folder = tmp_path_factory.mktemp("photographs")
    for number in range(18):
        path = folder / "ab"[number % 2] / f"{number:02}.png"
        path.parent.mkdir(exist_ok=True)
        picture.from_array(smooth_srgb(40, 40, number)).save(path)
    return folder


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def recipe_for(photographs, cache):
    """A tiny recipe; changes are written as on the command line."""
    text = f"""
        name = "tiny"
        data = {{ train = ["{photographs}"], cache = "{cache}", validation_share = 0.15,
                  crop_px = 16, store_side_px = 40, workers = 0 }}
        model = {{ encoder_weights = "none" }}
        optim = {{ ema = 0.9 }}
        train = {{ batch = 4, epochs = 2, seed = 3, accelerator = "cpu" }}
    """
    from photochrom.training.config import load_recipe

    file = cache / "tiny.toml"
    file.write_text(" ".join(text.split()).replace("} ", "}\n").replace('tiny" ', 'tiny"\n'))

    def make(*changes):
        return load_recipe(file, changes)

    make.file = file
    return make


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The folder of a run of two epochs, filled by the first test that wants it."""
    return tmp_path_factory.mktemp("finished") / "run"


@pytest.fixture
def finished_run(finished, recipe_for):
    """A finished run; tests leave it as it is."""
    from photochrom.training.loop import train

    if not finished.exists():
        assert train(recipe_for(), finished) == finished / "best.ckpt"
    return finished


@pytest.fixture
def config(tmp_path):
    """Of data: small crops, and a cache of its own."""
    from photochrom.training.tables import DataConfig

    return DataConfig(crop_px=48, store_side_px=48, cache=str(tmp_path / "cache"))


@pytest.fixture
def photos(tmp_path, smooth_srgb):
    """A folder of class folders: rose/0.png, rose/1.png, tulip/0.png."""
    folder = tmp_path / "photos"
    for seed, name in enumerate(["rose/0.png", "rose/1.png", "tulip/0.png"]):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        picture.from_array(smooth_srgb(48, 48, seed)).save(folder / name)
    return folder
