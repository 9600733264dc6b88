"""Put a release's sdist into the conda-forge recipe and the Homebrew formula.

    python .ci/packagers.py DIST OUT

DIST holds the sdist that is published. OUT gets `recipe.yaml` and `photochrom.rb` with its SHA-256,
ready to be submitted; those under packaging/ have zeros there, as a file can't hold its own hash.
"""

import argparse
import hashlib
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
RECIPES = (ROOT / "packaging/conda-forge/recipe.yaml", ROOT / "packaging/homebrew/photochrom.rb")
UNKNOWN = re.compile(r'(sha256:? )"0{64}"')


def filled(recipe: str, sdist: Path) -> str:
    """A recipe with an sdist's version and hash.

    Parameters
    ----------
    recipe : the text of one of `RECIPES`
    sdist : photochrom-VERSION.tar.gz
    """
    version = sdist.name.removeprefix("photochrom-").removesuffix(".tar.gz")
    named = set(re.findall(r'(?:\n  version: "|/photochrom-)(\d+\.\d+\.\d+)', recipe))
    if named != {version}:
        raise SystemExit(f"{sdist.name}: the recipes are of {', '.join(sorted(named))}.")
    known = rf'\g<1>"{hashlib.sha256(sdist.read_bytes()).hexdigest()}"'
    text, count = UNKNOWN.subn(known, recipe)
    if count != 1:
        raise SystemExit(f"Expected one hash of 64 zeros in a recipe; found {count}.")
    return text


def write(dist: Path, out: Path) -> list[Path]:
    """Write the recipes of the sdist in a folder; returns them."""
    sdists = list(dist.glob("photochrom-*.tar.gz"))
    if len(sdists) != 1:
        raise SystemExit(f"{dist} should hold one sdist; it holds {len(sdists)}.")
    out.mkdir(parents=True, exist_ok=True)
    for recipe in RECIPES:
        text = filled(recipe.read_text(encoding="utf-8"), sdists[0])
        (out / recipe.name).write_text(text, encoding="utf-8")
    return [out / recipe.name for recipe in RECIPES]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dist", type=Path)
    parser.add_argument("out", type=Path)
    asked = parser.parse_args()
    print(*write(asked.dist, asked.out), sep="\n")
