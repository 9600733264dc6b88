"""Print the lowest versions that pyproject.toml allows, as constraints for pip.

Of the dependencies, and of the extras that are named on the command line.
"""

import re
import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def lowest(project: dict, extras: list[str]) -> list[str]:
    """``name==version`` for every ``name>=version``; nothing else is a bound of ours."""
    requirements = list(project["dependencies"])
    for extra in extras:
        requirements += project["optional-dependencies"][extra]
    pinned = []
    for requirement in requirements:
        found = re.fullmatch(r"([\w-]+)(?:\[[\w,]+\])?>=([\d.]+)", requirement)
        if found is None:
            raise SystemExit(f"{PYPROJECT}: '{requirement}' is not of the form name>=version.")
        pinned.append("==".join(found.groups()))
    return pinned


if __name__ == "__main__":
    content = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))
    print("\n".join(lowest(content["project"], sys.argv[1:])))
