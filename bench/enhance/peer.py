# SPDX-License-Identifier: Apache-2.0
"""The published enhancement network in PyTorch with Pillow, as research code runs it: open, /255, network, x / m, save.

Reads a line "IN OUT" at a time and answers with the seconds that it took. The network is written from its published
description (Liang et al. 2023, CLIP-LIT), weights come from a safetensors file with the published names.
"""
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file


def conv(x, weights, name):
    x = F.pad(x, (1, 1, 1, 1), mode="reflect")
    return F.conv2d(x, weights[name + ".weight"], weights.get(name + ".bias"))


def residual(x, weights, name):
    inner = F.leaky_relu(conv(x, weights, name + ".conv1"), 0.2)
    return F.leaky_relu(x + conv(inner, weights, name + ".conv2"), 0.2)


def illumination(x, w):
    x = F.leaky_relu(conv(x, w, "cond1"), 0.2)
    x = residual(residual(x, w, "ResidualBlock1"), w, "ResidualBlock2")
    parts = [x]
    for k, bins in enumerate((1, 2, 3, 6)):
        p = F.conv2d(F.adaptive_avg_pool2d(x, bins), w[f"PPM1.features.{k}.1.weight"])
        p = F.prelu(p, w[f"PPM1.features.{k}.2.weight"])
        parts.append(F.interpolate(p, x.shape[2:], mode="bilinear", align_corners=True))
    x = F.prelu(F.conv2d(torch.cat(parts, 1), w["PPM1.fuse.0.weight"], padding=1), w["PPM1.fuse.1.weight"])
    x = conv(x, w, "condx")
    x = residual(residual(x, w, "ResidualBlock3"), w, "ResidualBlock4")
    x = conv(x, w, "condy")
    x = residual(residual(x, w, "ResidualBlock5"), w, "ResidualBlock6")
    return F.relu(conv(x, w, "cond_add1"))


@torch.inference_mode()
def enhance(source, target, weights):
    picture = np.asarray(Image.open(source).convert("RGB"))
    x = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    y = (x / illumination(x, weights)).clamp(0, 1)
    out = (y * 255 + 0.5).clamp(0, 255).byte()[0].permute(1, 2, 0).numpy()
    Image.fromarray(out).save(target, quality=95, subsampling=0)


def main():
    torch.set_num_threads(int(sys.argv[2]))
    weights = load_file(sys.argv[1])
    print("ready", flush=True)
    for line in sys.stdin:
        source, target = line.split()
        start = time.perf_counter()
        enhance(source, target, weights)
        print(time.perf_counter() - start, flush=True)


main()
