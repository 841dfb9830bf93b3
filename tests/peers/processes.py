"""Processes of a server, seen from outside: their processor time and their memory."""

import contextlib
import pathlib
import signal
import socket
import subprocess
import time

from http_client import send

PATIENCE_S = 20


def tree(process):
    """The ids of a process and of all that it has started."""
    ids = [process]
    for task in pathlib.Path(f"/proc/{process}/task").iterdir():
        # A thread may have ended since it was listed.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for child in (task / "children").read_text().split():
                ids += tree(int(child))
    return ids


def processor_seconds(process):
    """The processor time of a process and its threads, also of those that have ended, by the kernel's clock of it."""
    return time.clock_gettime(~process << 3 | 2)


def tree_seconds(processes):
    return sum(processor_seconds(one) for process in processes for one in tree(process))


def peak_memory_mb(processes):
    """The peaks of resident memory, summed."""
    kib = 0
    for one in (one for process in processes for one in tree(process)):
        status = pathlib.Path(f"/proc/{one}/status").read_text()
        kib += next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
    return kib * 1024 / 1e6


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Processes:
    """The processes of a server. Those of `front` are ours, and counted apart."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.server = []
        self.front = []
        self.restart_clock()

    def restart_clock(self):
        self.began = time.perf_counter()

    def start(self, command, environment, front=False, **options):
        with open(self.folder / "log", "ab") as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stderr=log,
                **({"stdout": log} | options),
            )
        (self.front if front else self.server).append(process)
        return process

    def wait(self, request):
        """Waits until a request succeeds. Returns the seconds since the start."""
        while True:
            try:
                response = send(self.port, request)
            except ConnectionError:
                response = None
            took = time.perf_counter() - self.began
            if response and response.success:
                return took
            assert took < PATIENCE_S and self.server[0].poll() is None, f"no start: {response} {self.log()}"
            time.sleep(0.001)

    def ids(self, front=False):
        return [process.pid for process in (self.front if front else self.server)]

    def log(self):
        return (self.folder / "log").read_text(errors="replace")[-2000:]

    def stop(self):
        for process in self.server + self.front:
            process.send_signal(signal.SIGTERM)
        for process in self.server + self.front:
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
