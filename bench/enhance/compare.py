#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`vane enhance` against the same published network in PyTorch with Pillow, in turns; see bench/README.md.

Vane is a fresh process for every photograph, start-up and loading included; the peer has loaded everything before its
clock starts. Both read and write JPEG of quality 95, 4:4:4.
"""
import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

# A process starts with the peak memory of the one that began it, and this one has all of PyTorch in it.
LAUNCHER = """
import os, sys, time
start = time.perf_counter()
_, status, usage = os.wait4(os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:]), 0)
print("", time.perf_counter() - start, usage.ru_maxrss)
sys.exit(status != 0)
"""
SHAPES = {"cond1": (32, 3), "condx": (64, 32), "condy": (32, 64), "cond_add1": (1, 32)}


def random_weights(path):
    torch.manual_seed(1)
    w = {}
    for name, (out, inner) in SHAPES.items():
        w[name + ".weight"] = torch.randn(out, inner, 3, 3) * (2 / (9 * inner)) ** 0.5
        w[name + ".bias"] = torch.full((out,), 0.1)
    w["cond_add1.bias"] = torch.full((1,), 0.8)
    w["cond_add1.weight"] *= 0.05
    for i in range(1, 7):
        width = 64 if i in (3, 4) else 32
        for k in (1, 2):
            w[f"ResidualBlock{i}.conv{k}.weight"] = torch.randn(width, width, 3, 3) * (0.3 / (9 * width)) ** 0.5
    for k in range(4):
        w[f"PPM1.features.{k}.1.weight"] = torch.randn(8, 32, 1, 1) * 0.1
        w[f"PPM1.features.{k}.2.weight"] = torch.full((1,), 0.25)
    w["PPM1.fuse.0.weight"] = torch.randn(32, 64, 3, 3) * (2 / (9 * 64)) ** 0.5
    w["PPM1.fuse.1.weight"] = torch.full((1,), 0.25)
    save_file(w, path)


def photograph(path, width, height):
    """Smooth shapes with grain: compresses about as a photograph does."""
    rng = np.random.default_rng(2)
    small = rng.uniform(10, 245, (height // 160, width // 160, 3)).astype("uint8")
    base = np.asarray(Image.fromarray(small).resize((width, height), Image.BICUBIC), dtype=np.float32)
    grain = rng.normal(0, 4, (height, width, 1)).astype(np.float32)
    base[height // 3:, width // 4: width // 2] *= 0.25
    Image.fromarray(np.clip(base + grain, 0, 255).astype("uint8")).save(path, quality=95, subsampling=0)


def vane(build, source, target, threads, *more):
    command = [build / "vane", "enhance", source, "-o", target, "--overwrite", "--threads", threads, "-q", *more]
    run = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, *map(str, command)], capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"vane enhance failed on {source}: {run.stderr}")
    seconds, kilobytes = run.stdout.split()[-2:]
    return float(seconds), float(kilobytes) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megapixels", type=float, default=0.5, help="of the photograph for the published network")
    args = parser.parse_args()
    build = args.build.resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        weights = folder / "network.safetensors"
        random_weights(weights)
        side = int((args.megapixels * 1e6 / 1.5) ** 0.5) // 16 * 16
        photograph(folder / "small.jpg", side * 3 // 2, side)
        photograph(folder / "12.jpg", 4000, 3000)
        photograph(folder / "24.jpg", 6000, 4000)
        small = side * (side * 3 // 2) / 1e6
        peer = subprocess.Popen([sys.executable, Path(__file__).with_name("peer.py"), weights, str(args.threads)],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        peer.stdout.readline()

        def ask_peer(source, target):
            peer.stdin.write(f"{source} {target}\n")
            peer.stdin.flush()
            return float(peer.stdout.readline())

        own, theirs, default = [], [], []
        for i in range(args.rounds + 1):
            a, _ = vane(build, folder / "small.jpg", folder / "a.jpg", args.threads, "--method", "rave", "--model", weights)
            b = ask_peer(folder / "small.jpg", folder / "b.jpg")
            c, _ = vane(build, folder / "12.jpg", folder / "c.jpg", args.threads, "--no-auto-strength")
            if i > 0:  # the first is to warm up
                own.append(a), theirs.append(b), default.append(c)
        difference = np.abs(np.asarray(Image.open(folder / "a.jpg"), dtype=int) -
                            np.asarray(Image.open(folder / "b.jpg"), dtype=int))
        ratio = statistics.median(t / o for o, t in zip(own, theirs))
        print(f"same picture from both: mean difference {difference.mean():.3f} levels, largest {difference.max()}")
        print(f"published network, {small:.2f} MP: Vane {statistics.median(own):.2f} s, PyTorch with Pillow "
              f"{statistics.median(theirs):.2f} s, ratio {ratio:.2f}")
        rate = 12 / statistics.median(default)
        peer_rate = small / statistics.median(theirs)
        print(f"default method, 12 MP: {statistics.median(default):.2f} s, {rate:.1f} MP/s with start-up, decoding and "
              f"encoding; {rate / peer_rate:.0f} times the published network in PyTorch")
        _, memory = vane(build, folder / "24.jpg", folder / "d.jpg", args.threads, "--no-auto-strength")
        print(f"default method, 24 MP: peak memory {memory:.0f} MiB")
        peer.stdin.close()
        peer.wait()


main()
