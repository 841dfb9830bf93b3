"""A browser by WebDriver (https://www.w3.org/TR/webdriver2/), as far as these tests need it."""

import base64
import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request

# Nothing that takes less than a second on an idle machine takes so long.
PATIENCE = 60  # seconds

# Keys, as WebDriver writes them.
TAB, ENTER = "\ue004", "\ue007"

ARGUMENTS = [
    "--headless",
    "--no-sandbox",  # root has none
    "--disable-dev-shm-usage",
    "--no-proxy-server",
    "--disable-features=HttpsUpgrades",
]


class Browser:
    """A Chromium without a past. A context manager."""

    def __init__(self, *arguments):
        self.arguments = [*ARGUMENTS, *arguments]

    def __enter__(self):
        self.driver = subprocess.Popen(
            [shutil.which("chromedriver"), "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        port = next(found[1] for line in self.driver.stdout if (found := re.search(r"started successfully on port (\d+)", line)))
        self.url = f"http://127.0.0.1:{port}/session"
        options = {"binary": shutil.which("chromium"), "args": self.arguments}
        capabilities = {"goog:chromeOptions": options, "timeouts": {"script": PATIENCE * 1000}}
        try:
            session = self.send("POST", "", {"capabilities": {"alwaysMatch": capabilities}})
        except BaseException:
            self.driver.kill()
            self.driver.wait()
            raise
        self.url += f"/{session['sessionId']}"
        return self

    def __exit__(self, *_):
        try:
            self.send("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.driver.stdout.close()

    def send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"content-type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=2 * PATIENCE) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            with error:
                raise RuntimeError(json.load(error)["value"]["message"]) from None

    def visit(self, url):
        self.send("POST", "/url", {"url": url})

    def reload(self):
        self.send("POST", "/refresh", {})

    def location(self):
        return self.send("GET", "/url")

    def title(self):
        return self.send("GET", "/title")

    def run(self, script, *arguments):
        """The result of a function's body."""
        return self.send("POST", "/execute/sync", {"script": script, "args": arguments})

    def press(self, text):
        """Presses one key after the other."""
        strokes = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        self.send("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]})

    def elements(self, selector):
        found = self.send("POST", "/elements", {"using": "css selector", "value": selector})
        return [next(iter(element.values())) for element in found]

    def label(self, element):
        """The name by which a screen reader knows an element."""
        return self.send("GET", f"/element/{element}/computedlabel")

    def resize(self, width, height, scale=1):
        """The size of the page in CSS pixels, and how many of the picture's pixels are one."""
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        self.tell("Emulation.setDeviceMetricsOverride", size)

    def prefer(self, scheme):
        """`light` or `dark`."""
        self.tell("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def picture(self):
        """What is seen, as PNG."""
        return base64.b64decode(self.send("GET", "/screenshot"))

    def forget_cookies(self):
        self.send("DELETE", "/cookie")

    def tell(self, command, parameters):
        """A command of the Chrome DevTools Protocol."""
        self.send("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def cookies(self):
        """The cookies of the page, by their names."""
        return {cookie["name"]: cookie for cookie in self.send("GET", "/cookie")}

    def tab(self):
        return self.send("GET", "/window")

    def new_tab(self):
        self.switch_to(self.send("POST", "/window/new", {"type": "tab"})["handle"])

    def switch_to(self, tab):
        self.send("POST", "/window", {"handle": tab})


def until(condition, what):
    """Waits for a condition, and fails when it does not come in time."""
    deadline = time.monotonic() + PATIENCE
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {PATIENCE} s")
        time.sleep(0.05)
    return result
