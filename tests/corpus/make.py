"""Make the corpus: a small file for every kind of file that was once read or written wrongly.

    PYTHONPATH=tests python -m corpus.make

writes the files beside this module. It needs Pillow, and for HEIC pillow-heif, whose encoder is
under the GPL; without it the HEIC files stay as they are. All pictures are computed: nobody's
photographs are among them. What should become of each file stands in
tests/pictures/test_corpus.py, and the fuzz test starts from them.
"""

from __future__ import annotations

import sys

from corpus import jpegs, modern, pngs, tiffs  # noqa: F401 - each lists its files
from corpus.makers import FOLDER, MAKERS


def main() -> None:
    """Write all files."""
    for name, make in MAKERS.items():
        try:
            (FOLDER / name).write_bytes(make())
        except ImportError as error:
            print(f"{name} stays as it is: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
