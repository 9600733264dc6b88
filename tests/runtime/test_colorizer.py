"""`photochrom.runtime.colorizer`: gray in, color out, at its own size and lightness."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st

from photochrom import color
from photochrom.color.grid import gamut_grid, set_off
from photochrom.errors import (
    ColorError,
    HintError,
    ModelNotFoundError,
    PictureReadError,
    ShapeError,
    UnsupportedError,
)
from photochrom.models.contract import (
    DECODER_SUFFIX,
    LIGHTNESS,
    METADATA_KEY,
    OUTPUT,
    Feature,
    ModelContract,
)
from photochrom.models.session import Session
from photochrom.pictures import picture
from photochrom.runtime.alternatives import APART
from photochrom.runtime.coarse import CALM as CALM_END
from photochrom.runtime.coarse import VIVID as VIVID_END
from photochrom.runtime.coarse import Reference, temperature_of
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.hints import Hint
from photochrom.runtime.palette import palette_ab
from photochrom.runtime.prepared import MAX_LONG_SIDE, MIN_SIDE_PX, small_size

GRID = gamut_grid(10)
VIVID, CALM = (60.0, 40.0), (0.0, 0.0)


@pytest.fixture(scope="module")
def colorizer():
    return Colorizer(threads=1)


@pytest.fixture(scope="module")
def distribution_model(tmp_path_factory):
    """A handmade model: everywhere about 60 % for a vivid bin and 40 % for gray.

    Two doors: 4 x 4 means of the lightness; then a logit for each bin, of which only the vivid
    one depends (a little) on the lightness.
    """
    onnx = pytest.importorskip("onnx")
    helper, entrance = onnx.helper, f"deep{DECODER_SUFFIX}"
    logits = np.full(len(GRID), -20, np.float32)
    weights = np.zeros((len(GRID), 1, 1, 1), np.float32)
    for center, logit in ((VIVID, 0.4), (CALM, 0.0)):
        logits[(GRID.centers == center).all(axis=1)] = logit
    weights[(GRID.centers == VIVID).all(axis=1)] = 0.002

    def tensor(name, channels):
        return helper.make_tensor_value_info(name, 1, [1, channels, "h" + name, "w" + name])

    graph = helper.make_graph(
        [
            helper.make_node(
                "AveragePool", [LIGHTNESS], ["deep"], kernel_shape=[4, 4], strides=[4, 4]
            ),
            helper.make_node("Conv", [entrance, "weights", "logits"], [OUTPUT]),
        ],
        "distribution",
        [tensor(LIGHTNESS, 1), tensor(entrance, 1)],
        [tensor("deep", 1), tensor(OUTPUT, len(GRID))],
        [
            onnx.numpy_helper.from_array(values, name)
            for name, values in [
                (LIGHTNESS, np.zeros((1, 1, 4, 4), np.float32)),
                (entrance, np.zeros((1, 1, 1, 1), np.float32)),
                ("weights", weights),
                ("logits", logits),
            ]
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    contract = ModelContract(
        name="two-peaks",
        output="distribution",
        features=(Feature(name="deep", channels=1, stride=4),),
        stride=4,
        output_stride=4,
        short_side_px=32,
        bins=tuple((float(a), float(b)) for a, b in GRID.centers),
        temperature=0.5,
    )
    helper.set_model_props(model, {METADATA_KEY: contract.to_json()})
    path = tmp_path_factory.mktemp("models") / "two-peaks.onnx"
    onnx.save(model, path)
    return path


@pytest.fixture(scope="module")
def color_model(tmp_path_factory):
    """A handmade model that answers with one color everywhere."""
    onnx = pytest.importorskip("onnx")
    helper, entrance = onnx.helper, f"deep{DECODER_SUFFIX}"

    def tensor(name, channels):
        return helper.make_tensor_value_info(name, 1, [1, channels, "h" + name, "w" + name])

    values = {
        LIGHTNESS: np.zeros((1, 1, 4, 4)),
        entrance: np.zeros((1, 1, 1, 1)),
        "weights": np.zeros((2, 1, 1, 1)),
        "ab": np.array([10, 20]),
    }
    pool = {"kernel_shape": [4, 4], "strides": [4, 4]}
    graph = helper.make_graph(
        [
            helper.make_node("AveragePool", [LIGHTNESS], ["deep"], **pool),
            helper.make_node("Conv", [entrance, "weights", "ab"], [OUTPUT]),
        ],
        "colors",
        [tensor(LIGHTNESS, 1), tensor(entrance, 1)],
        [tensor("deep", 1), tensor(OUTPUT, 2)],
        [onnx.numpy_helper.from_array(v.astype(np.float32), name) for name, v in values.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    feature = Feature(name="deep", channels=1, stride=4)
    contract = ModelContract(
        name="flat", output="ab", features=(feature,), stride=4, output_stride=4, short_side_px=32
    )
    helper.set_model_props(model, {METADATA_KEY: contract.to_json()})
    path = tmp_path_factory.mktemp("models") / "flat.onnx"
    onnx.save(model, path)
    return path


def gray(height, width, seed=0):
    """A smooth gray picture with some noise, as an array."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = np.cos(x / rng.uniform(5, 20)) + np.cos(y / rng.uniform(5, 20))
    levels = 128 + 50 * waves + rng.uniform(-20, 20, (height, width))
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def lightness_of(srgb):
    return color.srgb_to_lightness(srgb)


