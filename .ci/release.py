"""Check that version, changelog, release notes and tag say the same; print a version's notes.

python .ci/release.py [--tag v0.2.0] [--notes]
"""

import argparse
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
NAMES = ("CHANGELOG.md", "CITATION.cff", "docs/help/release-notes.md")
_HEADING = re.compile(
    r"^## \[(?P<version>[^\]]+)\](?: - (?P<date>\d{4}-\d\d-\d\d))?$", re.MULTILINE
)


def version() -> str:
    """What the package says; everything else follows."""
    text = (ROOT / "src/photochrom/version.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    if found is None:
        raise SystemExit("src/photochrom/version.py has no __version__.")
    return found[1]


def faults(
    changelog: str, citation: str, release_notes: str, *, wanted: str, tag: str = ""
) -> list[str]:
    """What doesn't say `wanted`, in words.

    Parameters
    ----------
    changelog, citation, release_notes : the texts of CHANGELOG.md, CITATION.cff and
        docs/help/release-notes.md
    tag : of the release, such as v0.2.0; none before there is one
    """
    released = [one for one in _HEADING.finditer(changelog) if one["version"] != "Unreleased"]
    newest = released[0] if released else None
    found = []
    if newest is None or newest["version"] != wanted:
        found.append(f"CHANGELOG.md's newest version is {newest and newest['version']}")
    elif newest["date"] is None:
        found.append(f"CHANGELOG.md gives {wanted} no date")
    if f"\n[{wanted}]: https://" not in changelog:
        found.append(f"CHANGELOG.md links [{wanted}] nowhere")
    if f"\nversion: {wanted}\n" not in citation:
        found.append("CITATION.cff has another version")
    elif newest is not None and f"\ndate-released: {newest['date']}\n" not in citation:
        found.append("CITATION.cff has another date than CHANGELOG.md")
    noted = re.findall(r"^## (.+)$", release_notes, re.MULTILINE)
    if noted[:1] != [wanted]:
        found.append(f"the newest release notes are of {noted[0] if noted else None}")
    if tag and tag != f"v{wanted}":
        found.append(f"the tag is {tag}")
    if tag and "## [Unreleased]" in changelog:
        found.append("CHANGELOG.md has unreleased changes")
    return found


def notes(changelog: str, wanted: str) -> str:
    """What the changelog says of a version."""
    parts = _HEADING.split(changelog)
    for number in range(1, len(parts), 3):
        if parts[number] == wanted:
            return re.split(r"^\[[^\]]+\]: ", parts[number + 2], flags=re.MULTILINE)[0].strip()
    raise SystemExit(f"CHANGELOG.md says nothing of {wanted}.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tag", default="")
    parser.add_argument("--notes", action="store_true")
    asked = parser.parse_args()
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in NAMES]
    if wrong := faults(*texts, wanted=version(), tag=asked.tag):
        raise SystemExit(f"The package's version is {version()}, but " + "; ".join(wrong) + ".")
    print(notes(texts[0], version()) if asked.notes else version())
