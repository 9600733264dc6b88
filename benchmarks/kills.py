"""kill -9 of a shard, of an actor and of a whole cluster: what is lost, differs, is done twice.

    python benchmarks/kills.py --pictures 2000

Needs what `benchmarks/machines.py` needs. A batch in a store on loopback is first done by the
threads of one process. Then it is done three times more, and when a third of the results are there,
SIGKILL ends one of two shards, an actor of a Ray cluster, or the command with all of its cluster;
`--resume` finishes the first and the last, and Ray itself the second. Counted are results that are
missing, results whose bytes aren't those of the first run, and photographs that were painted again
although their result was there.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import datetime

import obstore

from machines import COMMAND, fill, start_moto
from photochrom.batch import parts
from photochrom.pictures import stores
from photochrom.pictures.stores import Address
from processes import command_of, family

FOUND = "it was there already, without a record"
"""Said of a photograph that is done where the result is already there."""


class Run:
    """A command at work, and what it says."""

    def __init__(self, out: str, *options: str) -> None:
        words = ["colorize", "s3://bucket/in", "-o", f"s3://bucket/{out}", *options]
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the object
        self._process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *words], stdout=self._log, stderr=self._log
        )

    def below(self) -> dict[int, bytes]:
        """{process id: command line} of the command and all that it has started."""
        found: dict[int, bytes] = {}
        for one in family(self._process.pid):
            with suppress(OSError):
                found[one] = command_of(one)
        return found

    def kill(self) -> None:
        """Kill all of it at once."""
        for one in self.below():
            os.kill(one, signal.SIGKILL)

    def wait_for(self, out: str, count: int) -> None:
        """Wait until there are so many results."""
        while len(results(out)) < count:
            assert self._process.poll() is None, "it has ended too early; take more pictures"
            time.sleep(0.3)

    def end(self, *codes: int) -> int:
        """Wait for the end; how many results were met that had no record."""
        code = self._process.wait()
        self._log.seek(0)
        said = self._log.read()
        assert code in codes, f"{code}: {said[-3000:]}"
        return said.count(FOUND)


def results(out: str) -> dict[str, datetime]:
    """{name: when it was written} of all results."""
    return {
        one["path"].removeprefix(f"{out}/"): one["last_modified"]
        for chunk in obstore.list(stores._store("s3://bucket"), out)
        for one in chunk
        if parts.NAME not in one["path"]
    }


def hashes(out: str) -> dict[str, str]:
    """{name: hash of its bytes} of all results."""
    place = Address.parse(f"s3://bucket/{out}")
    return {
        key: hashlib.sha256(stores.get(place.below(key))[0]).hexdigest() for key in results(out)
    }


def show(name: str, out: str, wanted: dict[str, str], again: int) -> bool:
    """Print what became of a batch; whether all is as it should be."""
    found = hashes(out)
    lost = len(wanted.keys() - found.keys())
    differing = sum(found[key] != wanted[key] for key in wanted.keys() & found.keys())
    records = list(parts.read(Address.parse(f"s3://bucket/{out}").below(parts.NAME)))
    done = {one.output for one in records if one.status == "done"}
    print(
        f"{name:<28} lost {lost}, differing {differing}, painted again {again}; "
        f"{len(done)} of {len(wanted)} have a record",
        flush=True,
    )
    return lost == differing == 0 and done == wanted.keys()


def resumed(name: str, out: str, wanted: dict[str, str], *options: str) -> bool:
    """Do what is left, and print; a result that is written anew counts as painted again."""
    time.sleep(2)  # the store's times are whole seconds
    before = results(out)
    Run(out, "--resume", *options).end(0)
    after = results(out)
    return show(name, out, wanted, sum(after[key] != before[key] for key in before))


def main() -> None:
    """Kill and count; the exit code is 1 where something is lost or differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pictures", type=int, default=2000)
    count = parser.parse_args().pictures
    server = start_moto()
    try:
        fill(count)
        Run("straight").end(0)
        wanted = hashes("straight")
        assert len(wanted) == count

        shards = [Run("shard", "--shard", f"{n}/2", "--jobs", "2") for n in range(2)]
        shards[0].wait_for("shard", count // 3)
        shards[0].kill()
        shards[0].end(-signal.SIGKILL)
        shards[1].end(0)
        right = resumed("a shard", "shard", wanted, "--shard", "0/2")

        ray = Run("actor", "--ray", "local", "--actors", "2")
        ray.wait_for("actor", count // 3)
        actors = [one for one, words in ray.below().items() if b"ray::MapWorker" in words]
        os.kill(actors[0], signal.SIGKILL)
        right &= show("an actor of two", "actor", wanted, ray.end(0))

        ray = Run("head", "--ray", "local", "--actors", "2")
        ray.wait_for("head", count // 3)
        ray.kill()
        ray.end(-signal.SIGKILL)
        right &= resumed("the head", "head", wanted, "--ray", "local", "--actors", "2")
    finally:
        server.kill()
        server.wait()
    raise SystemExit(not right)


if __name__ == "__main__":
    main()
