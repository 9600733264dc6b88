"""The models that visitors choose from: those that have names here, and the one at work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from photochrom.errors import ModelError
from photochrom.models.abilities import refusals, refusals_of
from photochrom.models.added import AddedModel
from photochrom.models.weights import ShippedModel, find_named, named_models
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.recent import Recent
from photochrom.studio.problems import Problem

KEPT = 2
"""How many models are kept open in addition to the server's own."""

HASH_LENGTH = 64
"""Of a SHA-256 in hexadecimal."""

OPENING = 3
"""Opening a model takes about this many times the size of its file."""


class Choice:
    """Opens models by their names or their hashes, never by paths; safe from several threads.

    Parameters
    ----------
    own : the model that the server was started with
    open_ : opens another one
    """

    def __init__(self, own: Colorizer, open_: Callable[[str], Colorizer]) -> None:
        self.own = own
        self._open = open_
        self._others: Recent[Colorizer] = Recent(KEPT)
        self._opening = threading.Lock()

    def colorizer(self, name: str | None) -> Colorizer:
        """The model of a name or a hash, ready to run; None is the server's own.

        Raises
        ------
        Problem
            422: there is none, or it can't be opened.
        """
        if name is None or self._is_own(name):
            return self.own
        one = _found(name)
        if one is None:
            what = f"'{name}'" if len(name) < HASH_LENGTH else f"with the SHA-256 {name}"
            raise _unusable(f"There is no model {what} here any more, or there never was.")
        try:
            with self._opening:
                return self._others.once((one.name, one.sha256), lambda: self._open(one.name))
        except ModelError as error:
            raise _unusable(str(error)) from error

    def opening_bytes(self, name: str | None) -> int:
        """How much memory it takes to open a model that isn't open."""
        one = None if name is None or self._is_own(name) else _found(name)
        if one is None or self._others.get((one.name, one.sha256)) is not None:
            return 0
        return OPENING * _size(one)

    def facts(self) -> tuple[list[dict[str, Any]], str]:
        """What there is to say of each model, and the name of the server's own."""
        found = [_facts(one) for one in named_models()]
        name, contract = self._own_name(), self.own.contract
        if name not in {one["name"] for one in found}:
            own = {"name": name, "default": False, "domain": contract.domain, "like": ""}
            own |= {"licence": contract.licence, "size_bytes": 0, "fault": ""}
            own |= {"sha256": contract.sha256}
            found.append(own | {"cannot": refusals(contract)})
        return found, name

    def _is_own(self, name: str) -> bool:
        return name in (self._own_name(), self.own.contract.sha256)

    def _own_name(self) -> str:
        """What the server's own model is called: by its own name, if no other has that here."""
        contract = self.own.contract
        named = named_models()
        same = next((one.name for one in named if one.sha256 == contract.sha256), None)
        if same is not None:
            return same
        taken = {one.name for one in named}
        return f"{contract.name} (file)" if contract.name in taken else contract.name


def _found(name: str) -> ShippedModel | AddedModel | None:
    """The model of a name or a hash; None where there is none."""
    by_hash = (one for one in named_models() if one.sha256 == name)
    return find_named(name) or next(by_hash, None)


def _facts(one: ShippedModel | AddedModel) -> dict[str, Any]:
    fault = ""
    cannot: dict[str, Any] = {}
    try:
        cannot = dict(refusals_of(one.path))
        if not one.path.is_file():
            fault = "gone"
    except ModelError:
        fault = "damaged"
    return {
        "name": one.name,
        "default": one.default,
        "domain": one.domain,
        "like": one.like,
        "licence": one.licence,
        "size_bytes": _size(one),
        "sha256": one.sha256,
        "cannot": cannot,
        "fault": fault,
    }


def _size(one: ShippedModel | AddedModel) -> int:
    return one.size_bytes if one.path.is_file() else 0


def _unusable(detail: str) -> Problem:
    return Problem(422, detail, title="The model can't be used", kind="model")
