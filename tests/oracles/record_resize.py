# SPDX-License-Identifier: Apache-2.0
"""Records what Pillow's resize gives for generated pictures: tests/image/data/resize_pillow.txt.

Each line: width height channels filter out_width out_height CRC-32 of the output bytes, and for
small outputs the bytes in hexadecimal. Inputs are byte i = top byte of splitmix64(seed + i) with
seed = the line's number, so nothing but checksums is stored. Channels are resized one by one
(modes L and RGB): Pillow premultiplies LA and RGBA, which the engine does not.
"""
import pathlib
import zlib

import numpy
import PIL
from PIL import Image

FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
SIZES = [  # in_width, in_height, out_width, out_height
    (1, 1, 1, 1), (1, 1, 7, 5), (1, 9, 1, 4), (1, 9, 1, 20), (9, 1, 4, 1), (9, 1, 31, 1),
    (1, 37, 5, 11), (37, 1, 11, 5), (2, 2, 3, 3), (3, 2, 224, 224), (5, 7, 5, 7), (64, 48, 21, 16),
    (64, 48, 64, 16), (64, 48, 21, 48), (64, 48, 65, 49), (64, 48, 63, 47), (100, 75, 224, 168),
    (224, 224, 224, 224), (225, 225, 224, 224), (640, 427, 336, 224), (427, 640, 224, 336),
    (500, 333, 224, 149), (333, 500, 288, 432), (1024, 768, 298, 224), (1000, 3, 10, 3),
    (3, 1000, 3, 10), (2000, 30, 1, 1), (4096, 16, 7, 16), (16, 4096, 16, 7), (5000, 40, 3, 2),
    (65500, 1, 1, 1), (1, 65500, 1, 1), (65500, 2, 224, 1), (31, 17, 1000, 3), (17, 31, 3, 1000),
    (1237, 811, 411, 270), (811, 1237, 97, 149), (1600, 1200, 224, 168), (1200, 1600, 336, 448),
    (2048, 1365, 384, 256), (2731, 1821, 224, 149), (50, 50, 51, 49), (13, 13, 4, 4), (13, 9, 1, 1),
    (3000, 2000, 2048, 1365),
]


def noise(count, seed):
    with numpy.errstate(over="ignore"):
        x = numpy.arange(count, dtype=numpy.uint64) + numpy.uint64(seed)
        x = x + numpy.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        return ((x ^ (x >> numpy.uint64(31))) >> numpy.uint64(56)).astype(numpy.uint8)


def resized(pixels, size, resample):
    if pixels.shape[2] == 3:
        return numpy.asarray(Image.fromarray(pixels).resize(size, resample))
    planes = [Image.fromarray(numpy.ascontiguousarray(pixels[..., c])).resize(size, resample)
              for c in range(pixels.shape[2])]
    return numpy.stack([numpy.asarray(plane) for plane in planes], axis=-1)


def main():
    lines = [f"# Pillow {PIL.__version__}; recorded by tests/oracles/record_resize.py"]
    number = 0
    for width, height, out_width, out_height in SIZES:
        for filter_name, resample in FILTERS.items():
            for channels in (1, 2, 3, 4):
                if channels != 3 and width * height > 700_000:
                    continue
                number += 1
                pixels = noise(width * height * channels, number).reshape(height, width, channels)
                out = resized(pixels, (out_width, out_height), resample).tobytes()
                line = (f"{width} {height} {channels} {filter_name} {out_width} {out_height} "
                        f"{zlib.crc32(out):08x}")
                if len(out) <= 96:
                    line += " " + out.hex()
                lines.append(line)
    target = pathlib.Path(__file__).parent.parent / "image" / "data" / "resize_pillow.txt"
    target.parent.mkdir(exist_ok=True)
    target.write_text("\n".join(lines) + "\n")
    print(f"{number} cases in {target.name}")


if __name__ == "__main__":
    main()
