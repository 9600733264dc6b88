"""Models are added to a person's folder, checked, and removed. Nothing is downloaded."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from photochrom.errors import Advice, ContractError, ModelError, ModelNotFoundError
from photochrom.models import added, descriptor
from photochrom.models.added import AddedModel
from photochrom.models.file import digest_of, has_contract, metadata_of, read_contract
from photochrom.models.foreign import Foreign
from photochrom.models.graph import check_graph
from photochrom.models.network import Network
from photochrom.models.opening import open_model
from photochrom.models.weights import shipped_models

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_OF_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that Windows keeps for itself."""

_LICENSE_KEYS = ("license", "licence")
_LICENSE_LENGTH = 200
_BEGUN, _LEFT_S = ".adding-", 86_400
SAMPLE_PX = 256
MOST_AB = 200.0
"""Colors of a* and b* lie below; see `color.srgb_to_lab`."""

FAINT_AB = 1.5
"""Colors that lie below all over a picture are none, or are given in another unit."""


def add(
    source: Path,
    *,
    like: str | None = None,
    name: str | None = None,
    licence: str = "",
    replace: bool = False,
) -> AddedModel:
    """Copy a model's file into the folder, once it is seen that it can be used.

    Parameters
    ----------
    source : an ONNX file: from `photochrom export`, or another maker's
    like : of which known kind it is; else a descriptor beside the file says what it is
    name : what to call it; by default as the file
    licence : what its maker allows; by default what the file, its descriptor or its kind says
    replace : put it in the place of an added model of that name

    Raises
    ------
    ModelNotFoundError
        There is no such file.
    ContractError
        It is no model that can be used here, nothing describes it, or its descriptor doesn't suit
        it; or nobody says under which license it is.
    ModelError
        The name can't be, or belongs to another model; or the folder can't be written.
    """
    if not source.is_file():
        raise ModelNotFoundError(f"{source}: the file does not exist.")
    name = _free_name(name if name is not None else source.stem, replace=replace)
    check_graph(source)
    table = _table_for(source, like)
    with _beginning(source) as place:
        copy = place / f"{name}.onnx"
        shutil.copyfile(source, copy)
        note = copy.with_suffix(".toml")
        try:
            table["licence"] = _licence_of(copy, licence, table.get("licence", ""))
            table["sha256"] = digest_of(copy)
            note.write_text(_toml(table), encoding="utf-8")
            check(open_model(copy))
        except ModelError as error:  # it is the source that a person knows
            text = str(error).replace(str(note), str(source.with_suffix(".toml")))
            raise type(error)(text.replace(str(copy), str(source)), advice=error.advice) from error
        kept = added.folder()
        (kept / note.name).unlink(missing_ok=True)
        copy.replace(kept / copy.name)
        note.replace(kept / note.name)
    found = added.find_added(name)
    assert found is not None
    return found


def check(network: Network) -> tuple[str, ...]:
    """Run a model over a sample, and see that what it gives can be colors.

    Returns
    -------
    What is odd, in words; nothing where nothing is

    Raises
    ------
    ModelError
        It can't be run, or what it gives can't be colors.
    ContractError
        What it gives doesn't follow the lightness of the sample, as it would at its scale.
    """
    contract = network.contract
    if isinstance(network, Foreign):
        network.check_scale()
    y, x = np.mgrid[:SAMPLE_PX, :SAMPLE_PX] / np.float32(SAMPLE_PX)
    lightness = 50 + 22 * (np.sin(2 * np.pi * (x + 0.25)) + np.sin(4 * np.pi * y))
    given = network.decode(network.encode(lightness.astype(np.float32)))
    if not np.isfinite(given).all():
        raise ModelError(f"The model '{contract.name}' gives colors that are not finite.")
    if contract.output == "distribution":
        return ()
    most = float(np.abs(given).max())
    if most > MOST_AB:
        raise ContractError(
            f"The model '{contract.name}' gives a* and b* up to {most:.0f} over a sample; expected "
            f"at most {MOST_AB:.0f}. Try another gain or offset, or another kind."
        )
    if most < FAINT_AB:
        return (
            f"its a* and b* reach only {most:.2f} over a sample, which is almost gray; if that is "
            "unexpected, try another gain",
        )
    return ()


def check_added(model: AddedModel, *, device: str = "cpu") -> tuple[str, ...]:
    """See that an added model is whole and can be used. Returns and raises as `check`."""
    model.verified()
    return check(open_model(model.name, device=device))


