#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the numbers of tests/run/adam_test.cpp from torch.optim."""
import torch

for name, decay, make in (("Adam", 0.0, torch.optim.Adam), ("AdamW", 0.05, torch.optim.AdamW)):
    x = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64, requires_grad=True)
    optimiser = make([x], lr=0.1, weight_decay=decay)
    for _ in range(7):
        optimiser.zero_grad()
        (torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64) * x * x / 2).sum().backward()
        optimiser.step()
    print(name, ", ".join(f"{v:.17g}" for v in x.tolist()))
