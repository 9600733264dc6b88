"""Fixtures for all tests: smooth seeded pictures, a model with hints, the command line."""

import os
import sys

# Files are tested side by side: more threads, which torch reads here, would wait for others.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
from hypothesis import settings

from exporting import untraced_exporter
from object_stores import album, formula, moto_port, s3  # noqa: F401 - fixtures
from photochrom.pictures import picture

settings.register_profile("photochrom", deadline=None, derandomize=True)
settings.load_profile("photochrom")


def pytest_addoption(parser):
    parser.addoption(
        "--update-goldens",
        action="store_true",
        help="write the golden pictures anew instead of comparing with them",
    )


@pytest.fixture(autouse=True, scope="session")
def _no_added_models(tmp_path_factory):
    """Whoever runs the tests may have models of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHOTOCHROM_MODELS", str(tmp_path_factory.mktemp("models") / "none"))
        yield


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command in this process -> (exit code, stdout, stderr)."""
    from photochrom.cli import main as cli

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["photochrom", *map(str, arguments)])
        capsys.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return call


@pytest.fixture(scope="session")
def update_goldens(request):
    """Whether golden tests write their pictures instead of comparing with them."""
    return request.config.getoption("--update-goldens")


def _smooth(height, width, seed=0):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / max(height, width)
    waves = rng.uniform(0.5, 1.5, size=(3, 2)) * rng.choice([-1, 1], size=(3, 2))
    phases = rng.uniform(0, 1, size=3)
    turns = y[..., None] * waves[:, 0] + x[..., None] * waves[:, 1] + phases
    return np.rint(127.5 + 110 * np.cos(2 * np.pi * turns)).astype(np.uint8)


@pytest.fixture(scope="session")
def smooth_srgb():
    """(height, width, seed=0) -> (height, width, 3) uint8 sRGB, smooth and colorful."""
    return _smooth


@pytest.fixture(scope="session")
def black_webp():
    """side -> a lossless WebP without a bit for any pixel: a tiny file, a huge picture.

    Source: RFC 9649; each of the five Huffman codes has the one symbol 0.
    """

    def make(side):
        whole, at = 0, 0
        for value, size in ((0x2F, 8), (side - 1, 14), (side - 1, 14), (0, 7), *5 * [(1, 4)]):
            whole, at = whole | value << at, at + size
        body = b"WEBPVP8L" + (16).to_bytes(4, "little") + whole.to_bytes(16, "little")
        return b"RIFF" + len(body).to_bytes(4, "little") + body

    return make


@pytest.fixture
def color_picture():
    """A color picture of 40 x 60."""
    return picture.from_array(_smooth(40, 60))


@pytest.fixture
def gray_picture():
    """A gray picture of 40 x 60 that holds all 256 levels."""
    levels = (np.arange(40 * 60) * 255 / (40 * 60 - 1)).reshape(40, 60)
    return picture.from_array(np.rint(levels).astype(np.uint8))


@pytest.fixture(scope="session")
def hint_checkpoint(tmp_path_factory):
    """A checkpoint of a hint network with a small decoder that has learned nothing.

    Its encoder is the real one, and its distributions have a few peaks each.
    """
    torch = pytest.importorskip("torch")
    from photochrom.training.config import recipe_from_dict, recipe_to_dict
    from photochrom.training.network import HintNetwork
    from photochrom.training.run_folder import save_checkpoint

    model = {"kind": "photochrom", "encoder_weights": "package", "short_side_px": 96}
    model |= {"decoder_channels": [4, 8, 12, 16], "temperature": 0.5, "domain": "random noise"}
    data = {"train": ["somewhere/flowers"]}
    recipe = recipe_from_dict({"name": "tiny", "model": model, "data": data})
    torch.manual_seed(1)
    network = HintNetwork(recipe).train()
    for module in network.stages.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0  # so that one batch gives it its statistics
    levels = torch.from_numpy(_smooth(96, 96)[..., 0].astype(np.float32))[None, None]
    with torch.no_grad():
        network.predict(levels / 2.55)
        network.head.weight.normal_(std=2.0)
        network.head.bias.zero_()
    path = tmp_path_factory.mktemp("hints") / "best.ckpt"
    content = {
        "version": 1,
        "recipe": recipe_to_dict(recipe),
        "classes": [],
        "sources": ["12 pictures"],
        "mean_ab": [[0.0, 0.0]] * 101,
        "model": network.state_dict(),
        "average": None,
    }
    save_checkpoint(content, path)
    return path


@pytest.fixture(scope="session")
def hint_model(hint_checkpoint, tmp_path_factory):
    """The ONNX file of `hint_checkpoint`; the exporter takes its time, so one for all workers."""
    from filelock import FileLock  # comes with torch

    from photochrom.training.export import export

    folder = tmp_path_factory.getbasetemp()
    out = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "tiny-hints.onnx"
    with FileLock(out.with_suffix(".lock")), untraced_exporter():
        if not out.exists():
            export(hint_checkpoint, out, changes=["model.temperature=0.4"])
    return out
