"""A model that somebody else has made, as a `Network`.

Axes: 1 batch, C channels, H height, W width.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from photochrom import color
from photochrom.errors import (
    Advice,
    ContractError,
    ModelError,
    ModelNotFoundError,
    UnsupportedError,
)
from photochrom.models.contract import ModelContract
from photochrom.models.descriptor import KINDS, USUAL_SIDE_PX, Descriptor
from photochrom.models.file import digest_of
from photochrom.models.graph import check_graph
from photochrom.models.network import Features, Float, Tokens, as_lightness
from photochrom.models.resizing import resized
from photochrom.models.session import Engine, Port

TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}

FINEST_PX = 256
"""Colors are kept at about this many positions along the short side: there is no more in them."""

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Of R, G and B. Source: ITU-R BT.601, as in DeOldify's own merging of colors."""

SCALES = (1.0, 255.0)
"""What white may be, for a probe."""

FOLLOWS = 0.15
"""A model follows a sample's lightness when it is off by less, on average, of 0..1."""


class Foreign:
    """A model of another maker that a descriptor describes: a `Network`, safe from several threads.

    Without hint inputs the whole network runs in `encode`, and `decode` has nothing left to do.

    Parameters
    ----------
    path : the ONNX file
    descriptor : what it takes and gives
    threads, device : as for `Session`

    Raises
    ------
    ModelNotFoundError
        There is no such file.
    ContractError
        It is no ONNX model, needs more than its own file, or the descriptor doesn't suit it.
    DeviceError
        There is no such device here.
    """

    def __init__(
        self,
        path: Path,
        descriptor: Descriptor,
        *,
        threads: int | None = None,
        device: str = "cpu",
    ) -> None:
        if not path.is_file():
            raise ModelNotFoundError(f"{path}: the model file does not exist.")
        check_graph(path)
        self._path, self._descriptor = path, descriptor
        self._engine = Engine(path, threads=threads, device=device)
        self._input, self._hint_ports = self._find_inputs()
        self._output = self._find_output()
        self._size_px = self._find_size()
        self.contract = self._make_contract()
        self._scale = self._find_scale()

    def encode(self, lightness: NDArray[Any]) -> Features:
        """Run the network over a picture's lightness, or keep that for it where it takes hints.

        Parameters
        ----------
        lightness : (H, W) float, L* 0..100, of any size

        Raises
        ------
        ShapeError
            Not two axes, or no pixels.
        """
        values = as_lightness(lightness)
        height, width = values.shape
        seen = resized(values[None], self._seen_size(height, width))[0]
        if not self._hint_ports:
            seen = self._colors(seen, {}, self._scale)
        return Features((seen,), (height, width))

    def sample(self, features: Features, points: NDArray[Any]) -> Float:
        """Refuse: such a model takes no hints as tokens, and references need them.

        Raises
        ------
        UnsupportedError
            Always.
        """
        raise UnsupportedError(
            f"The model '{self.contract.name}' takes no hints as tokens, which references become, "
            "too.",
            advice=[Advice.SEE_MODELS],
        )

    def decode(
        self, features: Features, tokens: Tokens | None = None, planes: NDArray[Any] | None = None
    ) -> Float:
        """The colors: a* and b*, (2, h, w) with (h, w) the lightness's size / output_stride.

        Parameters
        ----------
        planes : as for `Network.decode`; only for a model with hint inputs

        Raises
        ------
        UnsupportedError
            There are hints, and the model takes none of this form.
        """
        if tokens is not None or (planes is not None and not self._hint_ports):
            raise UnsupportedError(
                f"The model '{self.contract.name}' takes no hints of this form.",
                advice=[Advice.SEE_MODELS],
            )
        (ab,) = features.arrays
        if self._hint_ports:
            ab = self._colors(ab, self._hints(planes, ab.shape), self._scale)
        stride = self.contract.output_stride
        height, width = (-(-side // stride) for side in features.size)
        return resized(ab, (height, width))

    def embed(self, features: Features) -> Float:
        """Refuse: such a model finds no regions.

        Raises
        ------
        UnsupportedError
            Always.
        """
        raise UnsupportedError(f"The model '{self.contract.name}' finds no regions.")

    def check_scale(self) -> None:
        """See that RGB follows the lightness of a sample at the scale that is said.

        Raises
        ------
        ContractError
            It doesn't.
        """
        off = self._off(self._scale) if self._descriptor.gives == "rgb" else 0.0
        if off > FOLLOWS:
            raise self._unlike(
                "gives pictures that don't follow the lightness of a sample at "
                f"0..{self._scale:g} (off by {off:.2f} of the range)",
                "RGB of this scale; the other one may be right, or another kind",
            )

    def _seen_size(self, height: int, width: int) -> tuple[int, int]:
        """The size at which the network sees a picture of this one."""
        if self._size_px is not None:
            return self._size_px
        side, stride = self.contract.short_side_px, self._descriptor.stride
        if self._descriptor.shape == "square":
            return side, side
        scale = side / min(height, width)
        rows, columns = (max(1, round(one * scale / stride)) * stride for one in (height, width))
        return rows, columns

    def _colors(self, lightness: Float, hints: dict[str, Float], scale: float) -> Float:
        """Run the network: L* (H, W) to a* and b* (2, H, W)."""
        levels = color.linear_to_srgb(color.lightness_to_luminance(lightness))
        given = self._run(lightness, levels, hints, scale)
        if self._descriptor.gives == "ab":
            return given
        rgb = np.clip(np.moveaxis(given / np.float32(scale), 0, -1), 0, 1)
        rgb = np.clip(rgb + (levels - rgb @ LUMA)[..., None], 0, 1)
        return np.ascontiguousarray(np.moveaxis(color.srgb_to_lab(rgb)[..., 1:], -1, 0))

    def _run(self, lightness: Float, levels: Float, hints: dict[str, Float], scale: float) -> Float:
        """The network's own answer, (C, H, W), times `gain` and plus `offset`."""
        one = self._descriptor
        value = lightness / 100 if one.takes == "lightness" else levels
        channels = self._channels()
        mean, std = (np.array(part, np.float32)[:, None, None] for part in (one.mean, one.std))
        seen = (np.broadcast_to(value * scale, (channels, *value.shape)) - mean) / std
        feeds = {self._input.name: seen[None].astype(TYPES[self._input.type])} | {
            port.name: hints[port.name].astype(TYPES[port.type]) for port in self._hint_ports
        }
        (output,) = self._engine.run([self._output.name], feeds, model=self.contract.name)
        wanted = 2 if one.gives == "ab" else 3
        if output.ndim != 4 or output.shape[:2] != (1, wanted) or not output.size:
            raise ModelError(
                f"{self._path}: '{self._output.name}' has shape {output.shape}; "
                f"expected (1, {wanted}, height, width), as it gives {one.gives}."
            )
        given = output[0].astype(np.float32) * np.float32(one.gain) + np.float32(one.offset)
        if not np.isfinite(given).all():
            raise ModelError(f"{self._path}: its colors are not finite numbers.")
        return resized(given, (value.shape[0], value.shape[1]))

    def _hints(self, planes: NDArray[Any] | None, size: tuple[int, ...]) -> dict[str, Float]:
        """The two hint inputs; zeros where no hint is."""
        shares = np.zeros((3, *size), np.float32)
        if planes is not None:
            shares = resized(np.moveaxis(planes, -1, 0), (size[0], size[1]))
        mask = (shares[2] > 0.5).astype(np.float32)
        ab = mask * shares[:2] / np.maximum(shares[2], 0.5)
        planes_of = (ab[None], mask[None, None])
        return {port.name: one for port, one in zip(self._hint_ports, planes_of, strict=False)}

    def _channels(self) -> int:
        """How many planes the input has."""
        fixed = self._input.shape[1]
        return fixed if isinstance(fixed, int) else 3 if self._descriptor.takes == "gray-rgb" else 1

    def _find_inputs(self) -> tuple[Port, tuple[Port, ...]]:
        """The input for the picture, and the two for hints where there are some."""
        ports, one = self._engine.inputs, self._descriptor
        names = {port.name: port for port in ports}
        hints = [names.get(one.hint_ab), names.get(one.hint_mask)] if one.hint_ab else []
        found = [port for port in hints if port is not None]
        if len(ports) == 1 and one.like:  # siggraph17 comes with and without
            found = []
        elif len(found) < len(hints):
            raise self._unlike(f"takes {_shown(ports)}", f"{one.hint_ab} and {one.hint_mask}")
        left = [port for port in ports if port not in found]
        if one.input:
            left = [port for port in left if port.name == one.input]
        if len(left) != 1:
            wanted = f"'{one.input}'" if one.input else "one picture"
            raise self._unlike(f"takes {_shown(ports)}", wanted)
        gray = (3,) if one.like else (1, 3)  # all that are published take three equal planes
        wanted_channels = (1,) if one.takes == "lightness" else gray
        self._check_port(left[0], wanted_channels)
        for port, channels in zip(found, (2, 1), strict=False):
            self._check_port(port, (channels,))
        return left[0], tuple(found)

    def _find_output(self) -> Port:
        ports, one = self._engine.outputs, self._descriptor
        found = [port for port in ports if port.name == one.output] if one.output else ports[:1]
        if not found:
            raise self._unlike(f"gives {_shown(ports)}", f"'{one.output}'")
        self._check_port(found[0], (2,) if one.gives == "ab" else (3,))
        return found[0]

    def _check_port(self, port: Port, channels: tuple[int, ...]) -> None:
        """Whether an input or output can be (1, C, H, W) of numbers."""
        shape = port.shape
        fits = len(shape) in (0, 4) if port == self._engine.outputs[0] else len(shape) == 4
        if len(shape) == 4:
            fits &= not isinstance(shape[0], int) or shape[0] == 1
            fits &= not isinstance(shape[1], int) or shape[1] in channels
        if not fits or port.type not in TYPES:
            counts = " or ".join(map(str, channels))
            raise self._unlike(
                f"has {_shown([port])}", f"(1, {counts}, height, width) of float or float16"
            )

    def _find_size(self) -> tuple[int, int] | None:
        """The one size that the file takes; None where it leaves that open."""
        height, width = self._input.shape[2:]
        if not (isinstance(height, int) and isinstance(width, int)):
            if isinstance(height, int) or isinstance(width, int):
                raise self._unlike(f"has {_shown([self._input])}", "both sides fixed, or both open")
            return None
        side = self._descriptor.side
        if side is not None and side != min(height, width):
            raise self._unlike(f"takes {width} x {height} pixels", f"a side of {side}")
        return height, width

    def _find_scale(self) -> float:
        """What white is."""
        one = self._descriptor
        if one.scale is not None:
            return one.scale
        if one.gives == "ab":
            return 100.0 if one.takes == "lightness" else 1.0
        off = {scale: self._off(scale) for scale in SCALES}
        best = min(off, key=lambda scale: off[scale])
        if off[best] > FOLLOWS:
            raise self._unlike(
                "gives pictures that follow the lightness of a sample neither at 0..1 nor at "
                f"0..255 (off by {off[1.0]:.2f} and {off[255.0]:.2f} of the range)",
                "RGB; say its scale if you know it",
            )
        return best

    def _off(self, scale: float) -> float:
        """How far a sample's luma is from its own at a scale, on average, of 0..1."""
        height, width = self._seen_size(FINEST_PX, FINEST_PX)
        y, x = np.mgrid[:height, :width].astype(np.float32)
        waves = np.sin(2 * np.pi * (x / width + 0.25)) + np.sin(4 * np.pi * y / height)
        lightness = (50 + 22 * waves).astype(np.float32)
        levels = color.linear_to_srgb(color.lightness_to_luminance(lightness))
        given = self._run(lightness, levels, self._hints(None, levels.shape), scale)
        return float(np.abs(LUMA @ given.reshape(3, -1) / scale - levels.ravel()).mean())

    def _make_contract(self) -> ModelContract:
        one = self._descriptor
        usual = KINDS[one.like].side if one.like else USUAL_SIDE_PX
        side = min(self._size_px) if self._size_px else one.side or usual
        hints: Literal["none", "planes"] = "planes" if self._hint_ports else "none"
        return ModelContract(
            name=self._path.stem,
            sha256=digest_of(self._path),
            input=one.takes,
            output=one.gives,
            features=(),
            stride=one.stride,
            output_stride=max(1, side // FINEST_PX),
            hints=hints,
            short_side_px=side,
            size_px=self._size_px,
            licence=one.licence,
        )

    def _unlike(self, found: str, wanted: str) -> ContractError:
        kind = f" (like {self._descriptor.like})" if self._descriptor.like else ""
        return ContractError(
            f"{self._path}: the model {found}; its descriptor{kind} wants {wanted}. "
            "Correct the descriptor, or take another file."
        )


def _shown(ports: list[Port]) -> str:
    return ", ".join(f"'{one.name}' {one.type} {list(one.shape)}" for one in ports)
