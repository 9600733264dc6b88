"""The only place that makes an ONNX Runtime session.

Axes: 1 batch, C channels, H height, W width.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from photochrom.contract import DECODER_SUFFIX, LIGHTNESS, METADATA_KEY, OUTPUT, ModelContract
from photochrom.errors import ContractError, ModelError, ModelNotFoundError, ShapeError

Float = NDArray[np.float32]


class Features(NamedTuple):
    """What the encoder saw in a picture: arrays (1, C, H / stride, W / stride)."""

    arrays: tuple[Float, ...]
    size: tuple[int, int]
    """(height, width) of the lightness that was encoded."""


class Session:
    """A model, ready to run; safe from several threads.

    Parameters
    ----------
    path : the ONNX file
    threads : threads for each run; all cores by default
    providers : ONNX Runtime's execution providers, in order; the CPU by default

    Raises
    ------
    ModelNotFoundError
        There is no such file.
    ContractError
        It is no ONNX model, or not one of Photochrom's.
    """

    def __init__(
        self,
        path: Path,
        *,
        threads: int | None = None,
        providers: tuple[str, ...] = ("CPUExecutionProvider",),
    ) -> None:
        if not path.is_file():
            raise ModelNotFoundError(f"{path}: there is no such model file.")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = threads or 0
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=list(providers)
            )
        except Exception as error:  # the runtime's errors share no base class but this
            raise ContractError(f"{path}: this is no ONNX model that can be run here.") from error
        text = self._session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        if text is None:
            raise ContractError(
                f"{path}: an ONNX model, but not one of Photochrom's. Make one with "
                "photochrom export."
            )
        self.contract = ModelContract.from_json(text, name=str(path))
        self._options = onnxruntime.RunOptions()
        self._options.log_severity_level = 4

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
        values = np.asarray(lightness, dtype=np.float32)
        if values.ndim != 2 or values.size == 0:
            raise ShapeError(f"lightness has shape {values.shape}; (height, width) is wanted.")
        height, width = values.shape
        stride = self.contract.stride
        padded = np.pad(values, ((0, -height % stride), (0, -width % stride)), mode="edge")
        names = [feature.name for feature in self.contract.features]
        arrays = self._run(names, {LIGHTNESS: padded[None, None]})
        return Features(tuple(arrays), (height, width))

    def decode(self, features: Features) -> Float:
        """Run the decoder.

        Returns
        -------
        (C, h, w) float32 with (h, w) the lightness's size / output_stride, rounded up
        """
        feeds = {
            feature.name + DECODER_SUFFIX: array
            for feature, array in zip(self.contract.features, features.arrays, strict=True)
        }
        (output,) = self._run([OUTPUT], feeds)
        height, width = (-(-side // self.contract.output_stride) for side in features.size)
        return output[0, :, :height, :width]

    def _run(self, names: list[str], feeds: dict[str, Float]) -> list[Float]:
        try:
            results: list[Float] = self._session.run(names, feeds, self._options)
        except Exception as error:
            raise ModelError(f"{self.contract.name}: the model can't be run: {error}") from error
        return results
