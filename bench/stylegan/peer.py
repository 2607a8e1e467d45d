# SPDX-License-Identifier: Apache-2.0
"""StyleGAN2 in PyTorch in the form of the reference: styles scale the weights of a grouped convolution, and
every filter is upfirdn2d as its fallback for the CPU does it (zeros between samples, a dense 4x4 convolution).

Written from the published description; reads a case a line and answers as worker.cpp does.
With --make SIZE it writes a random checkpoint of config F with the names of rosinality instead.
"""
import math
import sys
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

FILTER = torch.tensor([1.0, 3.0, 3.0, 1.0])
KERNEL = torch.outer(FILTER, FILTER) / 64


def upfirdn(x, kernel, up, before, after):
    n, c, h, w = x.shape
    x = x.reshape(n * c, 1, h, 1, w, 1)
    x = F.pad(x, (0, up - 1, 0, 0, 0, up - 1)).reshape(n * c, 1, h * up, w * up)
    x = F.conv2d(F.pad(x, (before, after, before, after)), kernel.flip(0, 1)[None, None])
    return x.reshape(n, c, x.shape[2], x.shape[3])


class Generator:
    def __init__(self, weights):
        # As in a program that edits latents: weights are parameters that nobody trains.
        self.weights = weights
        self.blocks = 1 + sum(key.startswith("to_rgbs.") and key.endswith(".bias") and ".conv." not in key
                              for key in weights)

    def modulated(self, x, layer, w, demodulate, up):
        weight = self.weights[layer + ".conv.weight"]
        affine = self.weights[layer + ".conv.modulation.weight"]
        style = F.linear(w, affine / math.sqrt(affine.shape[1]), self.weights[layer + ".conv.modulation.bias"])
        n, (_, out, c, k, _) = x.shape[0], weight.shape
        weight = weight / math.sqrt(c * k * k) * style.view(n, 1, c, 1, 1)
        if demodulate:
            weight = weight * torch.rsqrt(weight.square().sum((2, 3, 4)) + 1e-8).view(n, out, 1, 1, 1)
        grouped = x.reshape(1, n * c, x.shape[2], x.shape[3])
        if up:
            weight = weight.transpose(1, 2).reshape(n * c, out, k, k)
            y = F.conv_transpose2d(grouped, weight, stride=2, groups=n)
            return upfirdn(y.reshape(n, out, y.shape[2], y.shape[3]), KERNEL * 4, 1, 1, 1)
        y = F.conv2d(grouped, weight.reshape(n * out, c, k, k), padding=k // 2, groups=n)
        return y.reshape(n, out, y.shape[2], y.shape[3])

    def styled(self, x, layer, w, index, up=False):
        y = self.modulated(x, layer, w, True, up)
        y = y + self.weights[layer + ".noise.weight"] * self.weights[f"noises.noise_{index}"]
        bias = self.weights[layer + ".activate.bias"].view(1, -1, 1, 1)
        return F.leaky_relu(y + bias, 0.2) * math.sqrt(2)

    def colours(self, x, layer, w, before):
        y = self.modulated(x, layer, w, False, False) + self.weights[layer + ".bias"]
        return y if before is None else y + upfirdn(before, KERNEL * 4, 2, 2, 1)

    def __call__(self, w):
        x = self.weights["input.input"].repeat(w.shape[0], 1, 1, 1)
        x = self.styled(x, "conv1", w[:, 0], 0)
        picture = self.colours(x, "to_rgb1", w[:, 1], None)
        for k in range(1, self.blocks):
            x = self.styled(x, f"convs.{2 * k - 2}", w[:, 2 * k - 1], 2 * k - 1, True)
            x = self.styled(x, f"convs.{2 * k - 1}", w[:, 2 * k], 2 * k)
            picture = self.colours(x, f"to_rgbs.{k - 1}", w[:, 2 * k + 1], picture)
        return picture


def make(path, size):
    torch.manual_seed(7)
    tensors = {}
    width = {r: min(512, 32768 // r) for r in (4, 8, 16, 32, 64, 128, 256, 512, 1024)}

    def modulated(layer, out, c, k):
        tensors[layer + ".conv.weight"] = torch.randn(1, out, c, k, k) * (1 if k == 3 else 0.3)
        tensors[layer + ".conv.modulation.weight"] = torch.randn(c, 512) * 0.5
        tensors[layer + ".conv.modulation.bias"] = torch.ones(c)

    def convolution(layer, out, c, index, r):
        modulated(layer, out, c, 3)
        tensors[layer + ".noise.weight"] = torch.full((1,), 0.1)
        tensors[layer + ".activate.bias"] = torch.randn(out) * 0.1
        tensors[f"noises.noise_{index}"] = torch.randn(1, 1, r, r)

    def colours(layer, c):
        modulated(layer, 3, c, 1)
        tensors[layer + ".bias"] = torch.zeros(1, 3, 1, 1)

    for j in range(1, 9):
        tensors[f"style.{j}.weight"] = torch.randn(512, 512) * 100
        tensors[f"style.{j}.bias"] = torch.zeros(512)
    tensors["latent_avg"] = torch.zeros(512)
    tensors["input.input"] = torch.randn(1, width[4], 4, 4)
    convolution("conv1", width[4], width[4], 0, 4)
    colours("to_rgb1", width[4])
    for k in range(1, int(math.log2(size)) - 1):
        r = 4 << k
        convolution(f"convs.{2 * k - 2}", width[r], width[r // 2], 2 * k - 1, r)
        convolution(f"convs.{2 * k - 1}", width[r], width[r], 2 * k, r)
        colours(f"to_rgbs.{k - 1}", width[r])
    save_file(tensors, path)


def run(generator, case, rows):
    index = torch.arange(rows * 512, dtype=torch.float64) * 0.61803398875
    w = ((index - index.floor() - 0.5) * 3).float().view(1, rows, 512)
    if case == "forward":
        with torch.inference_mode():
            return generator(w)
    w.requires_grad_()
    (gradient,) = torch.autograd.grad(generator(w).square().mean(), w)
    w.detach().sub_(gradient, alpha=0.01)
    return gradient


def main():
    if sys.argv[1] == "--make":
        make(sys.argv[3], int(sys.argv[2]))
        return
    torch.set_num_threads(int(sys.argv[2]))
    generator = Generator(load_file(sys.argv[1]))
    for line in sys.stdin:
        start = time.perf_counter()
        result = run(generator, line.strip(), 2 * generator.blocks)
        seconds = time.perf_counter() - start
        sample = result.flatten().double()
        sample = sample[::max(1, sample.numel() // 500)].tolist()
        print(f"{seconds:.6f}", *(f"{value:.7g}" for value in sample), flush=True)


main()
