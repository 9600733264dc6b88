"""ResNet-18-gray and where its weights come from."""

# ruff: noqa: E402 - without torch, nothing of this can be imported

from urllib.error import URLError

import pytest

torch = pytest.importorskip("torch")

from torchvision.models import ResNet18_Weights, resnet18, resnet34

from photochrom.errors import CheckpointError, DataError
from photochrom.training.encoder import (
    CHANNELS,
    LIGHTNESS_MEAN,
    LIGHTNESS_STD,
    STRIDE,
    GrayClassifier,
    first_six,
    load_encoder,
    normalize,
    resnet18_gray,
)

pytestmark = pytest.mark.train


def randomize_statistics(network, seed=0):
    """Give BatchNorm running statistics that an untrained network lacks."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2, generator=generator)
            module.running_var.uniform_(0.5, 2.0, generator=generator)
    return network


def gray_state(seed):
    torch.manual_seed(seed)
    return randomize_statistics(resnet18_gray(classes=3), seed).state_dict()


def prefixed(state):
    return {f"network.{key}": value for key, value in state.items()}


def assert_same_encoder(encoder, state):
    expected = resnet18_gray(classes=3)
    expected.load_state_dict(state)
    wanted = first_six(expected).state_dict()
    found = encoder.state_dict()
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[key], wanted[key]) for key in wanted)


@pytest.fixture(scope="module")
def rgb_network():
    torch.manual_seed(0)
    return randomize_statistics(resnet18(weights=None)).eval()


@pytest.fixture(scope="module")
def rgb_file(rgb_network, tmp_path_factory):
    path = tmp_path_factory.mktemp("rgb") / "resnet18.pth"
    torch.save(rgb_network.state_dict(), path)
    return path


def test_summed_weights_see_gray_as_the_rgb_network_sees_equal_channels(rgb_network, rgb_file):
    encoder = load_encoder(str(rgb_file)).eval()
    gray_B1HW = torch.randn(2, 1, 40, 48, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = first_six(rgb_network)(gray_B1HW.expand(-1, 3, -1, -1))
        found = encoder(gray_B1HW)
    assert expected.std() > 0.1
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_downloaded_weights_are_summed_to_gray_too(rgb_network, rgb_file, monkeypatch):
    monkeypatch.setattr(
        ResNet18_Weights,
        "get_state_dict",
        lambda self, *args, **kwargs: dict(rgb_network.state_dict()),
    )
    from_download = load_encoder("imagenet1k_v1").state_dict()
    from_file = load_encoder(str(rgb_file)).state_dict()
    assert all(torch.equal(from_download[key], from_file[key]) for key in from_file)


def test_none_gives_random_weights_of_the_right_shape():
    torch.manual_seed(0)
    one = load_encoder("none")
    torch.manual_seed(1)
    other = load_encoder("none")
    assert not torch.equal(one[0].weight, other[0].weight)
    with torch.no_grad():
        features = one.eval()(torch.zeros(1, 1, 5 * STRIDE, 3 * STRIDE))
    assert features.shape == (1, CHANNELS, 5, 3)


def test_a_gray_state_dict_is_taken_as_it_is(tmp_path):
    state = gray_state(2)
    torch.save(state, tmp_path / "gray.pth")
    assert_same_encoder(load_encoder(str(tmp_path / "gray.pth")), state)


def test_a_checkpoint_gives_its_averaged_weights_first(tmp_path):
    plain, average = gray_state(3), gray_state(4)
    content = {"version": 1, "model": prefixed(plain), "average": prefixed(average)}
    torch.save(content, tmp_path / "best.ckpt")
    assert_same_encoder(load_encoder(str(tmp_path / "best.ckpt")), average)


def test_a_checkpoint_without_an_average_gives_its_plain_weights(tmp_path):
    plain = gray_state(5)
    content = {"version": 1, "model": prefixed(plain), "average": None}
    torch.save(content, tmp_path / "best.ckpt")
    assert_same_encoder(load_encoder(str(tmp_path / "best.ckpt")), plain)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"gone\.pth: can't be read"):
        load_encoder(str(tmp_path / "gone.pth"))


@pytest.mark.parametrize("content", [b"", b"not a checkpoint at all" * 9, b"PK\x03\x04 cut short"])
def test_garbage_is_no_checkpoint(tmp_path, content):
    (tmp_path / "garbage.pth").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"garbage\.pth: this is not a PyTorch checkpoint"):
        load_encoder(str(tmp_path / "garbage.pth"))


def test_half_a_file_is_no_checkpoint(rgb_file, tmp_path):
    whole = rgb_file.read_bytes()
    (tmp_path / "half.pth").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match=r"half\.pth: this is not a PyTorch checkpoint"):
        load_encoder(str(tmp_path / "half.pth"))


def misshapen():
    state = gray_state(6)
    state["conv1.weight"] = torch.zeros(64, 1, 3, 3)
    return state


@pytest.mark.parametrize(
    "content",
    [
        torch.zeros(3),
        {"some": torch.zeros(3)},
        {3: torch.zeros(3)},
        {"conv1.weight": "text"},
        {"model": "text"},
        {},
        misshapen(),
        resnet34(weights=None).state_dict(),
    ],
    ids=["tensor", "other", "numbered", "text", "nested", "empty", "misshapen", "resnet34"],
)
def test_something_else_than_a_resnet18_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match=r"other\.pth: "):
        load_encoder(str(tmp_path / "other.pth"))


@pytest.mark.parametrize(
    "failure",
    [OSError("no route"), URLError("no route"), RuntimeError("invalid hash value, no route")],
    ids=["os", "url", "hash"],
)
def test_a_failed_download_names_the_way_out(monkeypatch, failure):
    def fail(self, *args, **kwargs):
        raise failure

    monkeypatch.setattr(ResNet18_Weights, "get_state_dict", fail)
    with pytest.raises(DataError) as caught:
        load_encoder("imagenet1k_v1")
    message = str(caught.value)
    assert "no route" in message
    assert "recipes/resnet18-gray.toml" in message
    assert "model.encoder_weights=" in message


def test_normalize_centres_lightness():
    lightness = torch.tensor([LIGHTNESS_MEAN, LIGHTNESS_MEAN + LIGHTNESS_STD, 0.0])
    assert normalize(lightness).tolist() == [0.0, 1.0, -LIGHTNESS_MEAN / LIGHTNESS_STD]


def stripes(count, side=32):
    """Pictures of upright (label 0) and level (label 1) stripes, of any phase."""
    generator = torch.Generator().manual_seed(0)
    label_B = torch.arange(count) % 2
    phase_B11 = torch.rand(count, 1, 1, generator=generator) * 6.28
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    along = torch.where(label_B.view(-1, 1, 1) == 0, x, y)
    lightness_B1HW = (50 + 40 * torch.sin(along * 0.8 + phase_B11))[:, None]
    return {"lightness": lightness_B1HW, "label": label_B}


def test_the_classifier_learns_two_easy_classes():
    torch.manual_seed(0)
    model = GrayClassifier(2)
    batch = stripes(16)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(12):
        loss = model.loss(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]
    with torch.no_grad():
        figures = model.held_out(batch)  # still in training mode: few steps, young statistics
    assert figures["accuracy"].tolist() == [1.0] * 16
    assert figures["loss"].mean() < 0.2 * losses[0]


def test_label_smoothing_raises_the_loss_of_a_sure_and_right_answer():
    torch.manual_seed(0)
    batch = stripes(4)
    plain, smoothed = GrayClassifier(2).eval(), GrayClassifier(2, label_smoothing=0.2).eval()
    for model in (plain, smoothed):
        model.network.fc.weight.data.zero_()
        model.network.fc.bias.data = torch.tensor([20.0, 0.0])
        batch["label"] = torch.zeros(4, dtype=torch.long)
    assert plain.loss(batch).item() == pytest.approx(0.0, abs=1e-6)
    assert smoothed.loss(batch).item() == pytest.approx(2.0, abs=1e-4)  # 0.2 / 2 of 20
