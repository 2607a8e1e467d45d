#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gaussian splatting, 800 x 600, colours of degree 3: Vane against plain PyTorch, taking turns; and what a Gaussian
costs in training."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from workers import Worker, interval, take_turns  # noqa: E402


def alike(own, other):
    """Most values must agree closely; one Gaussian at a threshold may change a few."""
    scale = max(abs(value) for value in other)
    off = sorted(abs(a - b) / scale for a, b in zip(own, other, strict=True))
    return off[int(0.98 * len(off))] < 1e-3


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker", type=pathlib.Path, default=pathlib.Path("build-dev/bench/splats_bench_worker"))
    parser.add_argument("--python", default=sys.executable, help="with torch and numpy")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("runs/bench/splats"))
    parser.add_argument("--gaussians", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    cloud = arguments.folder / f"cloud-{arguments.gaussians}.bin"
    peer = [arguments.python, str(HERE / "peer.py")]
    if not cloud.exists():
        subprocess.run([*peer, "--make", str(arguments.gaussians), str(cloud)], check=True)
    print(json.dumps({"load_average_at_start": os.getloadavg()[0], "threads": arguments.threads}), flush=True)
    files = [str(cloud), str(arguments.gaussians), str(arguments.threads)]
    vane, plain = Worker("vane", [str(arguments.worker), *files]), Worker("pytorch", [*peer, *files])
    for case in ("forward", "step"):
        own, other = vane.ask(case)[1], plain.ask(case)[1]
        if not alike(own, other):
            sys.exit(f"{case}: the two differ: timing is void")
        own_times, other_times = take_turns((vane, plain), case, arguments.rounds)
        ratios = [peer / own for own, peer in zip(own_times, other_times)]
        low, high = interval(ratios)
        print(json.dumps({"case": case, "vane_ms": round(1000 * statistics.median(own_times), 1),
                          "pytorch_ms": round(1000 * statistics.median(other_times), 1),
                          "ratio": round(statistics.median(ratios), 1), "interval": [round(low, 1), round(high, 1)]}),
              flush=True)
    vane.close()
    plain.close()
    # The picture costs the same for any number of Gaussians, so the slope tells what one costs.
    peaks = []
    for size in (2 * arguments.gaussians, 8 * arguments.gaussians):
        worker = Worker("vane", [str(arguments.worker), *files])
        peaks.append((size, worker.ask(f"memory {size}")[0]))
        worker.close()
    slope = (peaks[1][1] - peaks[0][1]) / (peaks[1][0] - peaks[0][0])
    print(json.dumps({"case": "training", "bytes_per_gaussian": round(slope)}))


if __name__ == "__main__":
    main()
