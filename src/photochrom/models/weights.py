"""Model name -> verified file: one that ships in the package or was added, or a path."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from photochrom.errors import Advice, ModelError, ModelNotFoundError
from photochrom.models.added import AddedModel, added_models
from photochrom.models.contract import ModelIdentity
from photochrom.models.file import digest_of

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
    like: str = ""

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
    """The file of a model, checked against its recorded hash where it has a name.

    Parameters
    ----------
    model : the name of a model that ships or was added, the path of an ONNX file, or None for
        the default

    Raises
    ------
    ModelNotFoundError
        It is none of these.
    ModelError
        The file behind the name is damaged, another one, or gone.
    """
    if model is None:
        return _verified(shipped_models()[0])
    named = find_named(model)
    if named is not None:
        return _verified(named) if isinstance(named, ShippedModel) else named.verified()
    path = Path(model).expanduser()
    if path.is_file():
        return path
    names = ", ".join(one.name for one in named_models())
    raise ModelNotFoundError(
        f"'{model}' is neither a shipped or added model ({names}) nor a file.",
        advice=[Advice.SEE_MODELS],
    )


def named_models() -> tuple[ShippedModel | AddedModel, ...]:
    """All models with a name: those in the package, the default one first, then the added ones."""
    return (*shipped_models(), *added_models())


def find_named(model: str | os.PathLike[str]) -> ShippedModel | AddedModel | None:
    """The model of a name; None for what is a path, if anything."""
    return next((one for one in named_models() if model == one.name), None)


def find_identity(wanted: ModelIdentity) -> ShippedModel | AddedModel | None:
    """The model with a name here that another place knew by its name and its file's hash.

    Returns
    -------
    One of the same file, whatever its name is here; else one of the same name, whose file is
    another one; else None
    """
    same_file = [one for one in named_models() if wanted.sha256 and one.sha256 == wanted.sha256]
    named = next((one for one in same_file if one.name == wanted.name), None)
    return named or next(iter(same_file), None) or find_named(wanted.name)


def _verified(model: ShippedModel) -> Path:
    try:
        digest = digest_of(model.path)
    except OSError as error:
        raise ModelError(
            f"{model.path}: the model's file is missing ({error.strerror}). "
            "Install photochrom again."
        ) from error
    if digest != model.sha256:
        raise ModelError(f"{model.path}: the model's file is damaged. Install photochrom again.")
    return model.path
