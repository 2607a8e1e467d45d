#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes cloud_rgb.pth and cloud_language.pth from cloud.ply, as 3D Gaussian Splatting and LangSplat save their state:
torch.save of (GaussianModel.capture(), iteration), after a step of their Adam.

    python3 record_gaussian_checkpoint.py ../scene/data

Needs PyTorch. With a second argument it reads what Vane wrote there instead, restores the optimiser and prints what it
found, so that the way back can be looked at.
"""
import struct
import sys
from pathlib import Path

import torch

KEPT = 40  # of the 300 Gaussians


def read_ply(path):
    head, body = path.read_bytes().split(b"end_header\n", 1)
    names = [line.split()[-1].decode() for line in head.splitlines() if line.startswith(b"property")]
    rows = [struct.unpack_from(f"<{len(names)}f", body, 4 * len(names) * i) for i in range(KEPT)]
    return lambda wanted: torch.tensor([[row[names.index(name)] for name in wanted] for row in rows])


def parameter(values):
    return torch.nn.Parameter(values.contiguous().requires_grad_(True))


def optimiser(groups):
    adam = torch.optim.Adam([{"params": [value], "lr": rate, "name": name} for name, value, rate in groups], lr=0.0, eps=1e-15)
    sum((value * 0).sum() for _, value, _ in groups).backward()
    adam.step()
    return adam.state_dict()


def capture(column, language):
    position = parameter(column(["x", "y", "z"]))
    base = parameter(column([f"f_dc_{i}" for i in range(3)]).unsqueeze(1))
    # The model keeps coefficients first; its .ply channels first.
    rest = parameter(column([f"f_rest_{i}" for i in range(45)]).view(KEPT, 3, 15).transpose(1, 2))
    scale = parameter(column([f"scale_{i}" for i in range(3)]))
    rotation = parameter(column([f"rot_{i}" for i in range(4)]))
    opacity = parameter(column(["opacity"]))
    state = [3, position, base, rest, scale, rotation, opacity]
    groups = [("xyz", position, 1.6e-4), ("f_dc", base, 2.5e-3), ("f_rest", rest, 1.25e-4), ("opacity", opacity, 0.05),
              ("scaling", scale, 5e-3), ("rotation", rotation, 1e-3)]
    if language:
        feature = parameter(column(["y", "z", "x"]) * 0.25)
        state.append(feature)
        groups = [("language_feature", feature, 2.5e-3)]
    return tuple(state + [torch.zeros(KEPT), torch.zeros(KEPT, 1), torch.zeros(KEPT, 1), optimiser(groups), 5.0])


def look_at(path):
    for trusted in (True, False):
        state, iteration = torch.load(path, weights_only=trusted)
    print("iteration", iteration, "degree", state[0], "values", len(state))
    for place, value in enumerate(state):
        if isinstance(value, torch.Tensor):
            print(place, tuple(value.shape), type(value).__name__, "leaf" if value.is_leaf else "", float(value.detach().double().sum()))
    learned = [state[7]] if len(state) == 13 else [state[1], state[2], state[3], state[6], state[4], state[5]]
    adam = torch.optim.Adam([{"params": [value], "lr": 1.0} for value in learned], eps=1.0)
    adam.load_state_dict(state[-2])
    sum((value * 0).sum() for value in learned).backward()
    adam.step()
    print("restored:", [(group.get("name"), group["lr"], group["eps"]) for group in adam.param_groups])


def main():
    if len(sys.argv) > 2:
        return look_at(sys.argv[2])
    folder = Path(sys.argv[1])
    column = read_ply(folder / "cloud.ply")
    torch.save((capture(column, False), 30000), folder / "cloud_rgb.pth")
    torch.save((capture(column, True), 30000), folder / "cloud_language.pth")


if __name__ == "__main__":
    main()
