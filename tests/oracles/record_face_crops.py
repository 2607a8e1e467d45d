#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records tests/faces/data/ffhq_crops.png: the aligned crop of FFHQ, by its published rule.

The rule is that of recreate_aligned_images in NVlabs/ffhq-dataset (download_ffhq.py), written again
here step by step with Pillow and numpy, but in floating point: published, it rounds to 8 bits three
times on the way and cuts between the passes what Lanczos overshoots. Faces are given as numbers (left eye,
right eye, left and right corner of the mouth, in pixel indices of assets/samples/astronaut.jpg), the
same as in tests/faces/face_crop_test.cpp; the six landmarks of an eye lie in one place. Needs
Pillow and numpy; no dlib.
"""
import pathlib

import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Size of the crop and the face. No square is four times as wide as its crop: there the rule shrinks the
# photograph by a whole number first and misses its own square by up to half a pixel of that.
FACES = {
    "frontal": (64, [(201, 103), (246, 105), (203, 146), (241, 147)]),
    "turned": (64, [(210.25, 90.5), (238.5, 130.25), (178, 122), (199.75, 151.5)]),
    "corner": (64, [(30, 25), (75, 27), (32, 68), (70, 69)]),
    "larger than the picture": (160, [(180, 200), (330, 190), (200, 340), (320, 330)]),
    "small": (64, [(216, 110), (228.5, 111), (217, 122), (227, 122.5)]),
}


def square(face):
    left, right, mouth_left, mouth_right = (np.array(p, dtype=np.float64) for p in face)
    eyes = (left + right) * 0.5
    across = right - left
    down = (mouth_left + mouth_right) * 0.5 - eyes
    x = across + np.array([down[1], -down[0]])
    x = x / np.hypot(*x) * max(np.hypot(*across) * 2.0, np.hypot(*down) * 1.8)
    y = np.array([-x[1], x[0]])
    middle = eyes + down * 0.1
    return np.stack([middle - x - y, middle - x + y, middle + x + y, middle + x - y]), np.hypot(*x) * 2


def each(channels, change):
    return [change(c) for c in channels]


def gaussian(picture, sigma, axis):
    """Cut at four standard deviations, continued by mirroring that repeats the edge."""
    reach = int(4 * sigma + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    pads = [(0, 0)] * picture.ndim
    pads[axis] = (reach, reach)
    longer = np.pad(picture, pads, "symmetric")
    count = picture.shape[axis]
    return sum(w * np.take(longer, np.arange(i, i + count), axis) for i, w in enumerate(kernel))


def crop(photo, face, size, transform_size=4096):
    quad, side = square(face)
    assert np.floor(side / size * 0.5) <= 1
    channels = [Image.fromarray(np.float32(c)) for c in photo.split()]
    border = max(int(np.rint(side * 0.1)), 3)
    low, high = np.floor(quad.min(0)).astype(int), np.ceil(quad.max(0)).astype(int)
    box = (*np.maximum(low - border, 0), *np.minimum(high + border, photo.size))
    channels = each(channels, lambda c: c.crop(tuple(int(v) for v in box)))
    quad = quad - box[:2]
    low, high = np.floor(quad.min(0)).astype(int), np.ceil(quad.max(0)).astype(int)
    pad = np.maximum(np.concatenate([border - low, high - channels[0].size + border]), 0)
    if pad.max() > border - 4:
        pad = np.maximum(pad, int(np.rint(side * 0.3)))
        pixels = np.pad(np.stack(each(channels, np.asarray), -1), ((pad[1], pad[3]), (pad[0], pad[2]), (0, 0)), "reflect")
        h, w = pixels.shape[:2]
        y, x = np.arange(h)[:, None, None], np.arange(w)[None, :, None]
        mask = np.maximum(1 - np.minimum(x / pad[0], (w - 1 - x) / pad[2]),
                          1 - np.minimum(y / pad[1], (h - 1 - y) / pad[3]))
        soft = gaussian(gaussian(pixels, side * 0.02, 0), side * 0.02, 1)
        pixels = pixels + (soft - pixels) * np.clip(mask * 3 + 1, 0, 1)
        pixels = pixels + (np.median(pixels, axis=(0, 1)) - pixels) * np.clip(mask, 0, 1)
        channels = [Image.fromarray(np.float32(pixels[..., c])) for c in range(3)]
        quad = quad + pad[:2]
    channels = each(channels, lambda c: c.transform((transform_size, transform_size), Image.QUAD,
                                                    tuple((quad + 0.5).flatten()), Image.BILINEAR))
    channels = each(channels, lambda c: c.resize((size, size), Image.LANCZOS))
    return Image.fromarray(np.uint8(np.clip(np.rint(np.stack(each(channels, np.asarray), -1)), 0, 255)))


def main():
    photo = Image.open(ROOT / "assets" / "samples" / "astronaut.jpg").convert("RGB")
    sizes = [size for size, _ in FACES.values()]
    sheet = Image.new("RGB", (sum(sizes), max(sizes)))
    for i, (size, face) in enumerate(FACES.values()):
        sheet.paste(crop(photo, face, size), (sum(sizes[:i]), 0))
    folder = ROOT / "tests" / "faces" / "data"
    folder.mkdir(exist_ok=True)
    sheet.save(folder / "ffhq_crops.png", optimize=True)


if __name__ == "__main__":
    main()