def colorized(colorizer, source):
    return colorizer.colorize(source).srgb()


# Size and lightness


@given(st.integers(1, 80), st.integers(1, 80), st.integers(0, 3))
@settings(max_examples=25)
def test_any_size_comes_back_with_its_lightness(colorizer, height, width, seed):
    levels = gray(height, width, seed)
    result = colorized(colorizer, levels)
    assert result.shape == (height, width, 3)
    before = lightness_of(np.repeat(levels[..., None], 3, axis=-1))
    assert np.abs(lightness_of(result) - before).mean() < 0.3


def test_what_is_painted_once_is_decoded_ahead_unless_it_may_be_refused(colorizer, gray_picture):
    ahead = colorizer.prepare(gray_picture, once=True)
    assert ahead.picture is not gray_picture
    np.testing.assert_array_equal(ahead.picture.srgb(), gray_picture.srgb())
    assert colorizer.prepare(gray_picture).picture is gray_picture
    kept = colorizer.prepare(gray_picture, once=True, only_gray=True)
    assert kept.picture is gray_picture


def test_it_gives_colors(colorizer):
    result = colorized(colorizer, gray(60, 80))
    assert color.colorfulness(result) > 0.5


def test_black_and_white_stay_black_and_white(colorizer):
    half = np.zeros((40, 60), np.uint8)
    half[:, 30:] = 255
    np.testing.assert_array_equal(colorized(colorizer, half), np.repeat(half[..., None], 3, -1))


def test_a_panorama_comes_back(colorizer):
    assert colorizer.colorize(gray(20, 900)).size == (20, 900)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_depth_and_alpha_are_kept(channels, dtype, colorizer, tmp_path):
    top = np.iinfo(dtype).max
    pixels = np.repeat((gray(30, 50) / 255 * top).astype(dtype)[..., None], channels, axis=-1)
    if channels == 4:
        pixels[..., 3] = np.linspace(0, top, 50)
    result = colorizer.colorize(pixels.squeeze())
    assert result.bits == 8 * np.dtype(dtype).itemsize
    assert result.has_alpha == (channels == 4)
    stored = pyvips.Image.new_from_file(str(result.save(tmp_path / "out.png"))).numpy()
    assert stored.dtype == dtype
    assert stored.shape == (30, 50, 4 if channels == 4 else 3)
    np.testing.assert_array_equal(stored[..., 3:], pixels[..., 3:])
    before = color.srgb_to_lightness(np.broadcast_to(pixels[..., :1], (30, 50, 3)))
    after = color.srgb_to_lightness(np.ascontiguousarray(stored[..., :3]))
    assert np.abs(before - after).mean() < 0.3


# What may be given


def test_path_bytes_array_and_picture_give_the_same(colorizer, tmp_path):
    levels = gray(40, 60)
    path = picture.from_array(levels).save(tmp_path / "gray.png")
    expected = colorized(colorizer, levels)
    for source in (path, str(path), path.read_bytes(), picture.read(path)):
        np.testing.assert_array_equal(colorized(colorizer, source), expected)


