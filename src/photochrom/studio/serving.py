"""The serve command: take a port, open the model, and serve until Ctrl-C."""

from __future__ import annotations

import ipaddress
import os
import secrets
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from photochrom.errors import Advice, JobError, MissingExtraError
from photochrom.runtime.colorizer import Colorizer
from photochrom.runtime.cores import threads_each, usable_cores
from photochrom.studio.access import MIN_TOKEN, Access
from photochrom.studio.limits import Limits

if TYPE_CHECKING:
    from photochrom.studio.relay import Desk

_BACKLOG = 512


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where to serve, and for whom; see the options of the serve command."""

    host: str = "127.0.0.1"
    port: int = 8000
    token: str = ""
    insecure: bool = False
    other_names: tuple[str, ...] = field(default=())

    def access(self) -> Access:
        """Who may come in.

        Raises
        ------
        JobError
            Others than this machine could, and there is no token; or it is short enough to be
            guessed.
        """
        host = self.host.strip("[]").lower()
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            alone, everywhere = host == "localhost", False
        else:
            alone, everywhere = address.is_loopback, address.is_unspecified
        token = self.token.strip()
        if token and len(token) < MIN_TOKEN:
            raise JobError(
                f"The token has {len(token)} characters, and could be guessed. Use at "
                f"least {MIN_TOKEN}, such as {secrets.token_urlsafe(18)}."
            )
        if not alone and not (token or self.insecure):
            raise JobError(
                f"The address {self.host} is open to other machines.",
                advice=[Advice.NAME_VISITORS],
            )
        names = {host, *(name.lower() for name in self.other_names)}
        if everywhere:
            names |= {socket.gethostname().lower(), socket.getfqdn().lower()}
        return Access(hosts=frozenset(names), any_address=everywhere, token=token)

    def listen(self) -> socket.socket:
        """Take the port.

        Raises
        ------
        JobError
            Somebody else has it, or the host is not this machine's.
        """
        host = self.host.strip("[]")
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            taken = socket.socket(family, kind, protocol)
            if os.name == "posix":
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            elif exclusive := getattr(socket, "SO_EXCLUSIVEADDRUSE", 0):
                # Windows lets others take the same port without it
                taken.setsockopt(socket.SOL_SOCKET, exclusive, 1)
            try:
                taken.bind(address)
                taken.listen(_BACKLOG)
            except OSError:
                taken.close()
                raise
        except OSError as error:
            raise JobError(
                f"{self.host}:{self.port} can't be used ({error.strerror}).",
                advice=[Advice.OTHER_PORT],
            ) from error
        return taken


def serve(
    place: Place,
    *,
    model: str | None = None,
    like: str | None = None,
    device: str = "cpu",
    limits: Limits | None = None,
    workers: int | None = None,
    processes: int = 1,
    open_browser: bool = False,
) -> None:
    """Serve until Ctrl-C.

    Parameters
    ----------
    place : where, and for whom
    model, like, device : as for `Colorizer`
    limits : how much to take upon oneself; each process, where there are several
    workers : threads, of all processes together; one for each core by default
    processes : how many serve the port
    open_browser : show the page when it stands

    Raises
    ------
    MissingExtraError
        The serve extra is not installed.
    JobError
        As for `Place.access` and `Place.listen`.
    """
    _check_extra()
    access = place.access()
    with place.listen() as listening:
        threads = max(1, (workers or usable_cores()) // processes)
        work = _Work(
            listening=listening,
            model=model,
            like=like,
            device=device,
            limits=limits or Limits.within(workers=processes),
            access=access,
            threads=threads,
        )
        address = _address(place.host, listening)
        visit = link(address, access.token)

        def stands() -> None:
            shown = visit if sys.stdout.isatty() else address  # logs need not hold the token
            print(f"Photochrom Studio: {shown}\nPress Ctrl-C to stop.", flush=True)
            if open_browser:
                threading.Thread(target=webbrowser.open, args=(visit,), daemon=True).start()

        left = False
        if processes == 1:
            left = work.do(stands=stands)
        else:
            from photochrom.studio import crew

            Colorizer(model, like=like, threads=1, device=device)  # its faults are said once
            crew.run(processes, work, stands=stands)
        print("Photochrom Studio has stopped.", flush=True)
        if left:
            sys.stderr.flush()
            os._exit(0)


def _check_extra() -> None:
    try:
        import photochrom.studio.server  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"This needs the serve extra ({error.name} is missing): pip install 'photochrom[serve]'"
        ) from error


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What one process does; goes into another by pickling."""

    listening: socket.socket
    model: str | None
    like: str | None
    device: str
    limits: Limits
    access: Access
    threads: int

    def __call__(self, desk: Desk) -> None:
        """Serve as one of several, in a process of its own."""
        if self.do(desk):
            os._exit(0)

    def do(self, desk: Desk | None = None, *, stands: Callable[[], object] | None = None) -> bool:
        """Serve until a signal comes.

        Returns
        -------
        Whether there are encoders at work that nothing stops, for nobody
        """
        from photochrom.studio.server import create_app, server_for

        cores = self.threads * (desk.count if desk else 1)
        colorizer = Colorizer(
            self.model, like=self.like, threads=threads_each(cores), device=self.device
        )
        app = create_app(
            colorizer,
            limits=self.limits,
            access=self.access,
            workers=self.threads,
            device=self.device,
            desk=desk,
        )
        doors = [self.listening, *([desk.open_door(_BACKLOG)] if desk else [])]
        if stands is not None:
            stands()
        with suppress(KeyboardInterrupt), _hanging_up_as_terminating():
            server_for(app, self.limits).run(sockets=doors)
        return bool(app.state.studio.workshop.taken)


@contextmanager
def _hanging_up_as_terminating() -> Iterator[None]:
    """A terminal that is closed ends the server as SIGTERM does, unless nohup says otherwise."""
    number = getattr(signal, "SIGHUP", None)
    if number is None or signal.getsignal(number) is not signal.SIG_DFL:
        yield
        return
    before = signal.signal(number, lambda *_: signal.raise_signal(signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(number, before)


def link(address: str, token: str) -> str:
    """What leads a browser in: the server's address, and its token if there is one."""
    return f"{address}/?token={quote(token, safe='')}" if token else address


def _address(host: str, listening: socket.socket) -> str:
    """What to type into a browser on this machine."""
    name, port = listening.getsockname()[:2]
    shown = host.strip("[]")
    if ":" in name:
        shown = "[::1]" if name == "::" else f"[{name}]"
    elif name == "0.0.0.0":
        shown = "127.0.0.1"
    return f"http://{shown}:{port}"
