#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many guided steps RAVE and CLIP-LIT-Latent need, from the same seed and pictures, to nine tenths of the gap that
they close in the end. Prints the Markdown table of docs/enhance.md. Some ten minutes on two cores."""
import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

SETTINGS = {
    "steps": 1100, "batch": 4, "learning-rate": 2e-4, "weight-decay": 1e-3, "evaluate-every": 20,
    "data.pool": 48, "data.held-out": 16, "data.backlit.size": 64, "data.backlit.untouched-share": 0,
    "data.backlit.dark-share": 0, "data.backlit.jpeg-share": 0, "published.reconstruction": 150,
    "published.prompt-start": 400, "published.round": 200, "published.prompt-round": 200, "published.prompt-rate": 0,
    "published.warp": "false",
}
WINDOW, LAST = 5, 10


def curve(vane, recipe, method, seed, folder):
    run = folder / f"{method}-{seed}"
    command = [vane, "train", "enhance", recipe, "--run", run, "-q", "--set", f"method={method}", "--set",
               f"output={run}-model", "--set", f"seed={seed}"]
    for key, value in SETTINGS.items():
        command += ["--set", f"{key}={value}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "OMP_WAIT_POLICY": "passive"})
    lines = [json.loads(line) for line in open(run / "evaluation.jsonl")]
    checkpoint = sorted((run / "checkpoints").glob("step-*.safetensors"))[-1]
    with open(checkpoint, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    # A start that the guard drew again reconstructs for longer.
    start = int(header["__metadata__"]["reconstruction"])
    return [(line["step"] - start, line["gap_closed"]) for line in lines if line["step"] > start]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--recipe", type=Path, default=Path("assets/training/enhance-vane.yaml"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[3])
    args = parser.parse_args()
    vane, recipe = (args.build / "vane").resolve(), args.recipe.resolve()
    print("| seed | method | last ten, mean | first single measurement | first mean of five |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for seed in args.seeds:
            for method in ("rave", "clip-lit-latent"):
                points = curve(vane, recipe, method, seed, Path(folder))
                final = sum(gap for _, gap in points[-LAST:]) / LAST
                half = WINDOW // 2
                means = [(points[i][0], sum(gap for _, gap in points[i - half:i + half + 1]) / WINDOW)
                         for i in range(half, len(points) - half)]
                single, smooth = (next((step for step, gap in c if gap >= 0.9 * final), None) for c in (points, means))
                print(f"| {seed} | {method} | {final:.3f} | {single} of {points[-1][0]} | {smooth} |", flush=True)


main()