def test_of_a_color_picture_only_the_lightness_counts(smooth_srgb):
    colorizer = Colorizer("resnet18-gray", threads=1)  # calm enough for one gray level more or less
    srgb = smooth_srgb(48, 64)
    linear = color.lightness_to_luminance(color.srgb_to_lightness(srgb))
    copy = np.rint(color.linear_to_srgb(linear) * 255).astype(np.uint8)
    difference = colorized(colorizer, srgb).astype(int) - colorized(colorizer, copy)
    assert np.abs(difference).mean() < 2  # a copy in whole gray levels is what it is
    assert color.colorfulness(srgb) > 20  # so that there was something to throw away


def test_names_and_formats_stay(colorizer, tmp_path):
    path = picture.from_array(gray(20, 30)).save(tmp_path / "gray.jpg")
    result = colorizer.colorize(path)
    assert result.name == str(path)
    assert result.format == "jpeg"


def test_what_is_no_picture_is_refused(colorizer, tmp_path):
    with pytest.raises(PictureReadError):
        colorizer.colorize(tmp_path / "missing.jpg")
    with pytest.raises(PictureReadError):
        colorizer.colorize(b"no picture")
    with pytest.raises(ShapeError):
        colorizer.colorize(np.zeros((4, 4, 2), np.uint8))


def test_an_unknown_model_is_refused():
    with pytest.raises(ModelNotFoundError, match="nonsense"):
        Colorizer("nonsense")


# Encode once, paint many; from several threads


def test_painting_twice_gives_the_same(colorizer):
    levels = gray(40, 60)
    prepared = colorizer.prepare(levels)
    first = prepared.paint().srgb()
    np.testing.assert_array_equal(prepared.paint().srgb(), first)
    np.testing.assert_array_equal(prepared.ab(), prepared.ab())
    np.testing.assert_array_equal(colorized(colorizer, levels), first)


def test_several_prepared_pictures_do_not_mix(colorizer):
    one, other = colorizer.prepare(gray(40, 60, 1)), colorizer.prepare(gray(50, 30, 2))
    second, first = other.paint().srgb(), one.paint().srgb()
    np.testing.assert_array_equal(first, colorized(colorizer, gray(40, 60, 1)))
    np.testing.assert_array_equal(second, colorized(colorizer, gray(50, 30, 2)))


def test_prepared_is_frozen(colorizer):
    prepared = colorizer.prepare(gray(8, 8))
    for field in dataclasses.fields(prepared):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(prepared, field.name, None)


def test_coarse_colors_have_the_size_of_the_small_copy(colorizer):
    contract = colorizer.contract
    coarse = colorizer.prepare(gray(30, 45)).ab()
    small = small_size((30, 45), contract.short_side_px)
    assert coarse.shape == (*(-(-side // contract.output_stride) for side in small), 2)
    assert coarse.dtype == np.float32


def test_four_threads_give_what_one_gives(colorizer):
    pictures = [gray(20 + 9 * i, 70 - 7 * i, seed=i) for i in range(8)]
    expected = [colorized(colorizer, levels) for levels in pictures]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda levels: colorized(colorizer, levels), pictures))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_one_prepared_picture_may_be_painted_from_several_threads(colorizer):
    prepared = colorizer.prepare(gray(40, 60))
    expected = prepared.paint().srgb()
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: prepared.paint().srgb(), range(8)):
            np.testing.assert_array_equal(found, expected)


# Vividness


@pytest.mark.parametrize("default", [0.04, 0.4, 1.0])
def test_vividness_leads_from_the_plain_mean_to_the_default_temperature(default):
    found = [temperature_of(v, default) for v in np.linspace(0, 2, 21)]
    assert [found[0], found[10], found[20]] == pytest.approx([1, default, default])
    assert (np.diff(found) <= 1e-12).all()


@pytest.mark.train
@pytest.mark.parametrize("model", ["color_model", "distribution_model"])
def test_chroma_multiplies_what_is_read_out(model, request):
    network = Session(request.getfixturevalue(model), threads=1)
    usual = Colorizer.of(network).prepare(gray(40, 40)).ab()
    network.contract = dataclasses.replace(network.contract, chroma=1.5)
    found = Colorizer.of(network).prepare(gray(40, 40)).ab()
    np.testing.assert_allclose(found, 1.5 * usual, rtol=1e-5)


