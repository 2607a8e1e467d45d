#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gaussian splatting in plain PyTorch: tensors for all Gaussians at once, a loop over tiles, autograd for the way back.
peer.py --make SIZE CLOUD writes a scene; peer.py CLOUD SIZE THREADS answers `forward` and `step` as worker.cpp does."""
import sys
import time

import numpy as np
import torch

WIDTH, HEIGHT, FOCAL, TILE = 800, 600, 700.0, 32
SHAPES = ((3,), (3,), (15, 3), (), (3,), (4,))


def make(size, path):
    rng = np.random.default_rng(0)
    z = rng.uniform(2, 10, size)
    position = np.stack([rng.uniform(-0.6, 0.6, size) * z, rng.uniform(-0.45, 0.45, size) * z, z], 1)
    arrays = (position, rng.uniform(-1.5, 1.5, (size, 3)), 0.1 * rng.standard_normal((size, 15, 3)),
              rng.normal(0, 2, size), rng.normal(-4, 0.5, (size, 3)), rng.standard_normal((size, 4)))
    with open(path, "wb") as out:
        for array in arrays:
            out.write(array.astype("<f4").tobytes())


def load(path, size):
    data, at, tensors = np.fromfile(path, "<f4"), 0, []
    for shape in SHAPES:
        count = size * int(np.prod(shape, dtype=int))
        tensors.append(torch.from_numpy(data[at:at + count].reshape(size, *shape).copy()))
        at += count
    return tensors


def colours(position, sh0, sh_rest):
    x, y, z = torch.nn.functional.normalize(position, dim=1).unbind(1)
    xx, yy, zz = x * x, y * y, z * z
    basis = torch.stack([
        -0.4886025119 * y, 0.4886025119 * z, -0.4886025119 * x,
        1.0925484306 * x * y, -1.0925484306 * y * z, 0.3153915653 * (2 * zz - xx - yy), -1.0925484306 * x * z,
        0.5462742153 * (xx - yy), -0.5900435899 * y * (3 * xx - yy), 2.8906114426 * x * y * z,
        -0.4570457995 * y * (4 * zz - xx - yy), 0.3731763326 * z * (2 * zz - 3 * xx - 3 * yy),
        -0.4570457995 * x * (4 * zz - xx - yy), 1.4453057213 * z * (xx - yy), -0.5900435899 * x * (xx - 3 * yy)], 1)
    return torch.relu(0.5 + 0.2820947918 * sh0 + torch.einsum("nk,nkc->nc", basis, sh_rest))


def draw(position, sh0, sh_rest, opacity_logit, log_scale, rotation):
    x, y, z = position.unbind(1)
    limit_x, limit_y = 1.3 * 0.5 * WIDTH / FOCAL, 1.3 * 0.5 * HEIGHT / FOCAL
    jx, jy = (x / z).clamp(-limit_x, limit_x), (y / z).clamp(-limit_y, limit_y)
    zero = torch.zeros_like(z)
    jacobian = torch.stack([FOCAL / z, zero, -FOCAL * jx / z, zero, FOCAL / z, -FOCAL * jy / z], 1).view(-1, 2, 3)
    w, i, j, k = torch.nn.functional.normalize(rotation, dim=1).unbind(1)
    turn = torch.stack([
        1 - 2 * (j * j + k * k), 2 * (i * j - w * k), 2 * (i * k + w * j),
        2 * (i * j + w * k), 1 - 2 * (i * i + k * k), 2 * (j * k - w * i),
        2 * (i * k - w * j), 2 * (j * k + w * i), 1 - 2 * (i * i + j * j)], 1).view(-1, 3, 3)
    axes = jacobian @ (turn * log_scale.exp()[:, None, :])
    covariance = axes @ axes.transpose(1, 2)
    a, b, c = covariance[:, 0, 0] + 0.3, covariance[:, 0, 1], covariance[:, 1, 1] + 0.3
    determinant = a * c - b * b
    u, v = FOCAL * x / z + 0.5 * WIDTH, FOCAL * y / z + 0.5 * HEIGHT
    opacity = torch.sigmoid(opacity_logit)
    rgb = colours(position, sh0, sh_rest)
    with torch.no_grad():
        cutoff = 2 * (255 * opacity).log().clamp(min=0)
        reach_x, reach_y = (cutoff * a).sqrt(), (cutoff * c).sqrt()
        order = torch.argsort(z)
        order = order[(z[order] > 0.2) & (reach_x[order] > 0)]
        left, right = (u - reach_x)[order], (u + reach_x)[order]
        top, bottom = (v - reach_y)[order], (v + reach_y)[order]
    rows = []
    for y0 in range(0, HEIGHT, TILE):
        row, y1 = [], min(y0 + TILE, HEIGHT)
        for x0 in range(0, WIDTH, TILE):
            x1 = min(x0 + TILE, WIDTH)
            ids = order[(right > x0) & (left < x1) & (bottom > y0) & (top < y1)]
            px, py = torch.arange(x0, x1) + 0.5, torch.arange(y0, y1) + 0.5
            dx = (px[None, :, None] - u[ids]).expand(y1 - y0, -1, -1)
            dy = (py[:, None, None] - v[ids]).expand(-1, x1 - x0, -1)
            power = -0.5 * (c[ids] * dx * dx - 2 * b[ids] * dx * dy + a[ids] * dy * dy) / determinant[ids]
            alpha = (opacity[ids] * power.exp()).clamp(max=0.99)
            alpha = torch.where(alpha < 1 / 255, torch.zeros_like(alpha), alpha)
            after = torch.cumprod(1 - alpha, 2)
            before = torch.cat([torch.ones_like(after[..., :1]), after[..., :-1]], 2)
            weight = torch.where(after < 1e-4, torch.zeros_like(alpha), alpha * before)
            row.append(weight @ rgb[ids])
        rows.append(torch.cat(row, 1))
    return torch.cat(rows, 0)


def main():
    if sys.argv[1] == "--make":
        return make(int(sys.argv[2]), sys.argv[3])
    tensors = load(sys.argv[1], int(sys.argv[2]))
    torch.set_num_threads(int(sys.argv[3]))
    weights = torch.sin(0.1 * torch.arange(3 * WIDTH * HEIGHT, dtype=torch.double)).float().view(HEIGHT, WIDTH, 3)
    for line in sys.stdin:
        start = time.perf_counter()
        if line.strip() == "forward":
            with torch.no_grad():
                result = draw(*tensors)
        else:
            for tensor in tensors:
                tensor.requires_grad_()
                tensor.grad = None
            (draw(*tensors) * weights).sum().backward()
            result = tensors[0].grad
        seconds = time.perf_counter() - start
        flat = result.detach().flatten()
        print(f"{seconds:.6f}", *(f"{value:.7g}" for value in flat[::len(flat) // 500].tolist()), flush=True)


main()
