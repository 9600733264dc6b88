"""Chromium over its debugging pipe, with as little of the debugger on as a measurement allows.

Playwright, like the developer tools, records the network: the page's own process then keeps a copy
of all that it has loaded, tens of megabytes that no visitor has.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import processes

SWITCHES = [
    "--headless",
    "--disable-gpu",
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=SpareRendererForSitePerProcess",
    "--remote-debugging-pipe",
]
PATIENCE_S = 240.0


class Chromium:
    """A running browser with one page, `about:blank` at first."""

    def __init__(self, executable: str, profile: Path) -> None:
        (self._in, to), (fro, self._out) = (os.pipe() for _ in range(2))
        words = [executable, f"--user-data-dir={profile}", *SWITCHES, "about:blank"]
        shell = ["/bin/sh", "-c", f'exec "$@" 3<&{fro} 4>&{to}', "sh", *words]
        self._process = subprocess.Popen(
            shell, pass_fds=(fro, to), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(fro)
        os.close(to)
        self._rest, self._count = b"", 0
        self._session: str | None = None
        self.call("Target.setDiscoverTargets", discover=True)
        pages = self.call("Target.getTargets")["targetInfos"]
        target = next(one for one in pages if one["type"] == "page")["targetId"]
        found = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = found["sessionId"]

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol, of the page once there is one; events are passed over."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        if self._session and not method.startswith(("Browser.", "Target.", "SystemInfo.")):
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self._rest:
                part = os.read(self._in, 1 << 20)
                if not part:
                    raise RuntimeError("Chromium has ended.")
                self._rest += part
            line, _, self._rest = self._rest.partition(b"\0")
            answer: dict[str, Any] = json.loads(line)
            if answer.get("id") == self._count:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def evaluate(self, code: str, *, by_value: bool = True) -> Any:
        """The value of an expression in the page, awaited; as a click of a person would run it."""
        found = self.call(
            "Runtime.evaluate",
            expression=code,
            awaitPromise=True,
            returnByValue=by_value,
            userGesture=True,
        )
        if "exceptionDetails" in found:
            raise RuntimeError(f"{code}: {found['exceptionDetails']}")
        return found["result"].get("value") if by_value else found["result"]["objectId"]

    def until(self, code: str) -> None:
        """Wait until an expression is true in the page."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with contextlib.suppress(RuntimeError):  # between two pages there is none
                if self.evaluate(f"Boolean({code})"):
                    return
            time.sleep(0.05)
        raise TimeoutError(code)

    def go(self, url: str) -> None:
        """Visit a page."""
        self.call("Page.navigate", url=url)

    def choose(self, button: str, file_input: str, path: Path) -> None:
        """Click a button that asks for a file, and give one."""
        self.call("Page.enable")
        self.call("Page.setInterceptFileChooserDialog", enabled=True)
        self.evaluate(f"document.querySelector({button!r}).click()")
        node = self.evaluate(f"document.querySelector({file_input!r})", by_value=False)
        self.call("DOM.setFileInputFiles", objectId=node, files=[str(path)])

    def download(self, button: str, folder: Path) -> Path:
        """Click a button that saves a file into a folder that is empty, and wait for it."""
        self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        self.evaluate(f"document.querySelector({button!r}).click()")
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            found = [one for one in folder.iterdir() if one.suffix != ".crdownload"]
            if found and found[0].stat().st_size:
                return found[0]
            time.sleep(0.05)
        raise TimeoutError(button)

    def renderer(self) -> int:
        """The page's own process, its workers' too; not those of the browser's own window."""

        def renders(pid: int) -> bool:
            command = processes.command_of(pid)
            return b"--type=renderer" in command and b"--top-chrome-webui" not in command

        found = [one for one in processes.family(self._process.pid) if renders(one)]
        return max(found, key=processes.resident_mb)

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(RuntimeError, OSError):
            self.call("Browser.close")
        self._process.wait(timeout=30)
        os.close(self._in)
        os.close(self._out)


@contextlib.contextmanager
def chromium() -> Iterator[Chromium]:
    """A Chromium of its own, with an empty profile."""
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None:
        raise RuntimeError("Chromium is not installed.")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Chromium(executable, Path(profile))
        try:
            yield browser
        finally:
            browser.close()
