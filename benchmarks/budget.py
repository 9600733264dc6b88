"""What a large batch takes, on paper: core-hours, requests, bytes and cost, prices as inputs.

    python benchmarks/budget.py --pictures 10e6 --megapixels 1

CPU seconds a photograph are `base + slope x megapixels`, through what was measured on 2 cores of a
server: 0.104 s at 1 megapixel (benchmarks/batch.py), 0.358 s at 12 (benchmarks/runtime.py). Measure
your own and give them.
"""

from __future__ import annotations

import argparse

LISTED = 1000
"""Keys in one answer of a store."""

PART = 500
"""Records in a part of the manifest."""


def budget(given: argparse.Namespace) -> dict[str, float]:
    """All figures, by their names."""
    count = given.pictures
    cpu_s = given.base_s + given.slope_s * given.megapixels
    core_hours = count * cpu_s / 3600
    lists = given.shards * 2 * count / LISTED + count / LISTED
    puts = count + count / PART
    read = count * given.megapixels * given.bytes_a_pixel * 1e6
    requests = (lists + puts) / 1000 * given.put_price + count / 1000 * given.get_price
    return {
        "CPU s each": cpu_s,
        "core-hours": core_hours,
        "GET requests": count,
        "PUT requests": puts,
        "LIST requests": lists,
        "TB read": read / 1e12,
        "TB written": read * given.growth / 1e12,
        "cost of cores": core_hours * given.core_price,
        "cost of requests": requests,
        "cost of storage a month": read * given.growth / 1e9 * given.storage_price,
        f"days on {given.cores:.0f} cores": core_hours / given.cores / 24,
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, value, words in (
        ("pictures", 10e6, "how many"),
        ("megapixels", 1.0, "of each"),
        ("base_s", 0.081, "CPU seconds of each, whatever its size"),
        ("slope_s", 0.0231, "CPU seconds a megapixel"),
        ("bytes_a_pixel", 0.3, "of the photographs as files"),
        ("growth", 1.25, "bytes of a result by those of its photograph"),
        ("shards", 16, "processes that list all keys, or 1 with Ray"),
        ("cores", 256, "at work at once"),
        ("core_price", 0.02, "of a core-hour"),
        ("put_price", 0.005, "of 1,000 PUT or LIST requests"),
        ("get_price", 0.0004, "of 1,000 GET requests"),
        ("storage_price", 0.023, "of a GB a month"),
    ):
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=float, default=value, help=f"{words}; {value:g}"
        )
    for name, value in budget(parser.parse_args()).items():
        print(f"{name:<26} {value:>14,.3f}" if value < 10 else f"{name:<26} {value:>14,.0f}")


if __name__ == "__main__":
    main()
