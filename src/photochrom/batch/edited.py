"""The edits of a batch's photographs, and the models that they were made with."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from photochrom.errors import Advice, EditsError
from photochrom.models.contract import ModelIdentity
from photochrom.models.weights import find_identity
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.edits import Edits, edits_beside
from photochrom.runtime.recent import Recent

KEPT = 2
"""How many models are kept open in addition to the batch's own."""


class Own(NamedTuple):
    """The edits of one photograph, and the model that paints it."""

    edits: Edits
    colorizer: Colorizer
    remarks: tuple[str, ...] = ()
    """What there is to say where that isn't the model of the edits."""


class Edited:
    """Edits in a folder, each painted with the model of its own; safe from several threads.

    Parameters
    ----------
    folder : where the files of edits are
    own : the model for edits that name none
    open_ : opens another one by its name; None where all are to be painted with `own`
    """

    def __init__(
        self, folder: Path, own: Colorizer, open_: Callable[[str], Colorizer] | None
    ) -> None:
        self._folder, self._own, self._open = folder, own, open_
        self._others: Recent[Colorizer] = Recent(KEPT)
        self._opening = threading.Lock()
        self.found = False
        """Whether any photograph had edits."""

    def of(self, photograph: Path) -> Own | None:
        """What was asked for a photograph; None where there are no edits of it.

        Raises
        ------
        EditsError
            They can't be read, or their model isn't here.
        ModelError
            Their model can't be used.
        """
        edits = edits_beside(photograph, self._folder)
        if edits is None:
            return None
        self.found = True
        wanted = edits.model
        colorizer = self._own if wanted is None else self._colorizer(wanted, photograph)
        remarks = () if wanted is None else _remarks(wanted, colorizer.contract.identity)
        return Own(edits, colorizer, remarks)

    def model_of(self, photograph: Path) -> ModelIdentity:
        """Which model is to paint a photograph; nothing is opened."""
        try:
            edits = edits_beside(photograph, self._folder)
        except EditsError:  # it is said when it is painted
            edits = None
        wanted = None if edits is None else edits.model
        if wanted is None or self._open is None:
            return self._own.contract.identity
        found = find_identity(wanted)
        return wanted if found is None else ModelIdentity(found.name, sha256=found.sha256)

    def _colorizer(self, wanted: ModelIdentity, photograph: Path) -> Colorizer:
        own = self._own.contract.identity
        if self._open is None or own.sha256 == wanted.sha256:
            return self._own
        found = find_identity(wanted)
        if found is None:
            raise EditsError(
                f"{photograph}: its edits were made with the model '{wanted.name}', which is not "
                f"here{f' (SHA-256 {wanted.sha256})' if wanted.sha256 else ''}. Add it.",
                advice=[Advice.NAME_MODEL],
            )
        if found.sha256 == own.sha256:
            return self._own
        with self._opening:
            name, open_ = found.name, self._open
            return self._others.once((name, found.sha256), lambda: open_(name))


def _remarks(wanted: ModelIdentity, found: ModelIdentity) -> tuple[str, ...]:
    """What there is to say where edits are painted with this model; nothing where it is theirs."""
    if found.sha256 == wanted.sha256 or found.same_as(wanted):
        return ()
    if found.name == wanted.name:
        other = f"another file of the model '{found.name}'"
    else:
        other = f"the model '{wanted.name}', and '{found.name}' painted"
    return (f"its edits were made with {other}; its colors may differ",)
