# SPDX-License-Identifier: Apache-2.0
"""Deterministic tensors from their names, the twin of tests/support/named_values.h.

Element i of tensor NAME is drawn from splitmix64(fnv1a(NAME) + i), so the C++ tests can make the
same weights and only outputs need to be stored.
"""

import numpy as np
import torch


def fnv1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def uniform(name, count):
    """float64 in [0,1), 24 bits."""
    with np.errstate(over="ignore"):
        x = np.arange(count, dtype=np.uint64) + np.uint64(fnv1a(name))
        x = x + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    return (x >> np.uint64(40)).astype(np.float64) / float(1 << 24)


def values(name, shape, deviation=1.0, centre=0.0):
    """float32, uniform with this standard deviation."""
    count = int(np.prod(shape)) if len(shape) else 1
    spread = deviation * np.sqrt(12.0)
    data = ((uniform(name, count) - 0.5) * spread + centre).astype(np.float32)
    return torch.from_numpy(data.reshape(tuple(shape)))


def weight(name, shape):
    """A value that keeps a small network lively: norms near 1, variances positive."""
    if name == "logit_scale":
        return torch.tensor(2.6592)
    if name.endswith("running_var"):
        return values(name, shape, 0.2, 1.0)
    norm = any(part in name for part in (".bn", "ln_", "layer_norm", "layernorm", "layrnorm",
                                         ".downsample.1.", "ls_"))
    if norm and (name.endswith("weight") or name.endswith("gamma")):
        return values(name, shape, 0.1, 1.0)
    return values(name, shape, 0.08)
