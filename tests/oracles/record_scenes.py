#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes one small scene in every layout that Vane reads, from the definition of each layout.

    python3 record_scenes.py ../scene/data

Needs Pillow (lossless WebP) and the zstd program. Nothing here is shared with the C++ readers and
writers: numbers are packed by struct, one by one. The scene is in cloud.ply; scene_recorded_test.cpp
reads the others and compares them with it.
"""
import gzip
import io
import json
import math
import random
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

from PIL import Image

COUNT = 300  # two chunks of 256, the second one not full
C0 = 0.28209479177387814


def as_float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def clamp(value, low, high):
    return max(low, min(high, value))


def half_up(value):
    return math.floor(value + 0.5)


class Gaussian:
    def __init__(self, rng):
        number = lambda low, high: as_float32(rng.uniform(low, high))
        self.position = [number(-4, 4) for _ in range(3)]
        self.f_dc = [number(-1.5, 1.5) for _ in range(3)]
        # rest[channel][coefficient]: the channel-major order of the .ply
        self.rest = [[number(-0.4, 0.4) for _ in range(15)] for _ in range(3)]
        self.opacity = number(-4, 4)
        self.scale = [number(-7, -1) for _ in range(3)]
        self.rotation = [number(-1, 1) for _ in range(4)]  # w x y z

    def unit_rotation(self):
        length = math.sqrt(sum(c * c for c in self.rotation))
        return [c / length for c in self.rotation]


def write_ply(path, cloud):
    names = ["x", "y", "z", "nx", "ny", "nz"] + [f"f_dc_{i}" for i in range(3)]
    names += [f"f_rest_{i}" for i in range(45)] + ["opacity"]
    names += [f"scale_{i}" for i in range(3)] + [f"rot_{i}" for i in range(4)]
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(cloud)}"]
    header += [f"property float {name}" for name in names] + ["end_header"]
    data = "\n".join(header).encode() + b"\n"
    for g in cloud:
        row = g.position + [0, 0, 0] + g.f_dc + sum(g.rest, []) + [g.opacity] + g.scale + g.rotation
        data += struct.pack("<62f", *row)
    path.write_bytes(data)


def write_splat(path, cloud):
    data = b""
    for g in cloud:
        colour = [clamp(half_up(255 * (0.5 + C0 * c)), 0, 255) for c in g.f_dc]
        colour.append(half_up(255 * sigmoid(g.opacity)))
        rotation = [clamp(half_up(128 * c + 128), 0, 255) for c in g.unit_rotation()]
        data += struct.pack("<6f8B", *g.position, *[math.exp(s) for s in g.scale], *colour, *rotation)
    path.write_bytes(data)


# What a turn by 180 degrees about x does to coefficients 1..15 (y and z change their sign).
SH_FLIP = [-1, -1, 1, -1, 1, 1, -1, 1, -1, 1, -1, -1, 1, -1, 1]


def spz_arrays(cloud, version):
    flip = [1, -1, -1]
    positions = alphas = colours = scales = rotations = bands = b""
    for g in cloud:
        for axis in range(3):
            value = flip[axis] * g.position[axis]
            if version == 1:
                positions += struct.pack("<e", value)
            else:
                positions += struct.pack("<i", half_up(value * 4096))[:3]
        alphas += bytes([half_up(255 * sigmoid(g.opacity))])
        colours += bytes([clamp(half_up(c * 0.15 * 255 + 127.5), 0, 255) for c in g.f_dc])
        scales += bytes([clamp(half_up((s + 10) * 16), 0, 255) for s in g.scale])
        w, x, y, z = g.unit_rotation()
        q = [x * flip[0], y * flip[1], z * flip[2], w]
        if version < 3:
            sign = -1 if q[3] < 0 else 1
            rotations += bytes([clamp(half_up(127.5 * sign * c + 127.5), 0, 255) for c in q[:3]])
        else:
            largest = max(range(4), key=lambda i: abs(q[i]))
            sign = -1 if q[largest] < 0 else 1
            word = largest
            for i in range(4):
                if i != largest:
                    negative = 1 if sign * q[i] < 0 else 0
                    word = word << 10 | negative << 9 | half_up(511 * abs(q[i]) * math.sqrt(2))
            rotations += struct.pack("<I", word)
        for j in range(15):
            bucket = 8 if j < 3 else 16
            for channel in range(3):
                level = half_up(128 * SH_FLIP[j] * g.rest[channel][j]) + 128
                level = (level + bucket // 2) // bucket * bucket
                bands += bytes([clamp(level, 0, 255)])
    return [positions, alphas, colours, scales, rotations, bands]


def write_spz(path, cloud, version):
    arrays = spz_arrays(cloud, version)
    head = struct.pack("<IIIBBB", 0x5053474E, version, len(cloud), 3, 12, 1)
    if version < 4:
        packed = gzip.compress(head + b"\0" + b"".join(arrays), mtime=0)
        path.write_bytes(packed)
        return
    # A record that a reader does not know has to be passed over.
    extension = struct.pack("<II", 0xADBE0002, 12) + b"12 bytes, so"
    head = struct.pack("<IIIBBB", 0x5053474E, version, len(cloud), 3, 12, 3)
    head += struct.pack("<BI12x", len(arrays), 32 + len(extension))
    streams = [subprocess.run(["zstd", "-q", "-c"], input=a, capture_output=True, check=True).stdout
               for a in arrays]
    toc = b"".join(struct.pack("<QQ", len(s), len(a)) for s, a in zip(streams, arrays))
    path.write_bytes(head + extension + toc + b"".join(streams))


def pack_11_10_11(unit):
    x, y, z = (half_up(u * most) for u, most in zip(unit, (2047, 1023, 2047)))
    return x << 21 | y << 11 | z


def write_compressed_ply(path, cloud):
    header = ["ply", "format binary_little_endian 1.0", "comment by hand",
              f"element chunk {(len(cloud) + 255) // 256}"]
    for stem, axes in (("", "xyz"), ("scale_", "xyz"), ("", "rgb")):
        header += [f"property float {side}_{stem}{axis}" for side in ("min", "max") for axis in axes]
    header += [f"element vertex {len(cloud)}"]
    header += [f"property uint packed_{n}" for n in ("position", "rotation", "scale", "color")]
    header += [f"element sh {len(cloud)}"]
    header += [f"property uchar f_rest_{i}" for i in range(45)] + ["end_header"]
    boxes = rows = bands = b""
    for begin in range(0, len(cloud), 256):
        chunk = cloud[begin:begin + 256]
        kinds = [[g.position for g in chunk], [g.scale for g in chunk],
                 [[0.5 + C0 * c for c in g.f_dc] for g in chunk]]
        lows = [[min(v[i] for v in kind) for i in range(3)] for kind in kinds]
        highs = [[max(v[i] for v in kind) for i in range(3)] for kind in kinds]
        for low, high in zip(lows, highs):
            boxes += struct.pack("<6f", *low, *high)
        units = [[[(v[i] - low[i]) / (high[i] - low[i]) for i in range(3)] for v in kind]
                 for kind, low, high in zip(kinds, lows, highs)]
        for g, position, scale, colour in zip(chunk, *units):
            q = g.unit_rotation()
            largest = max(range(4), key=lambda i: abs(q[i]))
            sign = -1 if q[largest] < 0 else 1
            rotation = largest
            for i in range(4):
                if i != largest:
                    rotation = rotation << 10 | half_up(1023 * (sign * q[i] * math.sqrt(0.5) + 0.5))
            rgba = 0
            for value in colour + [sigmoid(g.opacity)]:
                rgba = rgba << 8 | half_up(255 * value)
            rows += struct.pack("<4I", pack_11_10_11(position), rotation, pack_11_10_11(scale), rgba)
            bands += bytes([clamp(int(256 * (k / 8 + 0.5)), 0, 255) for k in sum(g.rest, [])])
    path.write_bytes("\n".join(header).encode() + b"\n" + boxes + rows + bands)


def codebook(values):
    low, high = min(values), max(values)
    return [low + (high - low) * i / 255 for i in range(256)]


def nearest(codes, value):
    return min(range(256), key=lambda i: abs(codes[i] - value))


def texture(width, height, texels):
    image = Image.new("RGBA", (width, height))
    image.putdata(texels + [(0, 0, 0, 255)] * (width * height - len(texels)))
    stream = io.BytesIO()
    image.save(stream, "WEBP", lossless=True, exact=True)
    return stream.getvalue()


def sog_files(cloud):
    n = len(cloud)
    width = 4 * math.ceil(math.sqrt(n) / 4)
    height = 4 * math.ceil(n / width / 4)
    log = lambda x: math.copysign(math.log(abs(x) + 1), x)
    logs = [[log(c) for c in g.position] for g in cloud]
    mins = [min(v[i] for v in logs) for i in range(3)]
    maxs = [max(v[i] for v in logs) for i in range(3)]
    steps = [[half_up(65535 * (v[i] - mins[i]) / (maxs[i] - mins[i])) for i in range(3)] for v in logs]
    scales = codebook([s for g in cloud for s in g.scale])
    colours = codebook([c for g in cloud for c in g.f_dc])
    bands = codebook([k for g in cloud for k in sum(g.rest, [])])
    quats = []
    for g in cloud:
        q = g.unit_rotation()
        largest = max(range(4), key=lambda i: abs(q[i]))
        sign = -1 if q[largest] < 0 else 1
        others = [half_up(255 * (sign * q[i] * math.sqrt(2) * 0.5 + 0.5)) for i in range(4)
                  if i != largest]
        quats.append((*others, 252 + largest))
    # Every Gaussian has an entry of the palette for itself, backwards.
    rows = (n + 63) // 64
    palette = [(0, 0, 0, 255)] * (rows * 64 * 15)
    for i, g in enumerate(cloud):
        label = n - 1 - i
        for j in range(15):
            at = label // 64 * 64 * 15 + label % 64 * 15 + j
            palette[at] = (*[nearest(bands, g.rest[c][j]) for c in range(3)], 255)
    labels = [((n - 1 - i) & 255, (n - 1 - i) >> 8, 0, 255) for i in range(n)]
    meta = {
        "version": 2, "asset": {"generator": "record_scenes.py"}, "count": n, "antialias": True,
        "means": {"mins": mins, "maxs": maxs, "files": ["means_l.webp", "means_u.webp"]},
        "scales": {"codebook": scales, "files": ["scales.webp"]},
        "quats": {"files": ["quats.webp"]},
        "sh0": {"codebook": colours, "files": ["sh0.webp"]},
        "shN": {"count": n, "bands": 3, "codebook": bands,
                "files": ["shN_centroids.webp", "shN_labels.webp"]},
    }
    flat = lambda texels: texture(width, height, texels)
    return {
        "meta.json": json.dumps(meta).encode(),
        "means_l.webp": flat([(*[s & 255 for s in v], 255) for v in steps]),
        "means_u.webp": flat([(*[s >> 8 for s in v], 255) for v in steps]),
        "scales.webp": flat([(*[nearest(scales, s) for s in g.scale], 255) for g in cloud]),
        "quats.webp": flat(quats),
        "sh0.webp": flat([(*[nearest(colours, c) for c in g.f_dc],
                           half_up(255 * sigmoid(g.opacity))) for g in cloud]),
        "shN_centroids.webp": texture(64 * 15, rows, palette),
        "shN_labels.webp": flat(labels),
    }


def write_sog(path, cloud):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sog_files(cloud).items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data)


def write_colmap(folder):
    """Two cameras, three images with points in them, four points: as .bin and as .txt."""
    rng = random.Random(7)
    folder.mkdir(exist_ok=True)
    cameras = [(1, 1, 8, 6, [10.5, 11.5, 4.25, 2.75]), (7, 0, 8, 6, [9.5, 4, 3])]
    names = {0: "SIMPLE_PINHOLE", 1: "PINHOLE"}
    images = []
    for number, name in enumerate(["left/b.png", "a.png", "c.png"]):
        q = [rng.uniform(-1, 1) for _ in range(4)]
        length = math.sqrt(sum(c * c for c in q))
        seen = [(rng.uniform(0, 8), rng.uniform(0, 6), rng.choice([-1, 3, 4])) for _ in range(number)]
        images.append((number + 5, [c / length for c in q], [rng.uniform(-2, 2) for _ in range(3)],
                       7 if number == 1 else 1, name, seen))
    points = [(i + 3, [rng.uniform(-3, 3) for _ in range(3)], [rng.randrange(256) for _ in range(3)],
               0.5, [(5, 0), (6, 1)][:i % 3]) for i in range(4)]
    binary = struct.pack("<Q", len(cameras))
    text = "# Camera list\n"
    for number, model, width, height, parameters in cameras:
        binary += struct.pack("<iiQQ", number, model, width, height)
        binary += struct.pack(f"<{len(parameters)}d", *parameters)
        text += " ".join(map(str, [number, names[model], width, height, *parameters])) + "\n"
    (folder / "cameras.bin").write_bytes(binary)
    (folder / "cameras.txt").write_text(text)
    binary = struct.pack("<Q", len(images))
    text = "# Image list\n"
    for number, q, t, camera, name, seen in images:
        binary += struct.pack("<i7di", number, *q, *t, camera) + name.encode() + b"\0"
        binary += struct.pack("<Q", len(seen))
        binary += b"".join(struct.pack("<ddq", *point) for point in seen)
        text += " ".join(map(repr, [number, *q, *t, camera])) + f" {name}\n"
        text += " ".join(f"{x!r} {y!r} {point}" for x, y, point in seen) + "\n"
    (folder / "images.bin").write_bytes(binary)
    (folder / "images.txt").write_text(text)
    binary = struct.pack("<Q", len(points))
    text = "# 3D point list\n"
    for number, position, rgb, error, track in points:
        binary += struct.pack("<Q3d3BdQ", number, *position, *rgb, error, len(track))
        binary += b"".join(struct.pack("<ii", *seen) for seen in track)
        track_text = " ".join(f"{image} {index}" for image, index in track)
        text += " ".join(map(repr, [number, *position, *rgb, error])) + f" {track_text}\n"
    (folder / "points3D.bin").write_bytes(binary)
    (folder / "points3D.txt").write_text(text)


def main():
    out = Path(sys.argv[1])
    rng = random.Random(1)
    cloud = [Gaussian(rng) for _ in range(COUNT)]
    write_ply(out / "cloud.ply", cloud)
    write_splat(out / "cloud.splat", cloud)
    for version in (1, 2, 3, 4):
        write_spz(out / f"cloud_v{version}.spz", cloud, version)
    write_compressed_ply(out / "cloud.compressed.ply", cloud)
    write_sog(out / "cloud.sog", cloud)
    write_colmap(out / "colmap")


if __name__ == "__main__":
    main()
