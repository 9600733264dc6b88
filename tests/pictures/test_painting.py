"""`photochrom.pictures.painting`: coefficients reach any size; lightness always stays."""

import numpy as np
import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st

from photochrom import color
from photochrom.models.contract import ModelIdentity
from photochrom.pictures import painting, picture

coarse_sides = st.integers(1, 20)
sides = st.integers(1, 90)


def fitted(planes, size):
    image = pyvips.Image.new_from_array(np.ascontiguousarray(planes, dtype=np.float32))
    height, width = size
    return painting.fit(image, width, height)


def noise(height, width, seed=0):
    return np.random.default_rng(seed).uniform(-100, 100, (height, width, 2)).astype(np.float32)


@given(coarse_sides, coarse_sides, sides, sides)
def test_any_size_is_reached_within_the_range_of_the_colors(h, w, height, width):
    coarse = noise(h, w, seed=h * w)
    fine = fitted(coarse, (height, width)).numpy()
    assert fine.shape == (height, width, 2)
    assert fine.dtype == np.float32
    for plane, of in ((fine[..., 0], coarse[..., 0]), (fine[..., 1], coarse[..., 1])):
        assert of.min() - 1e-3 <= plane.min() <= plane.max() <= of.max() + 1e-3


@given(coarse_sides, coarse_sides, sides, sides)
def test_a_constant_stays_constant(h, w, height, width):
    coarse = np.full((h, w, 2), (12.5, -70.25), dtype=np.float32)
    fine = fitted(coarse, (height, width)).numpy()
    np.testing.assert_allclose(fine, np.broadcast_to(coarse[0, 0], fine.shape), atol=1e-4)


@given(coarse_sides, coarse_sides)
def test_the_same_size_is_the_identity(h, w):
    coarse = noise(h, w)
    np.testing.assert_array_equal(fitted(coarse, (h, w)).numpy(), coarse)


@pytest.mark.parametrize("factor", [2, 4, 7])
def test_a_ramp_stays_a_ramp_at_pixel_centers(factor):
    """Coarse pixel i lies at (i + 0.5) * factor; beyond the outermost, its color goes on."""
    across, down = np.meshgrid(np.arange(8.0), np.arange(6.0))
    fine = fitted(np.stack([across, down], axis=-1), (6 * factor, 8 * factor)).numpy()
    x = np.clip((np.arange(8 * factor) + 0.5) / factor - 0.5, 0, 7)
    y = np.clip((np.arange(6 * factor) + 0.5) / factor - 0.5, 0, 5)
    np.testing.assert_allclose(fine[..., 0], np.broadcast_to(x, fine.shape[:2]), atol=0.01)
    np.testing.assert_allclose(fine[..., 1], np.broadcast_to(y[:, None], fine.shape[:2]), atol=0.01)


def test_a_ramp_that_shrinks_stays_centered():
    """A small photograph has fewer pixels than the network's answer."""
    across, down = np.meshgrid(np.arange(32.0), np.arange(24.0))
    fine = fitted(np.stack([across, down], axis=-1), (6, 8)).numpy()
    inner = (np.arange(1, 7) + 0.5) * 4 - 0.5
    np.testing.assert_allclose(fine[3, 1:7, 0], inner, atol=0.1)
    np.testing.assert_allclose(fine[1:5, 4, 1], inner[:4], atol=0.1)


def test_turning_the_colors_turns_the_result():
    coarse = noise(5, 9)
    fine = fitted(coarse, (40, 70)).numpy()
    turned = fitted(np.rot90(coarse, 2).copy(), (40, 70)).numpy()
    np.testing.assert_allclose(turned, np.rot90(fine, 2), atol=0.05)


def colored(gray, offset, gain=None):
    fields = [
        None if field is None else pyvips.Image.new_from_array(np.asarray(field, np.float32))
        for field in (offset, gain)
    ]
    return picture.from_array(gray).with_ab(*fields)


def lightness_of(gray):
    return color.srgb_to_lightness(np.repeat(gray[..., None], 3, axis=2))


@pytest.fixture(params=[0, 10**9], ids=["half chroma", "full chroma"])
def any_chroma(request, monkeypatch):
    """Both ways of the 8-bit pipeline, whatever the picture's size."""
    monkeypatch.setattr(painting, "HALF_CHROMA_PIXELS", request.param)


@pytest.mark.usefixtures("any_chroma")
@pytest.mark.parametrize("reach", [20, 60, 120])
def test_lightness_stays_for_noise_under_any_colors(reach):
    """Neighbors as different as can be, and colors far beyond sRGB."""
    gray = np.random.default_rng(reach).integers(0, 256, (201, 333)).astype(np.uint8)
    error = np.abs(
        color.srgb_to_lightness(colored(gray, reach / 100 * noise(26, 42)).srgb())
        - lightness_of(gray)
    )
    assert error.mean() < 0.3
    assert error.max() < 1.5


@pytest.mark.usefixtures("any_chroma")
def test_no_color_is_exact_grey_at_every_level():
    gray = np.arange(256, dtype=np.uint8).reshape(16, 16)
    result = colored(gray, np.zeros((2, 2, 2))).srgb()
    np.testing.assert_array_equal(result, np.repeat(gray[..., None], 3, axis=2))


@pytest.mark.usefixtures("any_chroma")
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 1), (2, 3), (33, 65), (64, 64)])
def test_any_size_stays(size):
    gray = np.random.default_rng(1).integers(0, 256, size).astype(np.uint8)
    assert colored(gray, noise(3, 4)).srgb().shape == (*size, 3)


