"""Drives Chromium over a pipe by its DevTools protocol; needs nothing beside Python's own library.

https://chromedevtools.github.io/devtools-protocol/: messages are JSON, each ended by a zero byte,
on descriptors 3 (to the browser) and 4 (from it).
"""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ["chromium", "chromium-browser", "google-chrome"]
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe",
]


def find():
    """The browser's path, or none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """A browser with one page."""

    def __init__(self, path, seconds=20):
        self.folder = tempfile.mkdtemp(prefix="tripline-browser-")
        to_read, self.to = os.pipe()
        self.back, back_write = os.pipe()
        # The browser expects these two numbers.
        command = 'exec "$@" 3<&%d 4>&%d' % (to_read, back_write)
        self.process = subprocess.Popen(
            ["bash", "-c", command, "bash", path, *FLAGS, f"--user-data-dir={self.folder}", "about:blank"],
            pass_fds=[to_read, back_write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(back_write)
        self.seconds, self.buffer, self.number = seconds, b"", 0
        self.session, self.answers, self.events = None, {}, []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Network", "Log", "DOM"]:
            self.send(f"{domain}.enable")

    def close(self):
        """Ends the browser and removes what it wrote."""
        try:
            self.session = None
            self.send("Browser.close")
            self.process.wait(10)
        except Exception:
            self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def send(self, method, **params):
        """Sends a command, waits for its answer; events that come meanwhile are kept."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        end, number = time.time() + self.seconds, self.number
        while number not in self.answers:
            if not self.read(end - time.time()):
                raise TimeoutError(f"no answer to {method}")
        answer = self.answers.pop(number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def read(self, seconds):
        """Takes what the browser says within a time; false if it says nothing."""
        if not select.select([self.back], [], [], max(seconds, 0))[0]:
            return False
        data = os.read(self.back, 1 << 20)
        if not data:
            raise RuntimeError("the browser ended")
        self.buffer += data
        *messages, self.buffer = self.buffer.split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self.answers[message["id"]] = message
            else:
                self.events.append((message["method"], message["params"]))
        return True

    def wait(self, what, method):
        """Waits for an event that comes after now."""
        end = time.time() + self.seconds
        while not any(name == method for name, _ in self.events):
            if not self.read(end - time.time()):
                raise TimeoutError(f"{what}: no {method}")

    def settle(self, seconds=0.15):
        """Reads events until nothing has come for a time."""
        while self.read(seconds):
            pass

    def open(self, url):
        """Loads a page; gives the events since the call."""
        self.settle(0)
        self.events = []
        self.send("Page.navigate", url=url)
        self.wait(url, "Page.loadEventFired")
        self.settle()
        return self.events

    def run(self, script):
        """A value of a script in the page."""
        result = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, userGesture=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{script}: {result['exceptionDetails'].get('exception', result)}")
        return result["result"].get("value")

    def submit(self, script):
        """Runs a script that leads to another page; waits for that page."""
        self.settle(0)
        self.events = []
        self.run(script)
        self.wait(script, "Page.loadEventFired")
        self.settle()
        return self.events

    def until(self, script, seconds=None):
        """Waits until a script gives something true."""
        end = time.time() + (seconds or self.seconds)
        while time.time() < end:
            try:
                if value := self.run(script):
                    return value
            except RuntimeError:
                pass  # The page is being replaced.
            self.settle(0.1)
        raise TimeoutError(f"never true: {script}")

    def key(self, name):
        """Presses a key."""
        code = {"Tab": 9, "Enter": 13, "Escape": 27, "/": 191}[name]
        text = {"text": "\r"} if name == "Enter" else {"text": name} if len(name) == 1 else {}
        for kind in ["keyDown", "keyUp"]:
            self.send("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code, **(text if kind == "keyDown" else {}))

    def size(self, width, height, scheme):
        """Another window, another colour scheme."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def shot(self, path):
        """A picture of the whole page."""
        size = self.send("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 6000), "scale": 1}
        data = self.send("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