@pytest.mark.train
def test_a_model_that_answers_with_colors_refuses_what_it_can_not_do(color_model):
    prepared = Colorizer(color_model, threads=1).prepare(gray(8, 8))
    asked = [
        ("palette", ("#c22",)),
        ("reference", Reference("other.jpg", None)),
    ]
    for name, value in asked:
        with pytest.raises(UnsupportedError, match=f"'flat' answers with colors.* {name}"):
            prepared.paint(**{name: value})
    prepared.paint(vividness=1.5, hints=[Hint.at(1, 1, "#c22")], palette=[])
    for name in ("confidence", "confidence_picture", "probabilities"):
        with pytest.raises(UnsupportedError, match=r"'flat' answers with colors.* distribution"):
            getattr(prepared, name)()
    with pytest.raises(UnsupportedError, match="distribution"):
        prepared.likely_colors(1, 1)
    with pytest.raises(UnsupportedError, match="alternatives"):
        prepared.alternatives()


@pytest.mark.train
def test_a_distribution_without_hints_says_what_it_can_not_do(distribution_model):
    colorizer = Colorizer(distribution_model, threads=1)
    prepared = colorizer.prepare(gray(8, 8))
    with pytest.raises(UnsupportedError, match="'two-peaks' takes no hints"):
        prepared.paint(hints=[Hint.at(1, 1, "#c22")])
    with pytest.raises(UnsupportedError, match="'two-peaks' takes no hints"):
        colorizer.reference(gray(8, 8))
    with pytest.raises(UnsupportedError, match=r"'two-peaks' takes no hints.* alternatives"):
        prepared.alternatives()


@pytest.mark.train
def test_a_distribution_is_read_out_as_the_grid_says(distribution_model):
    prepared = Colorizer(distribution_model, threads=1).prepare(np.full((32, 48), 119, np.uint8))
    (level,) = np.unique(color.srgb_to_lightness(np.full((1, 3), 119, np.uint8)))
    scores = np.array([0.4 + 0.002 * level, 0])
    for vividness in (0.0, 0.7, 2.0):
        temperature = temperature_of(vividness, 0.5)
        vivid, calm = np.exp(scores / temperature) / np.exp(scores / temperature).sum()
        expected = vivid * np.array(VIVID) + calm * np.array(CALM)
        expected = expected * np.interp(vividness, [0, 1, 2], [CALM_END, 1, VIVID_END])
        found = prepared.ab(vividness=vividness)
        assert found.shape == (8, 12, 2)
        np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), atol=0.05)


def test_a_model_s_contrast_sets_its_vivid_colors_off(monkeypatch):
    prepared = Colorizer(threads=1).prepare(gray(60, 90))
    contract = prepared._network.contract
    results = []
    for contrast in (0.0, 0.4):
        changed = dataclasses.replace(contract, contrast=contrast)
        monkeypatch.setattr(prepared._network, "contract", changed)
        results.append(dataclasses.replace(prepared).ab())
    np.testing.assert_allclose(results[1], set_off(results[0], 0.4), atol=1e-4)
    assert np.abs(results[1] - results[0]).max() > 1


@pytest.mark.train
def test_more_vividness_is_more_vivid(distribution_model):
    prepared = Colorizer(distribution_model, threads=1).prepare(gray(60, 90))
    results = [prepared.paint(vividness=v).srgb() for v in (0.0, 0.5, 1.0, 1.5)]
    vividness = [color.colorfulness(result) for result in results]
    assert (np.diff(vividness) > 1).all()
    assert all(result.shape == (60, 90, 3) for result in results)


@pytest.mark.train
def test_the_model_chooses_its_vividness_unless_another_is_asked_for(distribution_model):
    colorizer = Colorizer(distribution_model, threads=1)
    prepared = colorizer.prepare(gray(40, 60))
    np.testing.assert_array_equal(prepared.ab(), prepared.ab(vividness=1.0))
    np.testing.assert_array_equal(
        colorized(colorizer, gray(40, 60)), prepared.paint(vividness=1.0).srgb()
    )
    assert np.abs(prepared.ab() - prepared.ab(vividness=0.0)).max() > 1


@pytest.mark.train
@pytest.mark.parametrize("vividness", [-0.1, 2.1, float("nan")])
def test_a_vividness_out_of_range_is_refused(vividness, distribution_model):
    prepared = Colorizer(distribution_model, threads=1).prepare(gray(8, 8))
    with pytest.raises(ValueError, match=r"it must lie in 0\.\.2"):
        prepared.paint(vividness=vividness)


