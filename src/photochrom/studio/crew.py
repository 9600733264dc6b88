"""Several processes that serve one port: started, started again where one dies, and ended."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait
from pathlib import Path
from types import FrameType
from typing import Any

from photochrom.errors import JobError
from photochrom.studio.relay import Desk

END_S = 15.0
"""So long a worker may take to end."""

TRIES = 5
"""How often in a row a worker may die while it starts again, as on a machine short of memory."""


def run(count: int, work: Callable[[Desk], None], *, stands: Callable[[], object]) -> None:
    """Keep this many workers going, until Ctrl-C or SIGTERM.

    Parameters
    ----------
    count : how many
    work : what each does, in a process of its own; must be picklable
    stands : called when all have their doors

    Raises
    ------
    JobError
        This system has no Unix sockets, or a worker ends as soon as it is started: the first
        time, or `TRIES` times in a row later on, when others serve.
    """
    if not hasattr(socket, "AF_UNIX") or os.name != "posix":
        raise JobError("Several workers behind one port need Linux or macOS; start one.")
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="photochrom-") as folder, _stopping() as stopped:
        desks = [Desk(number=n, count=count, folder=Path(folder)) for n in range(count)]

        def start(desk: Desk) -> Any:
            Path(desk.door(desk.number)).unlink(missing_ok=True)
            process = context.Process(target=_work, args=(work, desk), daemon=True)
            process.start()
            return process

        crew = {desk: start(desk) for desk in desks}
        told, failed = False, dict.fromkeys(desks, 0)
        try:
            while not stopped():
                if not told and all(Path(desk.door(desk.number)).exists() for desk in desks):
                    stands()
                    told = True
                wait([process.sentinel for process in crew.values()], timeout=0.2)
                for desk, process in crew.items():
                    if process.is_alive() or stopped():
                        continue
                    came = Path(desk.door(desk.number)).exists()
                    failed[desk] = 0 if came else failed[desk] + 1
                    if failed[desk] >= (TRIES if told else 1):
                        raise JobError("A worker of the server ends as soon as it is started.")
                    crew[desk] = start(desk)
        finally:
            _end(list(crew.values()))


def _work(work: Callable[[Desk], None], desk: Desk) -> None:
    """In the worker: end with whoever has started it, however that ends."""
    parent = multiprocessing.parent_process()

    def follow() -> None:
        assert parent is not None
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, daemon=True).start()
    work(desk)


def _end(processes: list[Any]) -> None:
    for process in processes:
        process.terminate()
    until = time.monotonic() + END_S
    for process in processes:
        process.join(max(0.0, until - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


@contextmanager
def _stopping() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C, SIGTERM and a closed terminal into a question."""
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True

    ending = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # not under nohup
        ending.append(signal.SIGHUP)
    before = {one: signal.signal(one, ask) for one in ending}
    try:
        yield lambda: asked
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
