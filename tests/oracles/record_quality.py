#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the numbers of tests/guidance/quality_test.cpp from piq 0.8 and lpips 0.1.4.

Pictures and weights are made from their names on both sides (named_values.py).
"""
import math
import sys

import lpips
import piq
import torch

from named_values import values


def picture(name, shape):
    return values(name, shape, 0.25, 0.5).clamp(0, 1)


def smooth(name, shape):
    """Blocks of 8 x 8, so that there is structure on every scale."""
    n, c, h, w = shape
    small = picture(name, (n, c, -(-h // 8), -(-w // 8)))
    return small.repeat_interleave(8, 2).repeat_interleave(8, 3)[:, :, :h, :w]


for height, width in ((176, 208), (193, 171)):
    a = smooth("a", (2, 3, height, width))
    b = (a + values("noise", (2, 3, height, width), 0.05)).clamp(0, 1)
    ms = piq.multi_scale_ssim(a.double(), b.double(), data_range=1.0, reduction="none")
    gm = piq.gmsd(a.double(), b.double(), data_range=1.0, reduction="none")
    print(height, width, "ms_ssim", [f"{v:.9f}" for v in ms.tolist()], "gmsd",
          [f"{v:.9f}" for v in gm.tolist()])

for net in ("alex", "vgg"):
    sys.stderr = sys.stdout
    model = lpips.LPIPS(net=net, pretrained=False, pnet_rand=True, verbose=False).eval()
    state = {}
    for key, tensor in model.state_dict().items():
        if key.startswith("scaling_layer") or key.startswith("lins."):
            state[key] = tensor
        elif key.startswith("lin"):
            state[key] = values(key, tensor.shape, 0.3).abs()
        elif key.endswith("bias"):
            state[key] = values(key, tensor.shape, 0.1)
        else:
            state[key] = values(key, tensor.shape, math.sqrt(2 / tensor[0].numel()))
    for i in range(5):
        state[f"lins.{i}.model.1.weight"] = state[f"lin{i}.model.1.weight"]
    model.load_state_dict(state)
    a, b = smooth("lpips.a", (2, 3, 67, 64)), smooth("lpips.b", (2, 3, 67, 64))
    with torch.no_grad():
        print(net, [f"{v:.9f}" for v in model(a, b, normalize=True).flatten().tolist()])
