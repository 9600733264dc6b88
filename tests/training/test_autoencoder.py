"""The baseline network: sizes, what is frozen, and that it can learn."""

# ruff: noqa: E402 - without torch, nothing of this can be imported

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings
from hypothesis import strategies as st

from photochrom.training.autoencoder import OUTPUT_SCALE, Autoencoder

pytestmark = pytest.mark.train

REACH_PX = 104
"""No further from the border can the zero padding of the convolutions be felt."""


def randomize_statistics(network, seed=0):
    """Give BatchNorm running statistics that an untrained network lacks."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2, generator=generator)
            module.running_var.uniform_(0.5, 2.0, generator=generator)
    return network


def batch_of(count=4, side=32, seed=0):
    """Ramps of lightness whose color follows the lightness."""
    generator = torch.Generator().manual_seed(seed)
    low_B111 = torch.rand(count, 1, 1, 1, generator=generator) * 30
    ramp = torch.linspace(0, 60, side).expand(count, 1, side, side)
    lightness_B1HW = low_B111 + ramp
    ab_B2HW = torch.cat([lightness_B1HW - 40, 30 - lightness_B1HW / 2], dim=1)
    return {"lightness": lightness_B1HW, "ab": ab_B2HW}


def steps(model, batch, count, lr=1e-3):
    """Train for some steps; the losses."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.Adam(weights, lr=lr)
    model.train()
    losses = []
    for _ in range(count):
        loss = model.loss(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def copy_of(module):
    return {key: value.clone() for key, value in module.state_dict().items()}


@pytest.fixture(scope="module")
def ready():
    torch.manual_seed(0)
    return randomize_statistics(Autoencoder()).eval()


@settings(max_examples=12)
@given(height=st.integers(1, 70), width=st.integers(1, 70))
def test_the_output_has_the_size_of_the_input(ready, height, width):
    lightness = torch.full((1, 1, height, width), 60.0)
    ab = ready.predict(lightness)
    assert ab.shape == (1, 2, height, width)
    assert ab.dtype == torch.float32
    assert torch.isfinite(ab).all()


def test_sizes_are_padded_by_the_edge(ready):
    lightness = torch.rand(1, 1, 13, 18, generator=torch.Generator().manual_seed(0)) * 100
    padded = torch.nn.functional.pad(lightness, (0, 6, 0, 3), mode="replicate")
    torch.testing.assert_close(ready.predict(lightness), ready.predict(padded)[..., :13, :18])


def test_encode_then_decode_is_the_whole(ready):
    lightness = torch.rand(2, 1, 24, 40, generator=torch.Generator().manual_seed(0)) * 100
    with torch.no_grad():
        features = ready.encode(lightness)
        ab = ready.decode(features)
    assert features.shape == (2, ready.feature_channels[0], 3, 5)
    torch.testing.assert_close(ab, ready.predict(lightness))


def test_a_constant_picture_stays_constant_inside(ready):
    side = 2 * REACH_PX + 24
    inside = slice(REACH_PX, -REACH_PX)
    ab = ready.predict(torch.full((1, 1, side, side), 35.0))[0]
    spread = ab[:, inside, inside].amax(dim=(1, 2)) - ab[:, inside, inside].amin(dim=(1, 2))
    assert spread.max() < 1e-3
    assert ab.abs().max() > 0.1  # it is no network that answers zero to everything


def test_the_decoder_has_its_six_stages(ready):
    convolutions = [m for m in ready.decoder.modules() if isinstance(m, torch.nn.Conv2d)]
    channels = [(c.in_channels, c.out_channels) for c in convolutions]
    assert channels == [(128, 128), (128, 64), (64, 64), (64, 32), (32, 2)]
    assert len(ready.decoder) == 6  # the sixth doubles the size
    doublings = [m for m in ready.decoder.modules() if isinstance(m, torch.nn.Upsample)]
    assert [m.scale_factor for m in doublings] == [2.0, 2.0, 2.0]
    assert doublings[-1] is ready.decoder[5]


def test_a_frozen_encoder_stays_while_the_decoder_learns():
    torch.manual_seed(0)
    model = randomize_statistics(Autoencoder())
    encoder, decoder = copy_of(model.encoder), copy_of(model.decoder)
    steps(model, batch_of(), 3)
    assert model.training
    assert model.decoder.training
    assert not any(module.training for module in model.encoder.modules())
    after = model.encoder.state_dict()
    assert all(torch.equal(encoder[key], after[key]) for key in encoder)
    after = model.decoder.state_dict()
    assert not any(torch.equal(decoder[key], after[key]) for key in decoder)


def test_an_unfrozen_encoder_learns_with_its_statistics():
    torch.manual_seed(0)
    model = Autoencoder(freeze_encoder=False)
    before = copy_of(model.encoder)
    steps(model, batch_of(), 2)
    assert all(module.training for module in model.encoder.modules())
    after = model.encoder.state_dict()
    assert not any(torch.equal(before[key], after[key]) for key in before)


def test_evaluation_mode_reaches_all_of_it():
    model = Autoencoder(freeze_encoder=False).train().eval()
    assert not any(module.training for module in model.modules())


def test_it_overfits_one_small_batch():
    torch.manual_seed(0)
    losses = steps(Autoencoder(), batch_of(), 40, lr=3e-3)
    assert losses[-1] < losses[0] / 10


def test_the_loss_is_the_mean_squared_error_of_ab_over_its_scale(ready):
    batch = batch_of(2, 16)
    expected = ((ready.predict(batch["lightness"]) - batch["ab"]) ** 2).mean() / OUTPUT_SCALE**2
    with torch.no_grad():
        assert ready.loss(batch).item() == pytest.approx(expected.item(), rel=1e-5)
