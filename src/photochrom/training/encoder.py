"""ResNet-18-gray: a ResNet-18 that takes one gray channel, and where its weights come from.

Axes: B batch, C channels, H height, W width, 1 lightness, K classes.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models import ResNet18_Weights, resnet18

from photochrom.errors import CheckpointError, DataError

LIGHTNESS_MEAN, LIGHTNESS_STD = 50.0, 25.0
"""L* is brought to about zero mean and unit variance by these."""

CHANNELS = 128
STRIDE = 8


def resnet18_gray(classes: int = 1000) -> nn.Module:
    """torchvision's ResNet-18 with a one-channel first convolution, untrained."""
    network: nn.Module = resnet18(weights=None, num_classes=classes)
    network.conv1 = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    return network


def normalize(lightness_B1HW: Tensor) -> Tensor:
    """L* 0..100 to what the encoder is trained on."""
    return (lightness_B1HW - LIGHTNESS_MEAN) / LIGHTNESS_STD


def first_six(network: nn.Module) -> nn.Sequential:
    """conv1, bn1, relu, maxpool, layer1, layer2: 128 channels at 1/8 size."""
    return nn.Sequential(*list(network.children())[:6])


def sum_to_gray(weight_C3KK: Tensor) -> Tensor:
    """A first convolution's RGB weights for a gray channel: their sum, as R = G = B."""
    return weight_C3KK.sum(dim=1, keepdim=True)


def norms_of(model: nn.Module) -> dict[str, str]:
    """The name of each BatchNorm that follows a convolution -> the name of that convolution.

    Among the children of every module here a norm follows its convolution.
    """
    found = {}
    for path, parent in model.named_modules():
        for (name, convolution), (norm_name, norm) in pairwise(parent.named_children()):
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                found[f"{path}.{norm_name}".lstrip(".")] = f"{path}.{name}".lstrip(".")
    return found


def fold_norms(model: nn.Module, *, only: tuple[str, ...] = ("",)) -> None:
    """Fold each BatchNorm in evaluation mode into the convolution before it; in place.

    timm's norms hold an activation, which takes their place.

    Parameters
    ----------
    only : fold convolutions whose name starts with one of these; all by default
    """
    for norm_name, name in norms_of(model).items():
        if name.startswith(only):
            convolution: Any = model.get_submodule(name)
            norm: Any = model.get_submodule(norm_name)
            folded = fuse_conv_bn_eval(convolution, norm)
            model.set_submodule(name, folded.requires_grad_(convolution.weight.requires_grad))
            model.set_submodule(norm_name, getattr(norm, "act", nn.Identity()))


def load_encoder(weights: str) -> nn.Sequential:
    """The first six children of a ResNet-18-gray with weights from `weights`.

    Parameters
    ----------
    weights : ``imagenet1k_v1`` (torchvision's, downloaded; RGB weights summed to gray),
        ``none`` (random), or the path of a checkpoint of the resnet18-gray recipe or of a
        ResNet-18 state dict, gray or RGB

    Raises
    ------
    DataError
        The weights can't be downloaded.
    CheckpointError
        The file can't be read or holds no ResNet-18.
    """
    network = resnet18_gray()
    if weights == "none":
        return first_six(network)
    if weights == "imagenet1k_v1":
        try:
            state: dict[str, Any] = ResNet18_Weights.IMAGENET1K_V1.get_state_dict(progress=False)
        except (OSError, RuntimeError) as error:  # RuntimeError: not what its hash says
            raise DataError(
                "The ImageNet weights of ResNet-18 can't be downloaded "
                f"({error}). Train your own first, with recipes/resnet18-gray.toml, and name its "
                "checkpoint: model.encoder_weights=runs/resnet18-gray/best.ckpt"
            ) from error
    else:
        state = read_state(Path(weights).expanduser())
    if "conv1.weight" in state and state["conv1.weight"].shape[1] == 3:
        state["conv1.weight"] = sum_to_gray(state["conv1.weight"])
    state = {key: value for key, value in state.items() if not key.startswith("fc.")}
    try:
        missing, unexpected = network.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise CheckpointError(
            f"{weights}: the layers are not a ResNet-18's: {str(error).splitlines()[-1].strip()}"
        ) from error
    wrong = [key for key in [*missing, *unexpected] if not key.startswith("fc.")]
    if wrong:
        raise CheckpointError(
            f"{weights}: this is not a ResNet-18; differing: {', '.join(wrong[:4])}."
        )
    return first_six(network)


def read_state(path: Path) -> dict[str, Any]:
    """A state dict, from one of ours (its averaged weights first) or a bare file."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(f"{path}: can't be read ({error.strerror}).") from error
    except Exception as error:  # torch.load raises whatever its unpickler meets
        raise CheckpointError(f"{path}: this is not a PyTorch checkpoint ({error}).") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: expected a state dict, not {type(content).__name__}.")
    state = content.get("average") or content.get("model") or content
    if not isinstance(state, dict) or not all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in state.items()
    ):
        raise CheckpointError(f"{path}: expected a state dict; this holds something else.")
    return {key.removeprefix("network."): value for key, value in state.items()}


class GrayClassifier(nn.Module):
    """ResNet-18-gray with a classifier on top: what the pretraining recipe trains.

    Its first six layers become the autoencoder's encoder.
    """

    score = "accuracy"

    def __init__(self, classes: int, *, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.network = resnet18_gray(classes)
        self.label_smoothing = label_smoothing

    def forward(self, lightness_B1HW: Tensor) -> Tensor:
        """L* 0..100 to class scores (B, K)."""
        logits: Tensor = self.network(normalize(lightness_B1HW))
        return logits

    def loss(self, batch: dict[str, Tensor]) -> Tensor:
        """Cross-entropy of a batch, a scalar."""
        return nn.functional.cross_entropy(
            self(batch["lightness"]).float(), batch["label"], label_smoothing=self.label_smoothing
        )

    def held_out(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Figures of each picture of a batch, (B,) each."""
        logits_BK = self(batch["lightness"]).float()
        return {
            "loss": nn.functional.cross_entropy(logits_BK, batch["label"], reduction="none"),
            "accuracy": (logits_BK.argmax(dim=1) == batch["label"]).float(),
        }
