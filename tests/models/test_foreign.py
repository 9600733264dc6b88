"""`photochrom.models.foreign`: published interfaces give what their publishers' code gives."""

import numpy as np
import pytest

from photochrom import Colorizer, Hint
from photochrom.errors import ContractError, ModelError, ShapeError, UnsupportedError
from photochrom.models.descriptor import KINDS, Descriptor, like
from photochrom.models.foreign import Foreign
from photochrom.models.network import Tokens
from photochrom.models.opening import open_model
from photochrom.models.session import Session
from photochrom.runtime.asked import Reference
from photochrom.runtime.upsample import cell_means
from standins import ddcolor, deoldify, photograph, planes, smoothed, write_model, zhang

pytestmark = pytest.mark.train

# The publishers' ways


def run(path, feeds):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    half = session.get_inputs()[0].type == "tensor(float16)"
    kind = np.float16 if half else np.float32
    (output,) = session.run(None, {name: one.astype(kind) for name, one in feeds.items()})
    return np.moveaxis(output[0].astype(np.float64), 0, -1)


def lightness_of(gray):
    skimage = pytest.importorskip("skimage.color")
    return skimage.rgb2lab(np.repeat(gray[..., None] / 255, 3, -1))[..., :1]


def ddcolor_s_own(path, gray, name="input"):
    """As its `inference.py` does it: L* with a* and b* of 0, as RGB."""
    skimage = pytest.importorskip("skimage.color")
    lightness = lightness_of(gray)
    neutral = skimage.lab2rgb(np.concatenate([lightness, 0 * lightness, 0 * lightness], -1))
    return run(path, {name: np.moveaxis(neutral, -1, 0)[None]})


def deoldify_s_own(path, gray, white=255, name="input"):
    """As its `filters.py` does it: U and V of the result with the photograph's Y."""
    skimage = pytest.importorskip("skimage.color")
    levels = np.repeat(gray[None] / 255, 3, 0)[None] * white
    painted = np.clip(run(path, {name: levels}) / white, 0, 1)
    yuv = skimage.rgb2yuv(painted)
    yuv[..., 0] = gray / 255
    return skimage.rgb2lab(np.clip(skimage.yuv2rgb(yuv), 0, 1))[..., 1:]


def zhang_s_own(path, gray, name="input", **hints):
    """As its `util.py` does it: L* alone."""
    return run(path, {name: np.moveaxis(lightness_of(gray), -1, 0)[None], **hints})


def no_hints(side):
    return {"hint_ab": np.zeros((1, 2, side, side)), "hint_mask": np.zeros((1, 1, side, side))}


