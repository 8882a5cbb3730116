# SPDX-License-Identifier: GPL-2.0
"""
A headless Chromium by the DevTools protocol: messages in JSON, each with a zero byte at its end,
through the two pipes that the browser inherits as descriptors 3 and 4.
"""
import json
import os
import shutil
import subprocess

BROWSERS = "chromium-headless-shell", "chromium"
OPTIONS = (
    "--headless", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--no-sandbox",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--no-proxy-server", "--hide-scrollbars",
)


class Browser:
    """One tab. What it says by itself is in `events`, in the order in which it came."""

    def __init__(self, folder, log):
        found = next(filter(None, map(shutil.which, BROWSERS)))
        theirs, self.to = os.pipe()
        self.answers, ours = os.pipe()
        self.process = subprocess.Popen(
            ["sh", "-c", 'exec "$@" 3<&"$IN" 4>&"$OUT"', "sh", found, *OPTIONS,
             f"--user-data-dir={folder}", "about:blank"],
            env={**os.environ, "IN": str(theirs), "OUT": str(ours), "HOME": folder},
            pass_fds=(theirs, ours), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        os.close(theirs)
        os.close(ours)
        self.n, self.rest, self.events, self.session = 0, b"", [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in "Page", "Runtime", "Log", "Network":
            self.call(f"{domain}.enable")

    def message(self):
        while b"\0" not in self.rest:
            more = os.read(self.answers, 1 << 16)
            if not more:
                raise EOFError("the browser ended")
            self.rest += more
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **params):
        self.n += 1
        call = {"id": self.n, "method": method, "params": params}
        if self.session:
            call["sessionId"] = self.session
        os.write(self.to, json.dumps(call).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") != self.n:
                self.events.append(message)
            elif "error" in message:
                raise RuntimeError(f"{method}: {message['error']['message']}")
            else:
                return message["result"]

    def evaluate(self, expression):
        """Its value; a promise is waited for."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"]["description"])
        return result["result"].get("value")

    def of(self, method):
        return [event["params"] for event in self.events if event.get("method") == method]

    def show(self, width, height, scheme):
        """The size of the window in CSS pixels, and what prefers-color-scheme says."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": scheme}])

    def close(self):
        try:
            self.call("Browser.close")
        except (EOFError, OSError):
            pass
        self.process.wait()
