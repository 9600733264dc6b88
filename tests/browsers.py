"""The browser that the tests of pages run: Chromium, best without its windows.

Debian has that as chromium-headless-shell. It takes a third less processor time, and knows
nothing of what belongs to windows, such as installing a page as an app.
"""

import shutil

WHOLE = shutil.which("chromium") or shutil.which("google-chrome")
"""Chromium with its windows, or None."""

CHROMIUM = shutil.which("chromium-headless-shell") or WHOLE
"""What runs most tests, or None."""

SWITCHES = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
