#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the numbers of tests/guidance/recorded_metrics_test.cpp: the measures of `vane metrics` by
their formulas in numpy (float64, loops over windows and blocks), pictures made from their names.

Recorded with numpy 2.4.6 and Pillow 13.0.0; needs named_values.py.
"""
import math

import numpy as np
from PIL import Image

from named_values import values


def numbers(*named):
    return np.asarray(values(*named)).astype(np.float64)


def picture(name, height, width, noise):
    """[h,w,3] of 8-bit levels: blocks of 8 x 8 and some noise."""
    small = numbers(name, (3, -(-height // 8), -(-width // 8)), 0.25, 0.5).clip(0, 1)
    large = small.repeat(8, 1).repeat(8, 2)[:, :height, :width]
    large = (large + numbers(name + ".noise", (3, height, width), noise)).clip(0, 1)
    return np.floor(large.transpose(1, 2, 0) * 255 + 0.5)


def psnr(a, b):
    return 10 * math.log10(255.0**2 / np.mean((a - b) ** 2))


def studio(a):
    return np.floor((65.481 * a[..., 0] + 128.553 * a[..., 1] + 24.966 * a[..., 2]) / 255 + 16.5)


def luma(a):
    return 0.299 * a[..., 0] + 0.587 * a[..., 1] + 0.114 * a[..., 2]


def ssim(a, b):
    """Every 11 x 11 window by itself."""
    axis = np.arange(-5, 6)
    window = np.exp(-(axis[:, None] ** 2 + axis[None, :] ** 2) / (2 * 1.5**2))
    window /= window.sum()
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    found = []
    for y in range(a.shape[0] - 10):
        for x in range(a.shape[1] - 10):
            p, q = a[y:y + 11, x:x + 11], b[y:y + 11, x:x + 11]
            mp, mq = (window * p).sum(), (window * q).sum()
            vp, vq = (window * (p - mp) ** 2).sum(), (window * (q - mq) ** 2).sum()
            cov = (window * (p - mp) * (q - mq)).sum()
            found.append((2 * mp * mq + c1) * (2 * cov + c2)
                         / ((mp * mp + mq * mq + c1) * (vp + vq + c2)))
    return float(np.mean(found))


def loe(a, b):
    """Both sides are multiples of what they are reduced by."""
    step = min(a.shape[:2]) // 50
    def lightness(c):
        m = c.max(2) / 255
        h, w = m.shape[0] // step, m.shape[1] // step
        means = np.array([[m[y * step:(y + 1) * step, x * step:(x + 1) * step].mean()
                           for x in range(w)] for y in range(h)]).ravel()
        return np.round(means * 65535)
    p, q = lightness(a), lightness(b)
    return float(((p[:, None] >= p[None, :]) ^ (q[:, None] >= q[None, :])).sum() / p.size)


def chroma(a, b):
    p, q = a.reshape(-1, 3), b.reshape(-1, 3)
    lengths = np.linalg.norm(p, axis=1), np.linalg.norm(q, axis=1)
    seen = (lengths[0] > 0) & (lengths[1] > 0)
    cosine = (p[seen] * q[seen]).sum(1) / (lengths[0][seen] * lengths[1][seen])
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean())


GRID = np.arange(0.2, 10.001, 0.001)
RATIOS = np.array([math.gamma(2 / g) ** 2 / (math.gamma(1 / g) * math.gamma(3 / g)) for g in GRID])


def aggd(x):
    x = x.ravel()
    left, right = np.sqrt(np.mean(x[x < 0] ** 2)), np.sqrt(np.mean(x[x > 0] ** 2))
    g = left / right
    r = np.mean(np.abs(x)) ** 2 / np.mean(x**2)
    r = r * (g**3 + 1) * (g + 1) / (g**2 + 1) ** 2
    alpha = GRID[np.argmin(np.abs(RATIOS - r))]
    width = math.sqrt(math.gamma(1 / alpha) / math.gamma(3 / alpha))
    return alpha, left * width, right * width


def niqe_features(a):
    y = np.floor((299 * a[..., 0] + 587 * a[..., 1] + 114 * a[..., 2]) / 1000 + 0.5)
    rows, columns = y.shape[0] // 96, y.shape[1] // 96
    y = y[:rows * 96, :columns * 96]
    axis = np.arange(-3, 4)
    window = np.exp(-(axis[:, None] ** 2 + axis[None, :] ** 2) / (2 * (7 / 6) ** 2))
    window /= window.sum()
    result = [[] for _ in range(rows * columns)]
    for size in (96, 48):
        if size == 48:
            small = Image.fromarray(y.astype(np.float32))
            y = np.asarray(small.resize((columns * 48, rows * 48), Image.BICUBIC), np.float64)
        padded = np.pad(y, 3, mode="edge")
        mean, square = np.zeros_like(y), np.zeros_like(y)
        for j in range(7):
            for i in range(7):
                part = padded[j:j + y.shape[0], i:i + y.shape[1]]
                mean += window[j, i] * part
                square += window[j, i] * part**2
        mscn = (y - mean) / (np.sqrt(np.abs(square - mean**2)) + 1)
        for k in range(rows * columns):
            top, start = k // columns * size, k % columns * size
            block = mscn[top:top + size, start:start + size]
            alpha, left, right = aggd(block)
            result[k] += [alpha, (left + right) / 2]
            for shift in ((0, 1), (1, 0), (1, 1), (1, -1)):
                alpha, left, right = aggd(block * np.roll(block, shift, axis=(0, 1)))
                eta = (right - left) * math.gamma(2 / alpha) / math.gamma(1 / alpha)
                result[k] += [alpha, eta, left, right]
    return np.array(result)


a, b = picture("right", 200, 300, 0.02), picture("test", 200, 300, 0.05)
b = np.floor(0.7 * a + 0.3 * b + 0.5)
print(f"psnr {psnr(a, b):.9f} psnr_y {psnr(studio(a), studio(b)):.9f}")
print(f"ssim {ssim(luma(a), luma(b)):.9f}", "ssim_rgb",
      f"{np.mean([ssim(a[..., c], b[..., c]) for c in range(3)]):.9f}")
# Means of 9 levels never lie between two of the 65535 that are told apart.
print(f"loe {loe(a[:150], b[:150]):.9f} chroma {chroma(a, b):.9f}")

features = niqe_features(b)
print("features of block 4", [f"{v:.6f}" for v in features[4]])
mean = numbers("niqe.mean", (36,), 0.2, 0.8)
root = numbers("niqe.root", (36, 36), 0.3)
covariance = root @ root.T
off = mean - features.mean(0)
pooled = (covariance + np.cov(features, rowvar=False)) / 2
print(f"niqe {math.sqrt(off @ np.linalg.pinv(pooled) @ off):.9f}")
