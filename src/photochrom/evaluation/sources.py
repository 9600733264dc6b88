"""Where photographs come from: folders, and torchvision's Flowers102.

A *source* is a folder of pictures or ``flowers102:SPLIT[@ROOT]``. Nothing is decoded here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from photochrom.errors import DataError, MissingExtraError, PictureReadError
from photochrom.pictures import picture
from photochrom.pictures.folders import list_pictures

FLOWERS102_ROOT = "data/flowers102"


class Item(NamedTuple):
    """A picture of a source, before it is decoded."""

    name: str
    load: Callable[[], picture.Picture]
    label: str
    stamp: str
    """Changes when the picture does."""


def list_source(source: str, *, part: str = "train") -> list[Item]:
    """The pictures of a source, undecoded.

    Parameters
    ----------
    source : a folder, or ``flowers102:SPLIT[@ROOT]``; ROOT is data/flowers102 by default
        and is downloaded to where it lacks
    part : for a folder with a subfolder of this name, only that is taken

    Raises
    ------
    DataError
        There is no such source, or it holds no pictures.
    """
    if source.partition(":")[0] == "flowers102":
        return _list_flowers102(source)
    folder = Path(source).expanduser()
    if (folder / part).is_dir():
        folder = folder / part
    items = []
    for path in list_pictures(folder):
        relative = path.relative_to(folder)
        status = path.stat()
        items.append(
            Item(
                name=relative.as_posix(),
                load=partial(picture.read, path),
                label=relative.parts[0] if len(relative.parts) > 1 else "",
                stamp=f"{relative.as_posix()} {status.st_size} {status.st_mtime_ns}",
            )
        )
    return items


def _list_flowers102(source: str) -> list[Item]:
    """The official splits, as torchvision has them."""
    try:
        from torchvision.datasets import Flowers102
    except ImportError as error:
        raise MissingExtraError(
            f"{source}: needs torchvision; pip install 'photochrom[train]'."
        ) from error

    splits, _, root = source.partition(":")[2].partition("@")
    root = root or FLOWERS102_ROOT
    items: list[Item] = []
    for split in splits.split("+"):
        if split not in {"train", "val", "test"}:
            raise DataError(
                f"{source}: '{split}' is not a split of Flowers102; write flowers102:SPLIT[@ROOT] "
                "with SPLIT train, val, test or a sum such as train+val."
            )
        try:
            try:
                flowers = Flowers102(root, split=split, download=False)
            except RuntimeError:  # torchvision's word for "not there"
                flowers = Flowers102(root, split=split, download=True)
        except (OSError, RuntimeError) as error:
            raise DataError(
                f"{source}: Flowers102 is not at {root} and can't be downloaded ({error})."
            ) from error

        items += [
            Item(f"{split}/{i}", partial(_load_flower, flowers, i), "", f"{split} {i} {root}")
            for i in range(len(flowers))
        ]
    return items


def _load_flower(flowers: Any, index: int) -> picture.Picture:
    name = f"flowers102[{index}]"
    try:
        srgb = np.asarray(flowers[index][0])
    except OSError as error:  # Pillow's word for "missing or broken"
        raise PictureReadError(f"{name}: can't be read ({error}).") from error
    return picture.from_array(srgb, name=name)
