"""What the routes share: the model, open pictures and films, threads, and memory for work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from starlette.requests import Request

from photochrom.pictures.footprint import EACH_BYTES, Footprint
from photochrom.pictures.stopping import Stop
from photochrom.runtime.asked import Reference
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.memory import Budget
from photochrom.studio.choice import Choice
from photochrom.studio.films import Films
from photochrom.studio.held import Held
from photochrom.studio.limits import Limits
from photochrom.studio.problems import CLIENT_GONE, Problem, busy
from photochrom.studio.relay import Desk
from photochrom.studio.shelf import Shelf
from photochrom.studio.workshop import Workshop

Result = TypeVar("Result")


class Studio:
    """What the routes share.

    Parameters
    ----------
    choice : the models
    limits : how much the server takes upon itself
    workers : threads
    desk : the place among other processes behind the same port; None where this is the only one
    """

    def __init__(
        self, choice: Choice, *, limits: Limits, workers: int, desk: Desk | None = None
    ) -> None:
        self.choice, self.limits, self.desk = choice, limits, desk
        self.shelf = Shelf(limits)
        self.workshop = Workshop(workers, waiting=limits.waiting)
        self.budget = Budget(limits.work_bytes)
        self.films = Films(choice.own, limits=limits, budget=self.budget, desk=desk)

    async def work(
        self,
        request: Request,
        task: Callable[[], Result],
        *,
        needs: int = EACH_BYTES,
        subject: str = "this request",
    ) -> Result:
        """Do something in a thread; let go of it when nobody waits for the answer any more.

        Parameters
        ----------
        task : what to do
        needs : bytes of memory that it takes; it waits until they are free
        subject : what it is about, for messages

        Raises
        ------
        MemoryBudgetError
            There never are.
        Problem
            503: the queue is full, or it has taken too long; 499: the client has gone.
        """
        gone, stop = asyncio.ensure_future(_until_gone(request)), Stop()
        try:
            async with asyncio.timeout(self.limits.work_s):
                await self._admit(gone, needs, subject)
                try:
                    future = self.workshop.begin(partial(_stoppable, task, stop))
                except Problem:
                    self.budget.give(needs)
                    raise
                future.add_done_callback(lambda _: self.budget.give(needs))
                try:
                    return await _first(asyncio.wrap_future(future), gone)
                finally:
                    if not future.done():
                        stop.stop()
        except TimeoutError:
            raise busy("This took too long; try a smaller picture, or try later.") from None
        finally:
            gone.cancel()

    async def _admit(self, gone: asyncio.Future[None], needs: int, subject: str) -> None:
        """Wait until there is enough memory, and take it."""
        if self.budget.waiting >= self.limits.waiting:
            raise busy("The server is busy; try again in a moment.")
        granted = self.budget.ask(needs, subject=subject)
        try:
            await _first(asyncio.wrap_future(granted), gone)
        except BaseException:
            if not granted.cancel():
                self.budget.give(needs)
            raise

    def keep(self, held: Held) -> None:
        """Put a picture on the shelf; its id says which process holds it."""
        if self.desk is not None:
            held.id = self.desk.id(held.id)
        self.shelf.put(held)

    def reference(self, id_: str | None) -> Callable[[Colorizer], Reference | None]:
        """How to get the reference of an id for a model; to be called where the work is done.

        Raises
        ------
        Problem
            404: there is no such picture; 409: another process holds it.
        """
        if id_ is None:
            return lambda colorizer: None
        self._check_ours(id_)
        return self.shelf.get(id_).reference

    def needs(self, held: Held, *, model: str | None = None, reference: str | None = None) -> int:
        """How much memory it takes to paint a preview of an open picture.

        Parameters
        ----------
        model : its name, if it isn't the server's own
        reference : a picture's id

        Errors as for `reference`.
        """
        if reference:
            self._check_ours(reference)
        example = self.shelf.get(reference) if reference else None
        found = EACH_BYTES if example is None else example.footprint.reading + EACH_BYTES
        return found + (0 if model is None else self.model_bytes(held.footprint, model))

    def model_bytes(self, footprint: Footprint, model: str) -> int:
        """How much memory it takes to open a model and show it a picture."""
        return footprint.reading + self.choice.opening_bytes(model)

    def _check_ours(self, id_: str) -> None:
        if self.desk is None or self.desk.holder(id_) in (None, self.desk.number):
            return
        raise Problem(
            409,
            "The reference was opened at another of this server's processes. Send the cookies that "
            "the server sets when pictures are opened, so that all of them come to the same one.",
            kind="other-worker",
        )


def _stoppable(task: Callable[[], Result], stop: Stop) -> Result:
    with stop.over():
        return task()


async def _first(future: asyncio.Future[Result], gone: asyncio.Future[None]) -> Result:
    """The result of a future; it is canceled where the client goes, or the time is up."""
    try:
        both: set[asyncio.Future[Any]] = {future, gone}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if future.done():
            return future.result()
        raise Problem(CLIENT_GONE, "")
    finally:
        future.cancel()


async def _until_gone(request: Request) -> None:
    """Returns when nobody waits for the answer any more."""
    with suppress(Problem):  # of the rest of a body that nobody wanted
        while (await request.receive())["type"] != "http.disconnect":
            pass
