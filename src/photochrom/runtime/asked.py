"""What is asked of `Prepared.paint` and its like: each thing of its kind, said before any work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from photochrom.kinds import another_kind, check_number
from photochrom.models.network import Tokens
from photochrom.pictures.picture import Picture
from photochrom.runtime.hints import Hint, Lock
from photochrom.runtime.lasso import Lasso
from photochrom.runtime.tone import Tone


@dataclass(frozen=True, eq=False)
class Reference:
    """A color photograph that the encoder has looked at; see `Colorizer.reference`."""

    name: str
    tokens: Tokens

    def joined(self, other: Reference) -> Reference:
        """Both, to be followed together."""
        return Reference(f"{self.name}, {other.name}", self.tokens.joined(other.tokens))


_ONE: dict[str, tuple[type, str]] = {
    "reference": (Reference, "a Reference, which Colorizer.reference makes of a photograph"),
    "tone": (Tone, "a Tone, such as Tone(warmth=0.2)"),
    "copy": (Picture, "a Picture, which photochrom.read makes of a file"),
}
_SEVERAL: dict[str, tuple[type, str]] = {
    "hints": (Hint, "a sequence of Hint, such as [Hint.at(40, 30, '#c22')]"),
    "lock": (Lock, "a sequence of Lock, such as [Lock(points=((40, 30),))]"),
    "lassos": (Lasso, "a sequence of Lasso, such as [Lasso(points=((0, 0), (9, 0), (9, 9)))]"),
    "palette": (str, "a sequence of colors, such as ['#aa3377', '#ddeeaa']"),
}
_OPTIONAL = {"reference", "copy"}


def check_asked(**asked: object) -> None:
    """Check that arguments of `Prepared.paint` are of their kinds.

    Raises
    ------
    OptionError
        One isn't.
    """
    for name, value in asked.items():
        if name in _OPTIONAL and value is None:
            continue
        if name in _ONE:
            kind, wanted = _ONE[name]
            if not isinstance(value, kind):
                raise another_kind(name, value, wanted)
        elif name in _SEVERAL:
            kind, wanted = _SEVERAL[name]
            if not isinstance(value, Sequence) or isinstance(value, str | bytes):
                raise another_kind(name, value, wanted)
            for one in value:
                if not isinstance(one, kind):
                    raise another_kind(name, one, wanted)
        else:
            check_number(name, value)
