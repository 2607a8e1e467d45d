#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What niqe_local says of ten held-out photographs as they are and spoiled in four ways. Prints the Markdown table of
assets/models/niqe-local/card.md. Needs Pillow, NumPy and the packages of assets/training/clip-mini.yaml. A minute."""
import argparse
import io
import json
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

COUNT, SIDE = 10, 1000


def coded(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=8)
    return Image.open(buffer).convert("RGB")


def noisy(picture):
    grain = np.random.default_rng(1).normal(0, 20, (picture.height, picture.width, 3))
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).round().astype("uint8"))


WAYS = {
    "as they are": lambda picture: picture,
    "blurred, 2 px": lambda picture: picture.filter(ImageFilter.GaussianBlur(2)),
    "divided by five": lambda picture: picture.point(lambda v: round(v / 5)),
    "JPEG, quality 8": coded,
    "noise of 20 levels": noisy,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--recipe", type=Path, default=Path("assets/training/enhance-vane.yaml"))
    parser.add_argument("--data", type=Path, default=Path("/usr/share"))
    args = parser.parse_args()
    held_out = re.findall(r"file: ([^,]+),.*held-out: true", args.recipe.read_text())
    pictures = []
    for name in held_out:
        picture = Image.open(args.data / name).convert("RGB")
        if len(pictures) < COUNT and min(picture.size) >= 400:
            picture.thumbnail((SIDE, SIDE), Image.BICUBIC)
            pictures.append(picture)
    print("| | mean | lowest | highest |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for way, spoil in WAYS.items():
            target = Path(folder) / way
            target.mkdir()
            for i, picture in enumerate(pictures):
                spoil(picture).save(target / f"{i:02}.png")
            run = subprocess.run([args.build.resolve() / "vane", "metrics", target, "--metric", "niqe_local", "--json",
                                  "-q"], check=True, capture_output=True, text=True)
            values = [file["niqe_local"] for file in json.loads(run.stdout)["files"]]
            print(f"| {way} | {np.mean(values):.2f} | {min(values):.2f} | {max(values):.2f} |", flush=True)


main()
