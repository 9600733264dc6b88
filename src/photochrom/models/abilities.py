"""What a model can't do of what can be asked for, by its contract."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from photochrom.errors import Advice, UnsupportedError
from photochrom.models.contract import ModelContract
from photochrom.models.file import has_contract, read_contract


class Reason(StrEnum):
    """Why a model can't do something."""

    COLORS = "colors"
    """It answers with colors."""
    TOKENS = "tokens"
    """It takes no hints as tokens."""


WORDS = {
    Reason.COLORS: "It answers with colors, not with a distribution over them.",
    Reason.TOKENS: "It takes no hints as tokens, which references become, too.",
}

_FOUND = {
    Reason.COLORS: "answers with colors, not with a distribution",
    Reason.TOKENS: "takes no hints as tokens",
}

ALWAYS = ("hints", "locks", "vividness", "tone")
"""What works with every model."""

SOMETIMES = ("palette", "reference", "alternatives", "confidence")
"""What not every model can do."""


def refusals(contract: ModelContract) -> dict[str, Reason]:
    """What of `SOMETIMES` a model can't do, and why."""
    if contract.output != "distribution":
        return dict.fromkeys(SOMETIMES, Reason.COLORS)
    if not contract.token_features:
        return dict.fromkeys(("reference", "alternatives"), Reason.TOKENS)
    return {}


def check_able(contract: ModelContract, *asked: str) -> None:
    """See that a model can do what is asked for.

    Parameters
    ----------
    asked : names of `SOMETIMES`, or "distribution"

    Raises
    ------
    UnsupportedError
        It can't do all of it; the message names what.
    """
    cannot = refusals(contract)
    if "confidence" in cannot:
        cannot["distribution"] = cannot["confidence"]
    refused = [name for name in asked if name in cannot]
    if refused:
        raise UnsupportedError(
            f"The model '{contract.name}' {_FOUND[cannot[refused[0]]]}, and can't do this: "
            f"{', '.join(refused)}.",
            advice=[Advice.SEE_MODELS],
        )


def refusals_of(path: Path) -> dict[str, Reason]:
    """The same of a model's file, which isn't opened for that; another maker's gives colors.

    Raises
    ------
    ModelNotFoundError, ContractError
        As for `file.read_contract`.
    """
    if has_contract(path):
        return refusals(read_contract(path))
    return dict.fromkeys(SOMETIMES, Reason.COLORS)