PUBLISHED = {
    "ddcolor": ("ddcolor", 512, lambda p: ddcolor(p, side=512), ddcolor_s_own),
    "ddcolor tiny": ("ddcolor", 256, ddcolor, ddcolor_s_own),
    "ddcolor free": (
        "ddcolor",
        512,
        lambda p: ddcolor(p, side=None, name="gray", output="ab"),
        lambda p, gray: ddcolor_s_own(p, gray, "gray"),
    ),
    "deoldify": ("deoldify", 512, deoldify, deoldify_s_own),
    "deoldify half": ("deoldify", 512, lambda p: deoldify(p, half=True), deoldify_s_own),
    "deoldify unit": (
        "deoldify-unit",
        512,
        lambda p: deoldify(p, white=1, name="gray", output="rgb"),
        lambda p, gray: deoldify_s_own(p, gray, 1, "gray"),
    ),
    "eccv16": (
        "eccv16",
        256,
        lambda p: zhang(p, name="input.1"),
        lambda p, gray: zhang_s_own(p, gray, "input.1"),
    ),
    "siggraph17 plain": ("siggraph17", 256, zhang, zhang_s_own),
    "siggraph17": (
        "siggraph17",
        256,
        lambda p: zhang(p, side=None, name="L", output="ab", hints=True),
        lambda p, gray: zhang_s_own(p, gray, "L", **no_hints(len(gray))),
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_interface_gives_what_its_publisher_s_code_gives(name, tmp_path):
    kind, side, write, own = PUBLISHED[name]
    path, gray = write(tmp_path / "theirs.onnx"), photograph(side)
    colorizer = Colorizer(path, like=kind, threads=1)
    stride = colorizer.contract.output_stride
    wanted = own(path, gray)
    wanted = np.stack([cell_means(wanted[..., at], stride) for at in (0, 1)], axis=-1)
    found = colorizer.prepare(gray, whole=True).ab()
    assert found.shape == wanted.shape
    assert np.abs(wanted).max() > 8
    assert np.abs(found - wanted).max() < 1


@pytest.mark.parametrize("opset", [11, 13, 17, 21])
def test_opsets_make_no_difference(opset, tmp_path):
    path = ddcolor(tmp_path / "theirs.onnx", opset=opset)
    found = Colorizer(path, like="ddcolor", threads=1).prepare(photograph(256), whole=True).ab()
    assert np.abs(found - ddcolor_s_own(path, photograph(256))).max() < 1


@pytest.mark.parametrize("shape", ["square", "free"])
def test_a_photograph_of_any_size_keeps_its_size_and_lightness(shape, tmp_path):
    path = zhang(tmp_path / "theirs.onnx", side=None)
    path.with_suffix(".toml").write_text(f'like = "eccv16"\nside = 64\nshape = "{shape}"\n')
    gray = photograph(200)[:, :130]
    result = Colorizer(path, threads=1).colorize(gray).srgb()
    assert result.shape == (200, 130, 3)
    assert np.abs(lightness_of(gray)[..., 0] - _lightness(result)).mean() < 0.3
    assert np.ptp(result.astype(int), axis=-1).max() > 10


def _lightness(srgb):
    return pytest.importorskip("skimage.color").rgb2lab(srgb)[..., 0]


# Opening


def test_a_descriptor_beside_the_file_is_taken(tmp_path):
    path = ddcolor(tmp_path / "theirs.onnx")
    with pytest.raises(ContractError, match=r"theirs\.toml beside it"):
        open_model(path)
    path.with_suffix(".toml").write_text('like = "ddcolor"\nlicence = "mine"\n')
    contract = open_model(path).contract
    assert (contract.name, contract.licence) == ("theirs", "mine")
    assert contract.size_px == (256, 256)
    assert len(contract.sha256) == 64


def test_a_contract_inside_comes_before_a_descriptor(tmp_path):
    from photochrom.models.weights import find_model

    path = tmp_path / "ours.onnx"
    path.write_bytes(find_model().read_bytes())
    path.with_suffix(".toml").write_text('name = "a recipe"\n')
    assert isinstance(open_model(path, threads=1), Session)


def test_a_contract_inside_is_no_reason_to_trust_a_file(tmp_path):
    import onnx

    from photochrom.models.weights import find_model

    model = onnx.load(find_model("resnet18-gray"))
    model.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL
    path = tmp_path / "ours.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ContractError, match="data lie in other files"):
        open_model(path, threads=1)


@pytest.mark.parametrize("white", [1, 255])
def test_a_scale_that_is_not_said_is_probed(white, tmp_path):
    path = deoldify(tmp_path / "theirs.onnx", white=white)
    probed = Foreign(path, Descriptor(takes="gray-rgb", gives="rgb", side=256), threads=1)
    said = Descriptor(takes="gray-rgb", gives="rgb", side=256, scale=white)
    light = lightness_of(photograph(256))[..., 0]
    one, other = (net.decode(net.encode(light)) for net in (probed, Foreign(path, said, threads=1)))
    np.testing.assert_array_equal(one, other)


def test_a_file_that_follows_no_scale_is_refused(tmp_path):
    body = [("Mul", ["input", planes(0)], "black", {}), ("Add", ["black", planes(500)], "out", {})]
    shape = {"input": [1, 3, None, None]}
    path = write_model(tmp_path / "theirs.onnx", inputs=shape, output=("out", 3), body=body)
    with pytest.raises(ContractError, match=r"neither at 0\.\.1 nor at 0\.\.255"):
        Foreign(path, Descriptor(takes="gray-rgb", gives="rgb"), threads=1)


def half_open(path):
    shape = {"input": [1, 3, 256, None]}
    body = [("Conv", ["input", np.ones((2, 3, 1, 1))], "ab", {})]
    return write_model(path, inputs=shape, output=("ab", 2), body=body)


@pytest.mark.parametrize(
    ("kind", "write", "message"),
    [
        ("eccv16", ddcolor, r"'input' .*\[1, 3, 256, 256\].* \(like eccv16\) wants \(1, 1,"),
        ("deoldify", ddcolor, r"'output'.*wants \(1, 3, height, width\)"),
        ("ddcolor", deoldify, r"'output'.*wants \(1, 2, height, width\)"),
        ("ddcolor", lambda p: zhang(p, hints=True), "'hint_ab'.*wants one picture"),
        ("ddcolor", zhang, r"'input' .*\[1, 1, 256, 256\].*wants \(1, 3, height, width\)"),
        ("ddcolor", half_open, r"\[1, 3, 256, None\].*wants both sides fixed, or both open"),
        ("stable", ddcolor, "like is 'stable'; expected one of ddcolor, "),
    ],
)
def test_a_wrong_file_is_refused_with_what_was_found_and_wanted(kind, write, message, tmp_path):
    path = write(tmp_path / "theirs.onnx")
    with pytest.raises(ContractError, match=message):
        open_model(path, like=kind, threads=1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"side": 512}, "takes 256 x 256 pixels.*a side of 512"),
        ({"input": "gray"}, "wants 'gray'"),
        ({"output": "ab"}, "wants 'ab'"),
        ({"hint_ab": "one", "hint_mask": "two"}, "wants one and two"),
    ],
)
def test_a_descriptor_that_does_not_suit_its_file_is_refused(values, message, tmp_path):
    path = ddcolor(tmp_path / "theirs.onnx")
    with pytest.raises(ContractError, match=message):
        Foreign(path, Descriptor(takes="gray-rgb", gives="ab", **values), threads=1)


