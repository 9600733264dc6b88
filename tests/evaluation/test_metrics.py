"""`photochrom.evaluation.metrics`: figures against values worked out by hand or by others."""

import numpy as np
import pytest

pytest.importorskip("torch")

from photochrom import color
from photochrom.errors import ShapeError
from photochrom.evaluation import metrics

pytestmark = pytest.mark.train


def noise(height=64, width=80, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def test_psnr_of_a_known_difference():
    truth = np.full((32, 32, 3), 100, np.uint8)
    figures = metrics.picture_figures(truth + np.uint8(5), truth)
    assert figures["psnr"] == pytest.approx(10 * np.log10(255**2 / 25), abs=1e-4)


def test_psnr_does_not_wrap_round_below_zero():
    """8-bit differences that wrap give 27.9 dB where the truth is 7.7."""
    dark, bright = np.full((32, 32, 3), 10, np.uint8), np.full((32, 32, 3), 115, np.uint8)
    there, back = metrics.picture_figures(dark, bright), metrics.picture_figures(bright, dark)
    assert there["psnr"] == back["psnr"] == pytest.approx(7.707, abs=1e-3)


def test_equal_pictures_are_as_good_as_can_be():
    figures = metrics.picture_figures(noise(), noise())
    assert figures["psnr"] == 100.0
    assert figures["ssim"] == pytest.approx(1, abs=1e-5)
    assert figures["ciede2000"] == 0


def test_ssim_agrees_with_scikit_image():
    skimage = pytest.importorskip("skimage.metrics")
    truth = noise()
    result = np.clip(truth.astype(int) + noise(seed=1) // 4 - 32, 0, 255).astype(np.uint8)
    expected = skimage.structural_similarity(
        truth,
        result,
        channel_axis=2,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert metrics.picture_figures(result, truth)["ssim"] == pytest.approx(expected, abs=2e-3)


def test_ciede2000_is_the_mean_over_the_pixels():
    truth = np.zeros((2, 2, 3), np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    result = truth.copy()
    result[:8, :8] = 255  # a quarter is white instead of black: 100
    assert metrics.picture_figures(result, truth)["ciede2000"] == pytest.approx(25, abs=0.01)


def test_colorfulness_is_the_results():
    result = noise(seed=3)
    assert metrics.picture_figures(result, noise())["colorfulness"] == color.colorfulness(result)


def test_other_sizes_can_not_be_compared():
    with pytest.raises(ShapeError, match="can't be compared"):
        metrics.picture_figures(noise(8, 8), noise(8, 9))


def textbook_frechet(x, y):
    """|difference of means|^2 + tr(A + B - 2 (A B)^1/2), with the root of a matrix."""
    linalg = pytest.importorskip("scipy.linalg")
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = np.real(linalg.sqrtm(a @ b))
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b - 2 * root)


@pytest.mark.parametrize(("n", "m"), [(50, 60), (8, 60), (300, 40)])
def test_frechet_distance_is_the_textbooks(n, m):
    random = np.random.default_rng(0)
    x = random.normal(size=(n, 12)) @ random.normal(size=(12, 12))
    y = random.normal(1, 2, size=(m, 12))
    assert metrics.frechet_distance(x, y) == pytest.approx(textbook_frechet(x, y), rel=1e-5)


def test_frechet_distance_of_a_shift_is_its_square():
    x = np.random.default_rng(0).normal(size=(100, 5))
    assert metrics.frechet_distance(x, x + 3) == pytest.approx(5 * 9)
    assert metrics.frechet_distance(x, x) == pytest.approx(0, abs=1e-8)


def kernels(x, y):
    return [metrics.polynomial_kernel(*pair) for pair in ((x, x), (y, y), (x, y))]


def test_kernel_distance_is_the_sum_over_pairs():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(7, 4)), random.normal(1, 1, size=(7, 4))
    total = 0.0
    for i in range(7):
        for j in range(7):
            if i != j:
                k = [(u @ v / 4 + 1) ** 3 for u, v in ((x[i], x[j]), (y[i], y[j]), (x[i], y[j]))]
                total += k[0] + k[1] - 2 * k[2]
    assert metrics.kernel_distance(*kernels(x, y)) == pytest.approx(total / 42)


def test_weights_of_a_kernel_distance_choose_photographs():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(9, 4)), random.normal(size=(9, 4))
    kept = np.array([0, 2, 3, 5, 8])
    weights = np.bincount(kept, minlength=9)
    some = metrics.kernel_distance(*kernels(x[kept], y[kept]))
    assert metrics.kernel_distance(*kernels(x, y), weights=weights) == pytest.approx(some)


def test_lite0_features_tell_pictures_apart_whatever_their_size():
    flat = np.full((90, 140, 3), 128, np.uint8)
    features = metrics.lite0_features([noise(240, 300), noise(240, 300), flat])
    assert features.shape == (3, metrics.FEATURES)
    np.testing.assert_array_equal(features[0], features[1])
    assert np.abs(features[0] - features[2]).max() > 0.1
    assert metrics.lite0_features([]).shape == (0, metrics.FEATURES)


def test_lite0_weights_are_the_trained_ones():
    """Trained features of a photograph are sparse and positive in places; random ones aren't
    apart: the same picture in other colors stays nearer than another picture."""
    from pathlib import Path

    import photochrom

    samples = Path(photochrom.__file__).parent / "samples"
    cat, gray_cat, temple = (
        photochrom.read(samples / name).srgb()
        for name in ("originals/chelsea.jpg", "chelsea.jpg", "originals/china.jpg")
    )
    features = metrics.lite0_features([cat, gray_cat, temple])
    near, far = (np.linalg.norm(features[0] - features[i]) for i in (1, 2))
    assert near < 0.6 * far
