"""A real JupyterLab and a real Chromium, for tests that need the whole chain.

    with Lab() as lab, lab.notebook(["vis = FeatureVis()", "vis"]) as page: ...

The server runs in folders of its own, with its own token and port; notebooks are
asked through JupyterLab's own objects (`window.jupyterapp`), kernels directly
through their connection file, so that a question needs no cell.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ROOT = Path(__file__).parents[2]
PANEL = "window.jupyterapp.shell.currentWidget"
KERNEL = f"{PANEL}.sessionContext.session.kernel"

PATIENCE_S = 180.0
"""Longest wait for anything: many times what a busy machine of two cores needs. A test
that passes does not take longer for it."""

HARMLESS = (
    "the server responded with a status of 404",  # Lab looks for settings not yet saved
    "Failed to load resource: net::ERR_INTERNET_DISCONNECTED",
)


class Lab:
    """A JupyterLab server in its own folders."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="lucid-lab-"))
        self.notebooks = self.home / "notebooks"
        self.token = secrets.token_hex(16)
        self.url = ""
        self.environment: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Lab:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        self.notebooks.mkdir()
        runtime = self.home / "runtime"
        self._write_settings()
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("JUPYTER")
        }
        self.environment |= {
            "JUPYTER_CONFIG_DIR": str(self.home / "config"),
            "JUPYTER_RUNTIME_DIR": str(runtime),
            "JUPYTERLAB_SETTINGS_DIR": str(self.home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self.home / "workspaces"),
            "IPYTHONDIR": str(self.home / "ipython"),
            "PYTHONPATH": str(ROOT),
            "TF_CPP_MIN_LOG_LEVEL": "2",
        }
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        options = {
            "ServerApp.port": 0,
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.root_dir": self.notebooks,
            "IdentityProvider.token": self.token,
            "LabApp.expose_app_in_browser": True,
            "LabApp.extension_manager": "readonly",
        }
        command += [f"--{name}={value}" for name, value in options.items()]
        with (self.home / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.notebooks,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_for(lambda: self._find_port(runtime), "JupyterLab to start")

    def _write_settings(self) -> None:
        folder = self.home / "settings/@jupyterlab/apputils-extension"
        folder.mkdir(parents=True)
        quiet = {
            "fetchNews": "false",
            "checkForUpdates": False,
            "doNotDisturbMode": True,
        }
        (folder / "notification.jupyterlab-settings").write_text(json.dumps(quiet))

    def _find_port(self, runtime: Path) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError((self.home / "server.log").read_text())
        for file in runtime.glob("jpserver-*.json"):
            with contextlib.suppress(json.JSONDecodeError, OSError):
                self.url = f"http://127.0.0.1:{json.loads(file.read_text())['port']}/"
                self.request("api/status")
                return True
        return False

    def request(self, path: str, method: str = "GET") -> Any:
        """Ask the server's REST interface."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            headers={"Authorization": f"token {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def end_kernels(self) -> None:
        """Shut down every kernel."""
        for kernel in self.request("api/kernels"):
            with contextlib.suppress(OSError):
                self.request(f"api/kernels/{kernel['id']}", "DELETE")

    def __exit__(self, *exception: object) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            with contextlib.suppress(Exception):
                self.end_kernels()
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(5)
        if not os.environ.get("KEEP_LAB"):
            shutil.rmtree(self.home, ignore_errors=True)

    def write(self, name: str, cells: list[str]) -> str:
        """Write a notebook of code cells; return its name."""
        notebook = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
            "cells": [
                {
                    "id": f"cell-{number}",
                    "cell_type": "code",
                    "metadata": {},
                    "execution_count": None,
                    "outputs": [],
                    "source": source,
                }
                for number, source in enumerate(cells)
            ],
        }
        (self.notebooks / name).write_text(json.dumps(notebook))
        return name


class Notebook:
    """One notebook, open in a page of a browser.

    Args:
        lab: the server.
        page: a playwright page.
        name: of the notebook.
    """

    def __init__(self, lab: Lab, page: Any, name: str) -> None:
        self.lab, self.page, self.name = lab, page, name
        self.problems: list[str] = []
        self._client: Any = None
        page.set_default_timeout(PATIENCE_S * 1000)
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("dialog", lambda dialog: dialog.accept())

    def _note(self, message: Any) -> None:
        if message.type == "error" and not any(h in message.text for h in HARMLESS):
            self.problems.append(message.text)

    def open(self, *, kernel: bool = True) -> None:
        """Load the page, and wait for the notebook, and for its kernel."""
        workspace = f"lab/workspaces/w{secrets.token_hex(4)}/tree/{self.name}"
        address = f"{self.lab.url}{workspace}?token={self.lab.token}"
        self.page.goto(address, wait_until="domcontentloaded")
        self.wait_until_ready(kernel=kernel)

    def wait_until_ready(self, *, kernel: bool = True) -> None:
        """Wait for the notebook, and for its kernel."""
        self.until(f"{PANEL}?.context?.isReady", "window.jupyterapp &&")
        if kernel:
            self.until(
                f"{PANEL}.sessionContext.session?.kernel?.connectionStatus"
                f" === 'connected' && {KERNEL}.status === 'idle'"
            )

    def until(
        self, expression: str, before: str = "", timeout: float = PATIENCE_S
    ) -> None:
        """Wait until a JavaScript expression is true in the page."""
        self.page.wait_for_function(
            f"() => Boolean({before} {expression})", timeout=timeout * 1000
        )

    def command(self, name: str, *, wait: bool = True) -> None:
        """Carry out one of JupyterLab's commands."""
        action = "await" if wait else "void"
        self.page.evaluate(
            f"async name => {{ {action} window.jupyterapp.commands.execute(name); }}",
            name,
        )

    def run(self, cell: int, *, wait: bool = True) -> None:
        """Run a cell, and wait until it is done."""
        self.select(cell)
        self.command("notebook:run-cell", wait=wait)

    def select(self, cell: int) -> None:
        """Make a cell the active one."""
        self.page.evaluate(
            f"cell => {{ {PANEL}.content.deselectAll();"
            f" {PANEL}.content.activeCellIndex = cell; }}",
            cell,
        )

    def outputs(self, cell: int) -> list[dict[str, Any]]:
        """Return a cell's outputs as they would be saved."""
        return self.page.evaluate(
            f"cell => {PANEL}.content.model.toJSON().cells[cell].outputs", cell
        )

    def save(self) -> dict[str, Any]:
        """Save the notebook, and return what is in the file."""
        self.command("docmanager:save")
        return json.loads((self.lab.notebooks / self.name).read_text())

    def ask(self, code: str, timeout: float = PATIENCE_S) -> Any:
        """Return the value of a Python expression in the notebook's kernel."""
        if self._client is None:
            self._client = self._connect()
        reply = self._client.execute(
            "",
            silent=True,
            user_expressions={"value": f"repr({code})"},
            reply=True,
            timeout=timeout,
        )
        result = reply["content"]["user_expressions"]["value"]
        assert result["status"] == "ok", result
        text = eval(result["data"]["text/plain"])
        try:
            return eval(text, {"nan": float("nan"), "inf": float("inf")})
        except Exception:
            return text

    def _connect(self) -> Any:
        from jupyter_client.blocking.client import BlockingKernelClient

        kernel = self.page.evaluate(f"() => {KERNEL}.id")
        file = self.lab.home / "runtime" / f"kernel-{kernel}.json"
        client = BlockingKernelClient(connection_file=str(file))
        client.load_connection_file()
        # Questions are held until the kernel is there. `wait_for_ready` would wait until
        # the kernel says nothing for a while, which a run that shows itself does not do.
        client.start_channels(iopub=False, stdin=False, hb=False, control=False)
        return client

    def close(self) -> None:
        """Close the page, and end its kernel."""
        if self._client is not None:
            self._client.stop_channels()
        with contextlib.suppress(Exception):
            self.page.close()
        self.lab.end_kernels()

    # The widget -----------------------------------------------------------------

    def widget(self, number: int = 0) -> Any:
        """Return the locator of a displayed `FeatureVis`."""
        return self.page.locator(".jp-OutputArea .lucid-feature-vis").nth(number)

    def picture(self, number: int = 0) -> Any:
        """Return the locator of a picture."""
        return self.page.locator('.jp-OutputArea [role="img"]').nth(number)

    def button(self, name: str, number: int = 0) -> Any:
        """Return the locator of a button of a widget."""
        return self.widget(number).get_by_role("button", name=name, exact=True)

    def step(self, number: int = 0) -> int:
        """Return the step that the picture's label tells."""
        label = self.picture(number).get_attribute("aria-label") or ""
        words = label.rpartition("step ")[2].split()
        return int(words[0]) if words and words[0].isdecimal() else -1

    def wait_for_step(self, step: int, number: int = 0) -> None:
        """Wait until a picture shows a step, or a later one."""
        wait_for(lambda: self.step(number) >= step, f"step {step}")

    def wait_for_rest(self, number: int = 0) -> None:
        """Wait until a run has paused or ended, and its last picture has come."""
        self.button("Play", number).wait_for()
        last = ""
        while (now := self.pixels(number)) != last:
            last = now
            time.sleep(1.0)

    def pixels(self, number: int = 0) -> str:
        """Return a digest of the pixels on screen."""
        return self.page.evaluate(
            """async number => {
                const canvases = document.querySelectorAll(
                    '.jp-OutputArea [role="img"] canvas');
                const canvas = canvases[number];
                if (!canvas || !canvas.width) return '';
                const {data} = canvas.getContext('2d')
                    .getImageData(0, 0, canvas.width, canvas.height);
                const hash = await crypto.subtle.digest('SHA-1', data);
                return [...new Uint8Array(hash)].map(b => b.toString(16)).join('');
            }""",
            number,
        )


def wait_for(
    condition: Callable[[], Any], what: str, timeout: float = PATIENCE_S
) -> Any:
    """Wait until something is true, and return it."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {timeout} s for {what}"
        time.sleep(0.05)


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """Yield a headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        yield browser
        browser.close()