def test_colors_that_are_no_numbers_are_refused(tmp_path):
    body = [
        smoothed("L", "mean"),
        ("Log", ["mean"], "log", {}),
        ("Concat", ["log"] * 2, "ab", {"axis": 1}),
    ]
    shape = {"L": [1, 1, None, None]}
    path = write_model(tmp_path / "theirs.onnx", inputs=shape, output=("ab", 2), body=body)
    network = open_model(path, like="eccv16", threads=1)
    with pytest.raises(ModelError, match="not finite numbers"):
        network.encode(np.zeros((32, 32)))
    with pytest.raises(ShapeError):
        network.encode(np.zeros((2, 32, 32)))


# What it can


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    path = ddcolor(tmp_path_factory.mktemp("models") / "theirs.onnx")
    return Colorizer(path, like="ddcolor", threads=1).prepare(photograph(256), whole=True)


def test_hints_work_on_a_model_that_knows_none(prepared):
    hint = Hint(points=((100.0, 60.0),), ab=(-30.0, 35.0))
    before, after = prepared.ab(), prepared.ab(hints=[hint])
    assert np.abs(before[60, 100] - hint.ab).max() > 20
    assert np.abs(after[60, 100] - hint.ab).max() < 2
    reached = prepared.ab(hints=[Hint(points=((100.0, 60.0),), ab=(-30.0, 35.0), reach=1.0)])
    assert np.abs(reached[60, 100] - hint.ab).max() < 3


def test_a_model_s_own_hint_inputs_see_the_hints(tmp_path):
    path = zhang(tmp_path / "theirs.onnx", side=None, name="L", hints=True)
    network = open_model(path, like="siggraph17", threads=1)
    assert network.contract.hints == "planes"
    features = network.encode(lightness_of(photograph(256))[..., 0])
    planes_of = np.zeros((256, 256, 3), np.float32)
    planes_of[10:14, 20:24] = [30, 20, 1]
    moved = network.decode(features, None, planes_of) - network.decode(features)
    np.testing.assert_allclose(moved, np.broadcast_to([[[30]], [[20]]], moved.shape), atol=0.01)
    hint = Hint(points=((100.0, 60.0),), ab=(30.0, 20.0))
    found = Colorizer.of(network).prepare(photograph(256), whole=True).ab(hints=[hint])
    np.testing.assert_allclose(found[60, 100], hint.ab, atol=2)


def test_vividness_is_a_factor_of_chroma(prepared):
    usual = prepared.ab()
    for vividness, factor in ((0.0, 0.75), (2.0, 1.6)):
        np.testing.assert_allclose(prepared.ab(vividness=vividness), factor * usual, rtol=1e-4)


def test_what_it_can_not_is_refused_by_name(prepared):
    asked = {"palette": ("#c22",), "reference": Reference("other.jpg", None)}
    for name, value in asked.items():
        with pytest.raises(UnsupportedError, match=f"'theirs' answers with colors.* {name}"):
            prepared.paint(**{name: value})
    with pytest.raises(UnsupportedError, match=r"'theirs'.* alternatives"):
        prepared.alternatives()
    with pytest.raises(UnsupportedError, match=r"'theirs'.* confidence"):
        prepared.confidence()
    network = prepared._network
    with pytest.raises(UnsupportedError, match=r"'theirs' answers with colors.* reference"):
        Colorizer.of(network).reference(photograph(64))
    with pytest.raises(UnsupportedError, match="takes no hints of this form"):
        network.decode(prepared.features, Tokens(*np.zeros((3, 0, 2), np.float32)))
    with pytest.raises(UnsupportedError, match="finds no regions"):
        network.embed(prepared.features)


def test_each_kind_says_where_to_get_it_and_its_license():
    for name, kind in KINDS.items():
        assert kind.source
        assert like(name).licence
