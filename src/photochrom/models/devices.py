"""What a model can run on: the names of devices, and ONNX Runtime's words for them."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from photochrom.errors import DeviceError

Device: TypeAlias = Literal["cpu", "cuda", "coreml", "directml", "auto"]

DEVICES: tuple[Device, ...] = get_args(Device)

CPU = "CPUExecutionProvider"
PROVIDERS = {
    "cpu": CPU,
    "cuda": "CUDAExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
}
_PACKAGES = {
    "cuda": "onnxruntime-gpu",
    "coreml": "onnxruntime on a Mac",
    "directml": "onnxruntime-directml on Windows",
}


def providers_of(device: str) -> tuple[str, ...]:
    """ONNX Runtime's execution providers for a device, the first to be tried first.

    Parameters
    ----------
    device : one of `DEVICES`; "auto" is the fastest that is there

    Raises
    ------
    DeviceError
        There is no such device, or the installed ONNX Runtime has none.
    """
    import onnxruntime  # the command line knows the names without it

    there = onnxruntime.get_available_providers()
    if device == "auto":
        return (*(one for one in PROVIDERS.values() if one in there and one != CPU), CPU)
    if device not in PROVIDERS:
        raise DeviceError(f"'{device}' is not a device; known: {', '.join(DEVICES)}.")
    provider = PROVIDERS[device]
    if provider not in there:
        had = ", ".join(name for name, one in PROVIDERS.items() if one in there)
        raise DeviceError(
            f"The installed ONNX Runtime {onnxruntime.__version__} can't use the device "
            f"'{device}'; it has: {had}. Install {_PACKAGES.get(device, 'onnxruntime')}, or "
            "choose another device."
        )
    return (provider,) if provider == CPU else (provider, CPU)


def check_used(device: str, used: list[str]) -> None:
    """Whether a session runs where it was to run: the runtime falls back in silence.

    Parameters
    ----------
    used : the session's execution providers

    Raises
    ------
    DeviceError
        It doesn't.
    """
    if device != "auto" and PROVIDERS[device] not in used:
        raise DeviceError(
            f"ONNX Runtime can't start the device '{device}': its "
            "driver or libraries are missing or of another version. Install them, or choose "
            "another device."
        )