@pytest.mark.train
@given(st.integers(1, 80), st.integers(1, 80))
@settings(max_examples=30)
def test_a_coarse_answer_reaches_any_size(distribution_model, height, width):
    result = Colorizer(distribution_model, threads=1).colorize(gray(height, width))
    assert result.srgb().shape == (height, width, 3)


# Hints; with a model that takes them but has learned nothing


@pytest.fixture(scope="module")
def hinting(hint_model):
    return Colorizer(hint_model, threads=1)


def smooth_gray(height=120, width=160):
    y, x = np.mgrid[:height, :width]
    levels = 128 + 45 * np.cos(x / 23) + 40 * np.cos(y / 17)
    return np.rint(levels).astype(np.uint8)


@pytest.fixture(scope="module")
def scene(hinting):
    """A prepared photograph of 120 x 160."""
    return hinting.prepare(smooth_gray())


def differences(scene, painted, hints):
    """CIEDE2000 between each hint, as its point's lightness can show it, and the result there."""
    lab, light = color.srgb_to_lab(painted.srgb()), lightness_of(scene.picture.srgb())
    found, wanted = [], []
    for hint in hints:
        (x, y), (a, b) = map(int, hint.points[0]), hint.ab
        found.append(lab[y, x])
        linear = color.reduce_gamut(color.lab_to_linear(np.float32([light[y, x], a, b])))
        wanted.append(color.srgb_to_lab(color.linear_to_srgb(linear)))
    return color.ciede2000(np.array(found), np.array(wanted))


@pytest.mark.train
def test_a_photograph_has_its_hints_colors_where_they_are_given(scene):
    random = np.random.default_rng(0)
    for _ in range(6):
        places = random.uniform(5, 115, (1, 2)) + np.array([[0, 0], [40, 0]])
        names = (f"#{value:06x}" for value in random.integers(0, 1 << 24, len(places)))
        hints = [Hint.at(x, y, name) for (x, y), name in zip(places, names, strict=True)]
        found = differences(scene, scene.paint(hints=hints), hints)
        assert found.max() < 10  # its colors are wild
        np.testing.assert_allclose(
            lightness_of(scene.paint(hints=hints).srgb()),
            lightness_of(scene.picture.srgb()),
            atol=2,
        )


@pytest.mark.train
def test_without_its_hint_a_photograph_has_another_color_there(scene):
    hints = [Hint.at(40, 50, "#22bb44")]
    assert differences(scene, scene.paint(), hints)[0] > 10


@pytest.mark.train
def test_later_hints_win_and_the_order_of_others_does_not_matter(scene):
    red, green, far = Hint.at(40, 50, "#c22"), Hint.at(40, 50, "#2c2"), Hint.at(120, 100, "#22c")
    assert differences(scene, scene.paint(hints=[red, green]), [green])[0] < 5
    assert differences(scene, scene.paint(hints=[green, red]), [red])[0] < 5
    one, other = scene.ab(hints=[red, far]), scene.ab(hints=[far, red])
    np.testing.assert_allclose(one, other, atol=0.05)


@pytest.mark.train
def test_a_hint_outside_the_photograph_is_refused(scene):
    for place in ((161, 5), (5, 121), (-1, 5)):
        with pytest.raises(HintError, match="outside the picture, which is 160 x 120 pixels"):
            scene.paint(hints=[Hint.at(*place, "#c22")])
        with pytest.raises(HintError, match="outside the picture, which is 160 x 120 pixels"):
            scene.likely_colors(*place)


@pytest.mark.train
@given(st.integers(1, 60), st.integers(1, 60))
@settings(max_examples=8)
def test_hints_suit_any_size(hinting, height, width):
    corners = [Hint.at(x, y, "#c22") for x in (0, width) for y in (0, height)]
    result = hinting.colorize(gray(height, width), hints=corners)
    assert result.size == (height, width)
    assert np.isfinite(hinting.prepare(gray(height, width)).ab(hints=corners)).all()


@pytest.mark.train
def test_a_palette_pulls_colors_to_it(scene):
    goal = palette_ab(("#8a4433", "#335588"))

    def distance(ab):
        return np.hypot(*np.moveaxis(ab[..., None, :] - goal, -1, 0)).min(axis=-1)

    before = distance(scene.ab())
    after = distance(scene.ab(palette=("#8a4433", "#335588")))
    assert after.mean() < 0.8 * before.mean()
    with pytest.raises(ColorError, match="'red' is not a color"):
        scene.paint(palette=("red",))