def test_8_bit_colors_are_what_the_formulas_say_well_inside_srgb():
    gray = np.tile(np.linspace(90, 200, 64).astype(np.uint8), (48, 1))
    offset = 0.25 * noise(48, 64)
    lab = np.concatenate([lightness_of(gray)[..., None], offset], axis=2)
    inside = color.in_gamut(color.lab_to_linear(lab * np.array([1, 1.1, 1.1])))
    assert inside.mean() > 0.9
    difference = color.ciede2000(color.srgb_to_lab(colored(gray, offset).srgb()), lab)[inside]
    assert difference.mean() < 0.5
    assert difference.max() < 1.5


def test_what_srgb_cannot_show_keeps_its_hue_and_loses_chroma():
    gray = np.full((8, 256), 128, np.uint8)
    angle = np.linspace(-np.pi, np.pi, 256, endpoint=False)
    wanted = 85 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    found = color.srgb_to_lab(colored(gray, np.broadcast_to(wanted, (8, 256, 2))).srgb())[..., 1:]
    chroma = np.hypot(found[..., 0], found[..., 1])
    turn = np.arctan2(found[..., 1], found[..., 0]) - angle
    assert chroma.max() < 86
    assert np.abs(np.degrees((turn + np.pi) % (2 * np.pi) - np.pi)).max() < 4
    linear = color.lab_to_linear(
        np.stack([np.full(256, 53.6), *(1.12 * found[4].T)], axis=-1).astype(np.float32)
    )
    kept = chroma[4] > 84
    assert not color.in_gamut(linear)[~kept].any(), "a color lost more chroma than it had to"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("limit", [0, 10**9])
def test_gain_makes_colors_follow_lightness(dtype, limit, monkeypatch, tmp_path):
    monkeypatch.setattr(painting, "HALF_CHROMA_PIXELS", limit)
    highest = np.iinfo(dtype).max
    gray = np.repeat([[0.4, 0.7]], 32, axis=1).repeat(16, axis=0)
    gray = np.rint(gray * highest).astype(dtype)
    offset, gain = np.full((2, 2, 2), (-20.0, 10.0)), np.full((2, 2, 2), (0.5, -0.25))
    path = colored(gray, offset, gain).save(tmp_path / "out.png")
    found = color.srgb_to_lab(pyvips.Image.new_from_file(str(path)).numpy())
    expected = np.array([-20, 10]) + found[..., :1] * np.array([0.5, -0.25])
    assert np.abs(found[..., 1:] - expected).max() < 1.2


def test_half_chroma_keeps_the_lightness_of_every_pixel_of_a_checkerboard(monkeypatch):
    monkeypatch.setattr(painting, "HALF_CHROMA_PIXELS", 0)
    gray = ((np.indices((40, 60)).sum(axis=0) % 2) * 160 + 40).astype(np.uint8)
    result = colored(gray, np.full((2, 2, 2), 40.0)).srgb()
    assert np.abs(color.srgb_to_lightness(result) - lightness_of(gray)).max() < 0.5
    assert (np.hypot(*np.moveaxis(color.srgb_to_lab(result)[..., 1:], -1, 0)) > 20).all()


@pytest.mark.parametrize("size", [(2, 128), (6, 256), (150, 640)])
def test_blocks_know_their_darkest_and_their_brightest_pixel(size):
    gray = np.random.default_rng(3).integers(0, 256, size).astype(np.uint8)
    darkest, brightest = painting._extremes(pyvips.Image.new_from_array(gray))
    blocks = gray.reshape(size[0] // 2, 2, size[1] // 2, 2)
    np.testing.assert_array_equal(darkest.numpy(), blocks.min(axis=(1, 3)))
    np.testing.assert_array_equal(brightest.numpy(), blocks.max(axis=(1, 3)))


@given(coarse_sides, coarse_sides, sides, sides)
def test_many_columns_at_once_are_interpolated_as_each_alone(h, w, height, width):
    coarse = noise(h, w)
    wide = painting._fit_wide(coarse, width, width + 5, height).numpy()
    plain = fitted(coarse, (height, width)).numpy()
    np.testing.assert_allclose(wide[:, :width], plain, atol=0.05)
    np.testing.assert_allclose(wide[:, width:], np.repeat(plain[:, -1:], 5, axis=1), atol=0.05)


@pytest.mark.usefixtures("any_chroma")
def test_tiles_have_no_seams():
    result = colored(np.full((301, 1203), 120, np.uint8), np.full((3, 4, 2), 25.0)).srgb()
    np.testing.assert_array_equal(result, np.broadcast_to(result[0, 0], result.shape))


def test_a_streamed_file_gives_what_an_array_gives(tmp_path):
    """Savers ask for tiles from several threads; the file is read once, from the top."""
    gray = np.random.default_rng(5).integers(60, 200, (1100, 1301)).astype(np.uint8)
    path, offset = tmp_path / "gray.png", pyvips.Image.new_from_array(0.5 * noise(9, 11))
    picture.from_array(gray).save(path)
    expected = picture.from_array(gray).with_ab(offset).srgb()
    for _ in range(3):
        saved = picture.read(path).with_ab(offset).save(tmp_path / "out.png", force=True)
        np.testing.assert_array_equal(picture.read(saved).srgb(), expected)


def test_a_painted_picture_is_described_without_painting(monkeypatch):
    painted, calls = painting.paint, []
    monkeypatch.setattr(painting, "paint", lambda *given: (calls.append(1), painted(*given))[1])
    result = colored(np.full((20, 30), 90, np.uint16), np.zeros((2, 2, 2))).signed(
        ModelIdentity("a model")
    )
    assert (result.size, result.bits, result.has_alpha) == ((20, 30), 16, False)
    assert result.losses("jpeg") == ("16 bits become 8, as JPEG supports no more",)
    assert not calls
    assert b"a model" in result.encode("png")
    assert len(calls) == 1
