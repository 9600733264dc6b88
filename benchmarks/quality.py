"""The tables of docs/results.md: models over sets of photographs, as Markdown.

    python benchmarks/quality.py resnet18-gray --data data/flowers data/natural \
        flowers102:test@data/flowers102

`--json FOLDER` also keeps every figure; `--limit N` measures fewer photographs of each.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from photochrom.evaluation.report import evaluate, to_markdown


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="+")
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    for data in options.data:
        for model in options.models:
            started = time.perf_counter()
            report = evaluate(model, data, limit=options.limit)
            print(f"### {report.model} on {data}, {report.pictures} photographs\n")
            print(to_markdown(report), end="\n\n", flush=True)
            print(f"{model} on {data}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
            if options.json:
                options.json.mkdir(parents=True, exist_ok=True)
                name = f"{Path(model).stem}-{Path(data.partition('@')[0]).name}.json"
                text = json.dumps(report.to_dict(), indent=2, ensure_ascii=False)
                (options.json / name.replace(":", "-")).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