def remove(name: str) -> None:
    """Remove an added model's file and its note.

    Raises
    ------
    ModelNotFoundError
        There is no such model.
    ModelError
        It ships with the package, or can't be removed.
    """
    if name in {one.name for one in shipped_models()}:
        raise ModelError(f"'{name}' ships with Photochrom and can't be removed.")
    model = added.find_added(name)
    if model is None:
        names = ", ".join(one.name for one in added.added_models()) or "none"
        raise ModelNotFoundError(
            f"'{name}' is not an added model; added models: {names}.", advice=[Advice.SEE_MODELS]
        )
    try:
        model.path.with_suffix(".toml").unlink()
        model.path.unlink(missing_ok=True)
    except OSError as error:
        raise ModelError(f"{model.path}: can't be removed ({error.strerror}).") from error


def _free_name(name: str, *, replace: bool) -> str:
    """A name that a model may have here."""
    if not _NAME.fullmatch(name) or name.endswith(".") or _OF_DEVICES.fullmatch(name):
        raise ModelError(
            f"'{name}' is not a valid model name; expected 1 to 64 letters, digits, dots, dashes "
            "and underscores, the first a letter or digit.",
            advice=[Advice.OTHER_NAME],
        )
    if name.lower() in {one.name.lower() for one in shipped_models()}:
        raise ModelError(
            f"'{name}' is the name of a model that ships with Photochrom.",
            advice=[Advice.OTHER_NAME],
        )
    for other in added.added_models():
        if other.name.lower() == name.lower() and not (replace and other.name == name):
            raise ModelError(
                f"A model named '{other.name}' already exists.",
                advice=[Advice.OTHER_NAME, Advice.REPLACE],
            )
    return name


def _table_for(source: Path, like: str | None) -> dict[str, Any]:
    """What describes a file: nothing but its own contract, a kind, or the descriptor beside it."""
    beside = source.with_suffix(".toml")
    if has_contract(source):
        if like is not None:
            raise ContractError(
                f"{source}: this is one of Photochrom's own models, which describe themselves; it "
                f"is not like {like}."
            )
        return {}
    if like is not None:
        return {"like": like, "licence": descriptor.like(like).licence}
    if not beside.is_file():
        raise ContractError(
            f"{source}: nothing describes this model; expected a descriptor, {beside.name}, beside "
            f"it. Known kinds: {', '.join(descriptor.KINDS)}.",
            advice=[Advice.DESCRIBE_MODEL],
        )
    read = dataclasses.asdict(descriptor.read_descriptor(beside))
    usual = {one.name: one.default for one in dataclasses.fields(descriptor.Descriptor)}
    if read["like"]:
        usual |= dataclasses.asdict(descriptor.like(read["like"])) | {"like": ""}
    return {key: value for key, value in read.items() if value != usual[key]} | {
        "licence": read["licence"]
    }


def _licence_of(path: Path, said: str, usual: str) -> str:
    """Under which license a model is; the file's own word goes before a kind's.

    Parameters
    ----------
    said : by the person who adds it
    usual : of its descriptor or its kind
    """
    metadata = {key.lower(): value.strip() for key, value in metadata_of(path).items()}
    own = next((metadata[key] for key in _LICENSE_KEYS if metadata.get(key)), "")
    if not own and has_contract(path):
        own = read_contract(path).licence
    if own and said and own.casefold() != said.casefold():
        raise ContractError(f"{path}: the file itself states the license '{own}', not '{said}'.")
    named = own or said or usual
    licence = " ".join(named.split())
    if not licence:
        raise ContractError(
            f"{path}: no license is stated for this model.", advice=[Advice.NAME_LICENSE]
        )
    if len(licence) > _LICENSE_LENGTH or not licence.isprintable():
        raise ContractError(
            f"{path}: the license '{licence[:40]}...' is not a name; expected at most "
            f"{_LICENSE_LENGTH} printable characters.",
            advice=[Advice.NAME_LICENSE],
        )
    return licence


@contextmanager
def _beginning(source: Path) -> Iterator[Path]:
    """A place inside the folder where a model comes together."""
    kept = added.folder()
    try:
        kept.mkdir(parents=True, exist_ok=True)
        for left in kept.glob(f"{_BEGUN}*"):  # by a run that was killed
            if time.time() - left.stat().st_mtime > _LEFT_S:
                shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=_BEGUN, dir=kept) as place:
            yield Path(place)
    except OSError as error:
        raise ModelError(f"{source}: can't be copied to {kept} ({error.strerror}).") from error


def _toml(table: dict[str, Any]) -> str:
    """A table of texts, numbers and lists of numbers as TOML."""
    lines = []
    for key, value in table.items():
        plain = list(value) if isinstance(value, tuple) else value
        lines.append(f"{key} = {json.dumps(plain, ensure_ascii=False)}\n")
    return "".join(lines)
