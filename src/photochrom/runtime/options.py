"""What can be asked for a photograph; the command line and the server take it from here.

Light to import: the command line needs it to say what it can do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from photochrom.errors import NoAlternativeError
from photochrom.pictures.defaults import MAX_PIXELS, QUALITY

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photochrom.pictures.picture import Picture
    from photochrom.runtime.alternatives import Alternative
    from photochrom.runtime.asked import Reference
    from photochrom.runtime.border import Box
    from photochrom.runtime.hints import Hint, Lock
    from photochrom.runtime.lasso import Lasso
    from photochrom.runtime.prepared import Prepared
    from photochrom.runtime.tone import Tone


def _option(default: Any, help_: str, **limits: float) -> Any:
    return field(default=default, metadata={"help": help_, "limits": limits})


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to colorize a photograph and how to write the result.

    Each field's metadata holds its ``help`` and its ``limits``; `help_for` and `limits_for`
    give them.
    """

    hints: tuple[Hint, ...] = _option((), "Set known colors at points of the picture.")
    palette: tuple[str, ...] = _option(
        (), "Restrict the result to these colors, such as #aa3377,#ddeeaa."
    )
    vividness: float = _option(
        1.0, "Set the vividness: 0 calm, 1 the model's own choice, 2 very vivid.", min=0, max=2
    )
    lock: tuple[Lock, ...] = _option((), "Protect places from hints given elsewhere.")
    likeness: float = _option(
        1.0, "Follow the reference this far: 0 not at all to 1 fully.", min=0, max=1
    )
    warmth: float = _option(0.0, "Shift the whole picture: -1 cooler to 1 warmer.", min=-1, max=1)
    tint: float = _option(0.0, "Shift the whole picture: -1 greener to 1 pinker.", min=-1, max=1)
    strength: float = _option(
        1.0, "Set the strength of all colors: 0 gray to 1 full.", min=0, max=1
    )
    lassos: tuple[Lasso, ...] = _option(
        (), "Give parts of the picture a vividness, warmth, tint or strength of their own."
    )
    alternative: int = _option(
        0, "Select one of the other plausible results; 0 is the usual one.", min=0, max=8
    )
    seed: int = _option(0, "Set the random seed of the alternatives.", min=0, max=2**32 - 1)
    only_gray: bool = _option(False, "Skip pictures that already have colors.")
    provenance: bool = _option(True, "Record in the metadata that the colors were generated.")
    quality: int = _option(
        QUALITY, "Set the quality of JPEG, WebP and AVIF output.", min=1, max=100
    )
    lossless: bool = _option(False, "Write WebP and AVIF without loss.")
    max_pixels: int = _option(MAX_PIXELS, "Reject larger pictures.", min=1)
    allow_damaged: bool = _option(False, "Accept damaged files and use what can be decoded.")

    def paint(
        self,
        prepared: Prepared,
        *,
        reference: Reference | None = None,
        copy: Picture | None = None,
    ) -> Picture:
        """Paint a photograph that has been through the encoder.

        Parameters and errors as for `Prepared.paint`.

        Raises
        ------
        NoAlternativeError
            There is no such alternative.
        """
        look = self._look(prepared)
        return prepared.paint(**look, reference=reference, provenance=self.provenance, copy=copy)

    def coefficients(
        self, prepared: Prepared, *, reference: Reference | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], Box | None]:
        """`Prepared.coefficients`. Parameters and errors as for `paint`."""
        return prepared.coefficients(**self._look(prepared), reference=reference)

    def _look(self, prepared: Prepared) -> dict[str, Any]:
        return {
            "hints": self.all_hints(prepared),
            "palette": self.palette,
            "likeness": self.likeness,
            "vividness": self.vividness,
            "lock": self.lock,
            "tone": self.tone,
            "lassos": self.lassos,
        }

    @property
    def tone(self) -> Tone:
        """Warmth, tint and strength."""
        from photochrom.runtime.tone import Tone

        return Tone(warmth=self.warmth, tint=self.tint, strength=self.strength)

    def all_hints(self, prepared: Prepared) -> Sequence[Hint]:
        """The hints of the chosen alternative, and over them those that were given."""
        if not self.alternative:
            return self.hints
        found = prepared.alternatives(self.alternative, seed=self.seed)
        return self.chosen(found, prepared.picture.name).hints

    def chosen(self, found: Sequence[Alternative], name: str) -> Options:
        """The same with the hints of one of the alternatives that were found, below its own.

        Parameters
        ----------
        name : the photograph's, for messages

        Raises
        ------
        NoAlternativeError
            There is no such alternative.
        """
        if len(found) < self.alternative:
            several = f"there are {len(found)} alternatives"
            count = several if len(found) != 1 else "there is 1 alternative"
            raise NoAlternativeError(f"{name}: {count}, not {self.alternative}.")
        return replace(self, hints=(*found[self.alternative - 1].hints, *self.hints), alternative=0)


DEFAULTS = Options()


def limits_for(name: str) -> dict[str, Any]:
    """The least and the greatest value of an option, ``min`` and ``max``, where it has such."""
    return dict(next(one.metadata["limits"] for one in fields(Options) if one.name == name))


def help_for(name: str) -> str:
    """The help text of an option."""
    return next(str(one.metadata["help"]) for one in fields(Options) if one.name == name)
