"""The whole site as `make run` starts it, on an instance of its own."""

import http.client
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support.ports import free_port

TOP = Path(__file__).parents[2]


class Run:
    """A launcher on an instance and a port of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.port = free_port()
        self.output = folder / "output"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PBTRAIN_")}
        told = {
            "PBTRAIN_INSTANCE_PATH": str(folder / "instance"),
            "PORT": str(self.port),
            "HOST": "127.0.0.1",
        }
        self.environment = kept | told | {"DEMO": "0"} | environment
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pbtrain.launcher"],
                cwd=TOP,
                env=self.environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def answering(self, seconds: float = 60) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            if "pbtrain answers at" in self.said:
                return self.get("/healthz")[0] == 200
            time.sleep(0.05)
        return False

    @property
    def said(self) -> str:
        return self.output.read_text()

    def children(self) -> list[int]:
        """Every process below the launcher."""
        found, left = [], [self.process.pid]
        while left:
            parent = left.pop()
            listed = Path(f"/proc/{parent}/task/{parent}/children")
            below = [int(pid) for pid in listed.read_text().split()] if listed.exists() else []
            found += below
            left += below
        return found

    def flask(self, *words: str) -> str:
        """What a command of the site answers, typed on the same instance."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *words],
            cwd=TOP,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def kill(self) -> None:
        for pid in [*self.children(), self.process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait(5)
