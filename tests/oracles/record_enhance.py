# SPDX-License-Identifier: Apache-2.0
"""Records tests/enhance/fixtures: a checkpoint of the backlit enhancement network in the published
layout, with random weights, and the maps that PyTorch modules give for it.

Run by hand: python tests/oracles/record_enhance.py
Recorded with torch 2.14.1. The weights take few values, so that the file compresses well; it is
stored gzipped.
"""
import collections
import gzip
import io
import pathlib

import safetensors.torch
import torch
from torch import nn
from torch.nn import functional

import named_values

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "enhance" / "fixtures"


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        options = {"padding": 1, "bias": False, "padding_mode": "reflect"}
        self.conv1 = nn.Conv2d(channels, channels, 3, **options)
        self.conv2 = nn.Conv2d(channels, channels, 3, **options)

    def forward(self, x):
        inner = self.conv2(functional.leaky_relu(self.conv1(x), 0.2))
        return functional.leaky_relu(inner + x, 0.2)


class Pyramid(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(k), nn.Conv2d(32, 8, 1, bias=False), nn.PReLU())
            for k in (1, 2, 3, 6))
        self.fuse = nn.Sequential(nn.Conv2d(64, 32, 3, padding=1, bias=False), nn.PReLU())

    def forward(self, x):
        size = x.shape[-2:]
        spread = [functional.interpolate(branch(x), size, mode="bilinear", align_corners=True)
                  for branch in self.features]
        return self.fuse(torch.cat([x, *spread], 1))


class Network(nn.Module):
    """Sheet enhance.md, section 1, by PyTorch's own modules."""

    def __init__(self, padding_mode):
        super().__init__()
        options = {"padding": 1, "padding_mode": padding_mode}
        self.cond1 = nn.Conv2d(3, 32, 3, **options)
        self.cond_add1 = nn.Conv2d(32, 1, 3, **options)
        self.condx = nn.Conv2d(32, 64, 3, **options)
        self.condy = nn.Conv2d(64, 32, 3, **options)
        for i, channels in enumerate((32, 32, 64, 64, 32, 32)):
            setattr(self, f"ResidualBlock{i + 1}", Residual(channels))
        self.PPM1 = Pyramid()

    def forward(self, x):
        x = functional.leaky_relu(self.cond1(x), 0.2)
        x = self.PPM1(self.ResidualBlock2(self.ResidualBlock1(x)))
        x = self.ResidualBlock4(self.ResidualBlock3(self.condx(x)))
        x = self.ResidualBlock6(self.ResidualBlock5(self.condy(x)))
        return functional.relu(self.cond_add1(x))


def coarse_weight(name, like):
    if like.dim() == 4:
        scale = (0.7 if name.startswith("Residual") else 1.2) / like[0].numel() ** 0.5
        steps = torch.round(named_values.values("enhance " + name, like.shape, 4.0))
        return steps * (scale / 4)
    if name == "cond_add1.bias":
        return torch.full_like(like, 0.8)
    centre = 0.0 if name.endswith("bias") else 0.25
    return named_values.values("enhance " + name, like.shape, 0.05, centre)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    networks = {"reflect": Network("reflect"), "zeros": Network("zeros")}
    state = collections.OrderedDict(
        (name, coarse_weight(name, tensor))
        for name, tensor in networks["reflect"].state_dict().items())
    outputs = {}
    for width, height in ((7, 5), (37, 23), (64, 48)):
        image = named_values.values(f"enhance picture {width}x{height}", (1, 3, height, width), 0.25,
                                    0.5).clamp(0, 1)
        for mode, network in networks.items():
            network.load_state_dict(state)
            # float64, so that the recorded numbers carry no rounding of the reference.
            with torch.no_grad():
                outputs[f"{width}x{height}.{mode}"] = network.double()(image.double()).float()
    buffer = io.BytesIO()
    torch.save(collections.OrderedDict(("module." + k, v) for k, v in state.items()), buffer)
    with open(FOLDER / "published_layout.pth.gz", "wb") as file:
        file.write(gzip.compress(buffer.getvalue(), 9, mtime=0))
    safetensors.torch.save_file(outputs, FOLDER / "published_layout_maps.safetensors")
    for name, output in outputs.items():
        print(name, output.min().item(), output.max().item())


if __name__ == "__main__":
    main()
