"""The only place that makes an ONNX Runtime session.

Axes: 1 batch, C channels, H height, W width.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from photochrom.errors import Advice, ContractError, ModelError, UnsupportedError
from photochrom.models.contract import (
    COLORS,
    DECODER_SUFFIX,
    LIGHTNESS,
    OUTPUT,
    PLACES,
    PLANES,
    SEEN,
)
from photochrom.models.devices import check_used, providers_of
from photochrom.models.file import read_contract
from photochrom.models.network import Features, Float, Tokens, as_lightness


class Port(NamedTuple):
    """An input or output of a graph."""

    name: str
    type: str
    """As ONNX Runtime calls it, such as "tensor(float)"."""
    shape: tuple[int | str | None, ...]
    """A number for each axis whose length is fixed."""


class Engine:
    """ONNX Runtime with one model; safe from several threads.

    Parameters and errors as for `Session`, but for the contract.
    """

    def __init__(self, path: Path, *, threads: int | None = None, device: str = "cpu") -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = threads or 0
        # Threads that wait in a loop would take the cores from libvips, which paints next.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = providers_of(device)
        options.enable_mem_pattern = providers[0] != "DmlExecutionProvider"  # it can't
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=list(providers)
            )
        except Exception as error:  # the runtime's errors share no base class but this
            raise ContractError(
                f"{path}: ONNX Runtime {onnxruntime.__version__} can't open this model: "
                f"{_reason(error)}"
            ) from error
        check_used(device, self._session.get_providers())
        self._options = onnxruntime.RunOptions()
        self._options.log_severity_level = 4

    @property
    def inputs(self) -> list[Port]:
        """What the graph takes, in its order."""
        return [Port(one.name, one.type, tuple(one.shape)) for one in self._session.get_inputs()]

    @property
    def outputs(self) -> list[Port]:
        """What the graph gives, in its order."""
        return [Port(one.name, one.type, tuple(one.shape)) for one in self._session.get_outputs()]

    def run(self, names: list[str], feeds: dict[str, NDArray[Any]], *, model: str) -> list[Float]:
        """Run the graph as far as some of its outputs need it.

        Parameters
        ----------
        names : of outputs
        model : its name, for messages

        Raises
        ------
        ModelError
            It can't be run.
        """
        try:
            results: list[Float] = self._session.run(names, feeds, self._options)
        except Exception as error:
            raise ModelError(f"{model}: the model can't be run: {_reason(error)}") from error
        return results


class Session:
    """A model that ONNX Runtime runs: a `Network`, safe from several threads.

    Parameters
    ----------
    path : the ONNX file
    threads : threads for each run; all cores by default
    device : where it runs, one of `devices.DEVICES`

    Raises
    ------
    ModelNotFoundError
        There is no such file.
    ContractError
        It is no ONNX model, or not one of Photochrom's.
    DeviceError
        There is no such device here.
    """

    def __init__(self, path: Path, *, threads: int | None = None, device: str = "cpu") -> None:
        self.contract = read_contract(path)
        self._engine = Engine(path, threads=threads, device=device)

    def encode(self, lightness: NDArray[Any]) -> Features:
        """Run the encoder over a picture's lightness.

        Parameters
        ----------
        lightness : (H, W) float, L* 0..100; sides of any length, padded by the edge to the
            model's stride

        Raises
        ------
        ShapeError
            Not two axes, or no pixels.
        """
        values = as_lightness(lightness)
        height, width = values.shape
        stride = self.contract.stride
        padded = np.pad(values, ((0, -height % stride), (0, -width % stride)), mode="edge")
        names = [feature.name for feature in self.contract.features]
        arrays = self._run(names, {LIGHTNESS: padded[None, None]})
        return Features(tuple(arrays), (height, width))

    def sample(self, features: Features, points: NDArray[Any]) -> Float:
        """What the encoder saw at points, for `Tokens.seen`.

        Parameters
        ----------
        points : (T, 2) float, x and y in pixels of the encoded lightness

        Returns
        -------
        (T, S) float32, interpolated bilinearly

        Raises
        ------
        UnsupportedError
            The model takes no hints.
        """
        contract = self.contract
        if not contract.token_features:
            raise UnsupportedError(
                f"The model '{contract.name}' takes no hints as tokens, and references need them.",
                advice=[Advice.SEE_MODELS],
            )
        at = np.asarray(points, dtype=np.float32)
        pairs = zip(contract.features, features.arrays, strict=True)
        maps = {feature.name: (array, feature.stride) for feature, array in pairs}
        seen = [_bilinear(*maps[name], at) for name in contract.token_features]
        return np.concatenate(seen, axis=1)

    def decode(
        self, features: Features, tokens: Tokens | None = None, planes: NDArray[Any] | None = None
    ) -> Float:
        """Run the decoder.

        Parameters
        ----------
        tokens : hints; none by default
        planes : (h, w, 3) float, a* x share, b* x share and the share of each position of the
            output that hints cover; nothing by default

        Returns
        -------
        (C, h, w) float32 with (h, w) the lightness's size / output_stride, rounded up

        Raises
        ------
        UnsupportedError
            There are hints, and the model takes none.
        """
        contract = self.contract
        feeds = {
            feature.name + DECODER_SUFFIX: array
            for feature, array in zip(contract.features, features.arrays, strict=True)
        }
        height, width = (-(-side // contract.output_stride) for side in features.size)
        if contract.token_features:
            if tokens is None:
                tokens = self._no_tokens()
            feeds |= dict(zip((SEEN, COLORS, PLACES), (part[None] for part in tokens), strict=True))
            feeds[PLANES] = self._padded_planes(features, planes)
        elif tokens is not None or planes is not None:
            raise UnsupportedError(
                f"The model '{contract.name}' takes no hints.",
                advice=[Advice.SEE_MODELS],
            )
        (output,) = self._run([OUTPUT], feeds)
        return output[0, :, :height, :width]

    def embed(self, features: Features) -> Float:
        """Run the third entrance, to the embedding that regions are read from.

        Returns
        -------
        (C, h, w) float32 with (h, w) the lightness's size / the region's stride, rounded up

        Raises
        ------
        UnsupportedError
            The model has no such entrance.
        """
        region = self.contract.region
        if region is None:
            raise UnsupportedError(f"The model '{self.contract.name}' finds no regions.")
        feeds = {
            feature.name + region.input_suffix: array
            for feature, array in zip(self.contract.features, features.arrays, strict=True)
        }
        (embedding,) = self._run([region.output], feeds)
        height, width = (-(-side // region.stride) for side in features.size)
        return embedding[0, :, :height, :width]

    def _no_tokens(self) -> Tokens:
        channels = {feature.name: feature.channels for feature in self.contract.features}
        seen = sum(channels[name] for name in self.contract.token_features)
        return Tokens(*(np.zeros((0, size), np.float32) for size in (seen, 2, 3)))

    def _padded_planes(self, features: Features, planes: NDArray[Any] | None) -> Float:
        """(1, 3, H, W) at the size of the padded lightness / output_stride."""
        pairs = zip(features.arrays, self.contract.features, strict=True)
        array, stride = min(((array, one.stride) for array, one in pairs), key=lambda pair: pair[1])
        scale = stride / self.contract.output_stride
        size = [round(side * scale) for side in array.shape[2:]]
        padded = np.zeros((1, 3, *size), np.float32)
        if planes is not None:
            height, width = planes.shape[:2]
            padded[0, :, :height, :width] = np.moveaxis(planes, -1, 0)
        return padded

    def _run(self, names: list[str], feeds: dict[str, Float]) -> list[Float]:
        return self._engine.run(names, feeds, model=self.contract.name)


def _reason(error: Exception) -> str:
    """What ONNX Runtime says of a fault, without its codes."""
    words = str(error).splitlines()[0] if str(error) else type(error).__name__
    return words.rpartition("[ONNXRuntimeError]")[2].lstrip(" :")


def _bilinear(array_1CHW: Float, stride: int, points_T2: Float) -> Float:
    """The values (T, C) of a feature at points in pixels; beyond the edge, the edge's."""
    field_HWC = np.moveaxis(array_1CHW[0], 0, -1)
    last = np.array(field_HWC.shape[1::-1]) - 1  # of x, of y
    at_T2 = np.clip(points_T2 / stride - 0.5, 0, last)
    low_T2 = at_T2.astype(int)
    high_T2 = np.minimum(low_T2 + 1, last)
    (x1_T, y1_T), (x2_T, y2_T) = low_T2.T, high_T2.T
    across_T1, down_T1 = ((at_T2 - low_T2)[:, axis, None] for axis in (0, 1))
    upper = field_HWC[y1_T, x1_T] * (1 - across_T1) + field_HWC[y1_T, x2_T] * across_T1
    lower = field_HWC[y2_T, x1_T] * (1 - across_T1) + field_HWC[y2_T, x2_T] * across_T1
    values: Float = (upper * (1 - down_T1) + lower * down_T1).astype(np.float32)
    return values
