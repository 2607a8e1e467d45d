#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""StyleGAN2 config F with random weights: Vane against the reference's form in PyTorch, taking turns. With --mobile the
published MobileStyleGAN for faces against OpenVINO, for which its files were written."""
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

LARGEST_DIFFERENCE = 1e-3  # of the largest number of the peer


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("runs/bench/stylegan"))
    parser.add_argument("--size", type=int, default=256, help="side of the picture; 1024 needs 6 GB and minutes")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--mobile", type=pathlib.Path, help="folder of the MobileStyleGAN: models/faces")
    arguments = parser.parse_args()
    print(json.dumps({"load_average_at_start": os.getloadavg()[0], "threads": arguments.threads}), flush=True)
    if arguments.mobile:
        checkpoint, size, cases = arguments.mobile, 1024, ("forward",)
        name, peer = "openvino", [sys.executable, str(HERE / "openvino_peer.py")]
    else:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        checkpoint = arguments.folder / f"config-f-{arguments.size}.safetensors"
        size, cases = arguments.size, ("forward", "step")
        name, peer = "pytorch", [sys.executable, str(HERE / "peer.py")]
        if not checkpoint.exists():
            subprocess.run([*peer, "--make", str(size), str(checkpoint)], check=True)
    files = [str(checkpoint), str(arguments.threads)]
    vane = Worker("vane", [str(arguments.build / "bench/stylegan_bench_worker"), *files])
    other_program = Worker(name, [*peer, *files])
    for case in cases:
        for _ in range(2):
            own, other = vane.ask(case)[1], other_program.ask(case)[1]
        scale = max(abs(value) for value in other)
        difference = max(abs(a - b) for a, b in zip(own, other, strict=True)) / scale
        if not difference < LARGEST_DIFFERENCE:
            sys.exit(f"{case}: the two differ by {difference:.2g} of {scale:.3g}: timing is void")
        own_times, other_times = take_turns((vane, other_program), case, arguments.rounds)
        ratios = [peer / own for own, peer in zip(own_times, other_times)]
        low, high = interval(ratios)
        print(json.dumps({"case": case, "size": size, "vane_ms": round(1e3 * statistics.median(own_times), 1),
                          f"{name}_ms": round(1e3 * statistics.median(other_times), 1),
                          "ratio": round(statistics.median(ratios), 3), "interval": [round(low, 3), round(high, 3)],
                          "rounds": arguments.rounds, "difference": float(f"{difference:.2g}"),
                          "peak_mib": [vane.peak_mib(), other_program.peak_mib()]}), flush=True)
    for worker in (vane, other_program):
        worker.close()


if __name__ == "__main__":
    main()
