"""Model name -> verified file: one that ships in the package, or a path."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from photochrom.errors import Advice, ModelError, ModelNotFoundError

FOLDER = Path(__file__).parent.parent / "weights"
INDEX = FOLDER / "models.json"


@dataclass(frozen=True, kw_only=True)
class ShippedModel:
    """A model in the package, as `weights/models.json` describes it."""

    name: str
    file: str
    sha256: str
    domain: str
    licence: str
    default: bool = False

    @property
    def path(self) -> Path:
        """Where its file is."""
        return FOLDER / self.file

    @property
    def size_bytes(self) -> int:
        """The size of its file."""
        return self.path.stat().st_size


def shipped_models() -> tuple[ShippedModel, ...]:
    """The models in the package, the default one first."""
    entries = json.loads(INDEX.read_text(encoding="utf-8"))
    models = [ShippedModel(**entry) for entry in entries]
    return tuple(sorted(models, key=lambda model: not model.default))


def find_model(model: str | os.PathLike[str] | None = None) -> Path:
    """The file of a model, checked against its recorded hash where it ships in the package.

    Parameters
    ----------
    model : a shipped model's name, the path of an ONNX file, or None for the default

    Raises
    ------
    ModelNotFoundError
        It is neither.
    ModelError
        The shipped file is damaged.
    """
    models = shipped_models()
    if model is None:
        return _verified(models[0])
    for shipped in models:
        if model == shipped.name:
            return _verified(shipped)
    path = Path(model).expanduser()
    if path.is_file():
        return path
    names = ", ".join(shipped.name for shipped in models)
    raise ModelNotFoundError(
        f"'{model}' is neither a shipped model ({names}) nor a file.",
        advice=[Advice.SEE_MODELS],
    )


def _verified(model: ShippedModel) -> Path:
    try:
        digest = hashlib.sha256(model.path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(
            f"{model.path}: the model's file is missing ({error.strerror}). "
            "Install photochrom again."
        ) from error
    if digest != model.sha256:
        raise ModelError(f"{model.path}: the model's file is damaged. Install photochrom again.")
    return model.path