@pytest.mark.train
def test_a_reference_is_followed_in_some_way(hinting, scene, smooth_srgb):
    reference = hinting.reference(smooth_srgb(60, 80))
    assert reference.name == "<array>"
    assert not reference.tokens.place.any()
    plain, led = scene.ab(), scene.ab(reference=reference)
    assert led.shape == plain.shape
    assert np.abs(led - plain).max() > 0.5
    hints = [Hint.at(40, 50, "#22bb44")]
    both = scene.paint(hints=hints, reference=reference)
    assert differences(scene, both, hints)[0] < 5


@pytest.mark.train
def test_alternatives_are_the_same_again_and_differ_from_each_other(scene):
    found = scene.alternatives(3, seed=1)
    assert found == scene.alternatives(3, seed=1)
    assert found[:2] == scene.alternatives(2, seed=1)
    assert len(found) == 3
    likelihoods = [one.likelihood for one in found]
    assert likelihoods == sorted(likelihoods, reverse=True)
    assert 0 < sum(likelihoods) <= 1
    colors = np.array([one.hints[0].ab for one in found])
    painted = [scene.ab(hints=one.hints) for one in found]
    for index, other in ((0, 1), (0, 2), (1, 2)):
        assert np.hypot(*(colors[index] - colors[other])) >= APART
        assert np.abs(painted[index] - painted[other]).max() > 10


@pytest.mark.train
def test_likely_colors_come_with_their_shares(scene):
    found = scene.likely_colors(40, 50)
    shares = [share for _, share in found]
    assert 1 < len(found) <= 5
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 1
    light = lightness_of(scene.picture.srgb())[50, 40]
    for name, _ in found:
        rgb = np.uint8(list(bytes.fromhex(name.removeprefix("#"))))
        assert lightness_of(rgb[None])[0] == pytest.approx(light, abs=3)
    assert len(scene.likely_colors(160, 120, most=2)) <= 2


@pytest.mark.train
def test_confidence_is_within_0_and_1_and_a_picture_of_it_has_the_photograph_s_size(scene):
    confidence = scene.confidence()
    assert confidence.shape == scene.ab().shape[:2]
    assert 0 <= confidence.min() < confidence.max() <= 1
    entropy = scene.grid.entropy(scene.probabilities())
    np.testing.assert_allclose(confidence, 1 - entropy, atol=1e-5)
    shown = scene.confidence_picture()
    assert shown.size == scene.picture.size
    levels = shown.srgb().astype(float)
    assert np.ptp(levels, axis=-1).max() == 0
    assert levels.mean() / 255 == pytest.approx(confidence.mean(), abs=0.02)
    rows, columns = confidence.shape
    middles = levels[
        np.ix_(
            *(
                np.arange(n) * s // n + s // (2 * n)
                for n, s in zip((rows, columns), scene.picture.size, strict=True)
            )
        )
    ][..., 0]
    assert np.corrcoef(middles.ravel(), confidence.ravel())[0, 1] > 0.95


# The small copy


@given(st.integers(1, 50_000), st.integers(1, 50_000), st.sampled_from([32, 256, 500]))
def test_the_small_copy_keeps_the_aspect_ratio_within_a_pixel(height, width, short_side_px):
    short, long = sorted((height, width))
    small_short, small_long = sorted(small_size((height, width), short_side_px))
    scale = min(short_side_px / short, MAX_LONG_SIDE * short_side_px / long)
    assert small_long <= MAX_LONG_SIDE * short_side_px
    assert abs(small_long - scale * long) <= 0.5
    assert small_short >= MIN_SIDE_PX
    if small_short > MIN_SIDE_PX:
        assert abs(small_short - scale * short) <= 0.5
    if long <= MAX_LONG_SIDE * short:
        assert small_short == short_side_px


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_turning_a_picture_turns_its_small_copy(height, width):
    assert small_size((width, height), 256) == small_size((height, width), 256)[::-1]


@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((3000, 4000), (256, 341)),
        ((1000, 1000), (256, 256)),
        ((40, 60), (256, 384)),
        ((1000, 4000), (256, 1024)),
        ((1000, 10_000), (102, 1024)),
        ((10_000, 10), (1024, 16)),
        ((1, 1), (256, 256)),
    ],
)
def test_the_size_of_some_small_copies(size, small):
    assert small_size(size, 256) == small
