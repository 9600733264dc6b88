"""Fixtures for all tests: small pictures made from a smooth seeded pattern."""

import numpy as np
import pytest
from hypothesis import settings

from photochrom import picture

settings.register_profile("photochrom", deadline=None, derandomize=True)
settings.load_profile("photochrom")


def pytest_addoption(parser):
    parser.addoption(
        "--update-goldens",
        action="store_true",
        help="write the golden pictures anew instead of comparing with them",
    )


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
    """(height, width, seed=0) -> (height, width, 3) uint8 sRGB, smooth and colourful."""
    return _smooth


@pytest.fixture
def color_picture():
    """A colour picture of 40 x 60."""
    return picture.from_array(_smooth(40, 60))


@pytest.fixture
def gray_picture():
    """A grey picture of 40 x 60 that holds all 256 levels."""
    levels = (np.arange(40 * 60) * 255 / (40 * 60 - 1)).reshape(40, 60)
    return picture.from_array(np.rint(levels).astype(np.uint8))
