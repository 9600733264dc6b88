"""The photographs to try that come with the package."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent.parent / "samples"

TITLES = {
    "flower": "A flower",
    "china": "A temple in China",
    "chelsea": "Chelsea the cat",
    "astronaut": "An astronaut",
    "rocket": "A rocket at dusk",
    "mountains": "Mountains",
    "print": "A faded print",
}
"""Names of samples, and what to call them; `FOLDER` has a JPEG file for each."""
