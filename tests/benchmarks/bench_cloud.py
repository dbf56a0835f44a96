"""The local cloud: start, memory, steps, inputs, parallelism."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.cloud import BUCKET, HEADGATE, BenchCloud, processing_step
from benchmarks.measure import Result, command, milliseconds

_NOTHING = "pass\n"
_BUSY = "total = 0\nfor number in range(6_000_000):\n    total += number\n"


def measure(folder: Path) -> Iterator[Result]:
    """One cloud for all, so that what is measured is warm."""
    moto_ready, moto = _moto()
    yield from _start(folder / "start", moto_ready)
    home = folder / "cloud"
    home.mkdir()
    with BenchCloud(home) as cloud:
        yield Result("resident when idle", _resident(cloud.status["pid"]), "MB", 400, "moto_server alone", moto)
        code = cloud.put_script(_NOTHING)
        cloud.run_pipeline("warm", _chain(3, code))
        yield from _chains(cloud, code, folder)
        yield from _inputs(cloud, code)
        yield from _parallel(cloud)


def _start(folder: Path, moto: float) -> Iterator[Result]:
    folder.mkdir()
    (folder / "headgate.yaml").write_text("name: start\n")
    up, down = command([HEADGATE, "cloud", "up"], folder), command([HEADGATE, "cloud", "down"], folder)
    times = []
    for _ in range(4):
        begun = time.perf_counter()
        up()
        times.append((time.perf_counter() - begun) * 1000)
        down()
    yield Result("local cloud ready", sorted(times[1:])[1], "ms", 3000, "moto_server alone", moto)


def _moto() -> tuple[float, float]:
    """How long moto's own server takes to be ready, in milliseconds, and what it then holds, in MB."""
    begun = time.perf_counter()
    server = subprocess.Popen(
        [HEADGATE.with_name("moto_server"), "-p", "0"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    try:
        assert server.stderr is not None
        for line in server.stderr:
            if re.search(r"Running on http", line):
                break
        return (time.perf_counter() - begun) * 1000, _resident(server.pid)
    finally:
        server.kill()
        server.communicate()


def _chains(cloud: BenchCloud, code: str, folder: Path) -> Iterator[Result]:
    script = folder / "nothing.py"
    script.write_text(_NOTHING)
    bare = milliseconds(command([sys.executable, script]), runs=15)
    taken = sorted(cloud.run_pipeline(f"chain-{number}", _chain(20, code)) for number in range(3))[1]
    yield Result("overhead of a step, 20 in a chain", taken / 20 - bare, "ms", 80, "bare python3 script.py", bare)
    ten = sorted(cloud.run_pipeline(f"ten-{number}", _chain(10, code)) for number in range(3))[1]
    metaflow = _metaflow(folder)
    yield Result("10 steps in a chain", ten, "ms", metaflow / 5, "metaflow run, the same steps", metaflow)


def _metaflow(folder: Path) -> float:
    flow = folder / "chain_flow.py"
    names = [f"s{number}" for number in range(8)]
    steps = "".join(
        f"    @step\n    def {name}(self):\n        self.next(self.{following})\n\n"
        for name, following in zip(names, [*names[1:], "end"], strict=True)
    )
    flow.write_text(
        "from metaflow import FlowSpec, step\n\n\nclass ChainFlow(FlowSpec):\n"
        f"    @step\n    def start(self):\n        self.next(self.s0)\n\n{steps}"
        "    @step\n    def end(self):\n        pass\n\n\nif __name__ == '__main__':\n    ChainFlow()\n"
    )
    environment = {**os.environ, "USERNAME": "bench", "METAFLOW_HOME": str(folder), "METAFLOW_USER": "bench"}
    return milliseconds(command([sys.executable, flow, "run"], folder, environment), runs=2)


def _inputs(cloud: BenchCloud, code: str) -> Iterator[Result]:
    big = cloud.folder / "big.bin"
    with big.open("wb") as file:
        file.truncate(2 * 1024**3)
    cloud.s3.upload_file(str(big), BUCKET, "big/data.bin")
    big.unlink()
    cloud.s3.put_object(Bucket=BUCKET, Key="small/data.bin", Body=b"x" * 2048)
    before = shutil.disk_usage(cloud.folder).free
    times = {"big": [], "small": []}
    for number in range(7):
        for size, taken in times.items():
            step = processing_step("S", code, inputs={"data": f"s3://{BUCKET}/{size}/"})
            taken.append(cloud.run_pipeline(f"{size}-{number}", [step]))
    used = (before - shutil.disk_usage(cloud.folder).free) / 1024**2
    small, large = (sorted(times[size])[3] for size in ("small", "big"))
    yield Result("a 2 GB input, above a 2 KB one", large - small, "ms", 50, "the step with 2 KB", small)
    yield Result("disk for 7 steps with a 2 GB input", max(used, 0), "MB", 100)


def _parallel(cloud: BenchCloud) -> Iterator[Result]:
    code = cloud.put_script(_BUSY)
    one = sorted(cloud.run_pipeline(f"one-{number}", [processing_step("S", code)]) for number in range(3))[1]
    eight = cloud.run_pipeline("eight", [processing_step(f"S{number}", code) for number in range(8)])
    cores = min(8, os.cpu_count() or 1)
    yield Result(
        f"8 independent steps on {cores} cores", eight, "ms", one * 8 / cores * 1.35, "one after the other", one * 8
    )


def _chain(count: int, code: str) -> list[dict[str, object]]:
    return [processing_step(f"S{number}", code, after=f"S{number - 1}" if number else None) for number in range(count)]


def _resident(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+) kB", text)[0]) / 1024
