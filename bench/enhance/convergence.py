#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many iterations RAVE and CLIP-LIT-Latent need, from the same seed and pictures, to nine tenths of the gap that
they close in the end. The schedule is the published one: 8000 iterations of the guidance embeddings, 1000 of reconstruction,
then the network is guided, and the embeddings learn for 1000 more after each 2100 of its steps; RAVE has no embeddings to
learn. Prints the Markdown table of docs/enhance.md. Half an hour for each seed on two cores."""
import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

PROMPT_START, RECONSTRUCTION, ROUND, PROMPT_ROUND = 8000, 1000, 2100, 1000
GUIDED = 650
SETTINGS = {
    "steps": RECONSTRUCTION + GUIDED, "batch": 4, "learning-rate": 2e-4, "weight-decay": 1e-3, "evaluate-every": 10,
    "data.pool": 48, "data.held-out": 16, "data.backlit.size": 64, "data.backlit.untouched-share": 0,
    "data.backlit.dark-share": 0, "data.backlit.jpeg-share": 0, "published.reconstruction": RECONSTRUCTION,
    "published.prompt-start": PROMPT_START, "published.round": ROUND, "published.prompt-round": PROMPT_ROUND,
    "published.prompt-rate": 0, "published.warp": "false",
}
WINDOW, LAST = 5, 20


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
    return start, [(line["step"] - start, line["gap_closed"]) for line in lines if line["step"] > start]


def iterations(method, start, guided):
    """Of the network and of what guides it, from the first weights on."""
    if method == "rave":
        return start + guided
    return PROMPT_START + start + guided + (guided - 1) // ROUND * PROMPT_ROUND


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--recipe", type=Path, default=Path("assets/training/enhance-vane.yaml"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[3])
    args = parser.parse_args()
    vane, recipe = (args.build / "vane").resolve(), args.recipe.resolve()
    print("| seed | method | gap closed at the end | steps of the guided network | all iterations |\n|---|---|---|---|---|")
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in args.seeds:
            totals = []
            for method in ("rave", "clip-lit-latent"):
                start, points = curve(vane, recipe, method, seed, Path(folder))
                final = sum(gap for _, gap in points[-LAST:]) / LAST
                half = WINDOW // 2
                means = [(points[i][0], sum(gap for _, gap in points[i - half:i + half + 1]) / WINDOW)
                         for i in range(half, len(points) - half)]
                guided = next(step for step, gap in means if gap >= 0.9 * final)
                totals.append(iterations(method, start, guided))
                print(f"| {seed} | {method} | {final:.3f} | {guided} | {totals[-1]} |", flush=True)
            ratios.append(totals[1] / totals[0])
    print("\nAll iterations, CLIP-LIT-Latent to RAVE: " + ", ".join(f"{r:.1f}" for r in ratios))


main()
