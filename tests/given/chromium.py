"""A browser that a test drives by keys and clicks, over Chromium's debugging pipe."""

import base64
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.given.waiting import wait_for

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--no-first-run",
)
"""A browser without a window that asks nobody for anything."""
_WAIT_S = 60.0
_ARRIVED = (
    "!window.left && location.href !== 'about:blank' "
    "&& document.readyState === 'complete'"
)
_MIDDLE = """(selector) => {
  const element = document.querySelector(selector);
  element.scrollIntoView({ block: "center" });
  const box = element.getClientRects()[0];
  return [box.x + box.width / 2, box.y + box.height / 2];
}"""
# DOM name of a key, to its code and the text that it types.
_CODES = {
    "Enter": (13, "\r"),
    "Backspace": (8, ""),
    "PageUp": (33, ""),
    "PageDown": (34, ""),
    "ArrowLeft": (37, ""),
    "ArrowUp": (38, ""),
    "ArrowRight": (39, ""),
    "ArrowDown": (40, ""),
}


class Page:
    """A page in a browser; what it logs as errors is in `complaints`."""

    def __init__(self, to: int, back: int):
        self._to, self._back = to, back
        self._rest, self._number, self._session = b"", 0, ""
        self.complaints: list[str] = []

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Sends a command of the DevTools protocol, and returns its result."""
        self._number += 1
        told = {"id": self._number, "method": method, "params": params}
        if self._session:
            told["sessionId"] = self._session
        os.write(self._to, json.dumps(told).encode() + b"\0")
        deadline = time.monotonic() + _WAIT_S
        while time.monotonic() < deadline:
            found = self._read()
            if found.get("id") == self._number:
                assert "error" not in found, found
                result: dict[str, Any] = found["result"]
                return result
            self._note(found)
        raise TimeoutError(method)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._back, 1 << 16)
            assert more, "the browser is gone"
            self._rest += more
        line, self._rest = self._rest.split(b"\0", 1)
        found: dict[str, Any] = json.loads(line)
        return found

    def _note(self, event: dict[str, Any]) -> None:
        if event["method"] == "Log.entryAdded":
            self.complaints.append(event["params"]["entry"]["text"])
        if event["method"] == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(event["params"]))

    def attach(self) -> None:
        """Opens a tab; all further commands are for it."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        found = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = found["sessionId"]
        for domain in ("Page", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def open(self, file: Path) -> None:
        """Opens a file, and waits until it is there."""
        self.go(file.as_uri())

    def go(self, url: str) -> None:
        """Opens an address, and waits until its page is there."""
        self.ask("window.left = true")  # the same page may be open already
        self.call("Page.navigate", url=url)
        self.until(_ARRIVED)

    def click(self, selector: str) -> None:
        """Clicks as a hand does: in the middle of what is seen."""
        x, y = self.ask(f"({_MIDDLE})({json.dumps(selector)})")
        for kind in ("mousePressed", "mouseReleased"):
            where = {"x": x, "y": y, "button": "left", "clickCount": 1}
            self.call("Input.dispatchMouseEvent", type=kind, **where)

    def follow(self, selector: str) -> None:
        """Clicks a link, and waits until the page that it leads to is there."""
        self.ask("window.left = true")
        self.click(selector)
        self.until(_ARRIVED)

    def resize(self, width: int, height: int, *, mobile: bool = False) -> None:
        """Makes the window so large, in CSS pixels; or a phone with such a screen."""
        size = {"width": width, "height": height, "mobile": mobile}
        self.call("Emulation.setDeviceMetricsOverride", deviceScaleFactor=1, **size)

    def ask(self, expression: str) -> Any:
        """Returns the value of an expression in the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    def until(self, expression: str) -> None:
        """Waits until an expression is true."""
        wait_for(lambda: bool(self.ask(expression)), expression, _WAIT_S, every_s=0.05)

    def press(self, *keys: str, code: str = "", held: int = 0) -> None:
        """Presses keys one after another.

        Args:
          keys: what they type, or their DOM names.
          code: where the key is, as the DOM says; empty if nobody asks.
          held: how often each repeats itself.
        """
        for key in keys:
            number, text = _CODES.get(key, (ord(key[0].upper()), key))
            told = {"key": key, "windowsVirtualKeyCode": number, "code": code}
            for again in range(held + 1):
                more = {"text": text, "autoRepeat": again > 0}
                self.call("Input.dispatchKeyEvent", type="keyDown", **told, **more)
            self.call("Input.dispatchKeyEvent", type="keyUp", **told)

    def screenshot(self, file: Path) -> None:
        """Writes what is seen as PNG."""
        found = self.call("Page.captureScreenshot")
        file.write_bytes(base64.b64decode(found["data"]))


@contextmanager
def browser(chromium: str, profile: Path, downloads: Path) -> Iterator[Page]:
    """Gives a page in a browser of its own; what it saves goes to `downloads`."""
    to_read, to_write = os.pipe()
    back_read, back_write = os.pipe()
    # The pipe's ends are 3 and 4 in the browser, by its rule.
    script = f'exec "$@" 3<&{to_read} 4>&{back_write}'
    options = [*QUIET, "--remote-debugging-pipe", f"--user-data-dir={profile}"]
    process = subprocess.Popen(
        ["bash", "-c", script, "bash", chromium, *options],
        pass_fds=(to_read, back_write),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_read)
    os.close(back_write)
    page = Page(to_write, back_read)
    try:
        page.call(
            "Browser.setDownloadBehavior",
            behavior="allow",
            downloadPath=str(downloads),
        )
        page.attach()
        yield page
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)
        os.close(to_write)
        os.close(back_read)


def saved(folder: Path) -> Path:
    """Returns the file that the browser has saved, once it grows no more."""
    sizes = []
    for _ in range(400):
        found = list(folder.glob("*.csv"))
        sizes.append(found[0].stat().st_size if found else 0)
        if sizes[-1] and sizes[-5:] == [sizes[-1]] * 5:
            return found[0]
        time.sleep(0.05)
    raise AssertionError("nothing was saved")


def open_sheet(tab: Page, file: Path) -> None:
    """Opens a label sheet, and waits until it takes what is typed for the name.

    The browser sets the focus after it has loaded the page, on a busy machine later.
    """
    tab.open(file)
    tab.until("document.activeElement.id === 'rater'")
