"""A real Spark standalone cluster on loopback, from pip's pyspark: master and workers.

pip's pyspark has no `start-master.sh`, so the classes are started themselves. Every
process is stopped by its own pid, every wait ends.
"""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.given.waiting import wait_for


@dataclass
class Cluster:
    """A running cluster.

    Args:
      home: the folder of pip's pyspark.
      folder: for logs and work.
      port: of the master.
      page_port: of its web page; any if 0.
      processes: by name: master, worker-1, worker-2 ...
    """

    home: Path
    folder: Path
    port: int
    page_port: int = 0
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The master's address."""
        return f"spark://127.0.0.1:{self.port}"

    def log(self, name: str) -> str:
        """Returns what a process has logged so far."""
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start_worker(self, name: str, cores: int = 1, memory: str = "2g") -> None:
        """Starts a worker and waits until the master knows it."""
        options = ["--host", "127.0.0.1", "--port", "0", "--webui-port", "0"]
        options += ["--cores", str(cores), "--memory", memory]
        options += ["--work-dir", str(self.folder / name), self.url]
        self._start(name, "org.apache.spark.deploy.worker.Worker", *options)
        self._await(name, "Successfully registered with master")

    def start_master(self) -> None:
        """Starts the master and waits until it lives."""
        # Two workers that make it at once fail, and one then takes no executor.
        (self.folder / "local").mkdir(exist_ok=True)
        options = ["--host", "127.0.0.1", "--port", str(self.port)]
        options += ["--webui-port", str(self.page_port)]
        self._start("master", "org.apache.spark.deploy.master.Master", *options)
        self._await("master", "New state: ALIVE")

    def _start(self, name: str, *arguments: str) -> None:
        environment = {
            **os.environ,
            "SPARK_HOME": str(self.home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_PUBLIC_DNS": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(self.folder / "local"),
            "SPARK_DAEMON_MEMORY": "512m",
        }
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [str(self.home / "bin" / "spark-class"), *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )

    def _await(self, name: str, words: str) -> None:
        wait_for(lambda: words in self.log(name), f"{name} to say {words!r}")

    def executors(self) -> dict[str, str]:
        """Returns what each executor wrote to stderr, by its folder's name."""
        found = sorted(self.folder.glob("worker-*/app-*/*/stderr"))
        return {
            str(path.parent.relative_to(self.folder)): path.read_text(errors="replace")
            for path in found
        }

    def kill(self, name: str) -> None:
        """Kills a process with -9, with the executors that it started."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)

    def stop(self) -> None:
        """Stops every process that was started here."""
        for name in reversed(list(self.processes)):
            self.kill(name)


def free_port() -> int:
    """Returns a port on loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def cluster(
    home: Path, folder: Path, workers: int = 2, page_port: int = 0
) -> Iterator[Cluster]:
    """Gives a cluster with workers of one core each, and stops it afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    running = Cluster(home, folder, free_port(), page_port)
    try:
        running.start_master()
        for number in range(1, workers + 1):
            running.start_worker(f"worker-{number}")
        yield running
    finally:
        running.stop()


def boot_events(log: str, event: str) -> list[str]:
    """Returns the lines of one event that `affectflow-boot` wrote."""
    return re.findall(rf'^.*"event": "{event}".*$', log, re.MULTILINE)
