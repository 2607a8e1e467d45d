# SPDX-License-Identifier: Apache-2.0
"""Records embeddings of large photographs by open_clip and transformers, preprocessing and tower.

    python tests/oracles/record_large_photos.py

Writes tests/clip/fixtures/large_photos.safetensors and two JPEG files beside it. The pixels of the
other pictures come from a committed sample by the integer rule in enlarged(), which
tests/clip/large_photos_test.cpp repeats, so that nothing large is stored. Weights are named ones.
"""

import json
import pathlib

import numpy as np
import open_clip
import torch
import transformers
from PIL import Image, ImageOps
from safetensors.torch import save_file

from named_values import weight
from record_clip import MODELS, OUT, name_weights

SAMPLES = pathlib.Path(__file__).resolve().parent.parent.parent / "assets" / "samples"


def enlarged(name, width, height):
    """Each sample pixel repeated, with a pattern of -16..15 added: uint8 [H,W,3]."""
    base = np.asarray(Image.open(SAMPLES / name).convert("RGB")).astype(np.int64)
    y, x = np.arange(height), np.arange(width)
    big = base[y * base.shape[0] // height][:, x * base.shape[1] // width]
    c = np.arange(3)
    x, y = x[None, :, None], y[:, None, None]
    pattern = (7 * x + 13 * y + 29 * c + x * y // 64) % 32
    return np.clip(big + pattern - 16, 0, 255).astype(np.uint8)


def grey(pixels):
    p = pixels.astype(np.int64)
    return ((77 * p[..., 0] + 150 * p[..., 1] + 29 * p[..., 2]) // 256).astype(np.uint8)


def pictures():
    twelve = Image.fromarray(enlarged("astronaut.jpg", 4288, 2848))
    yield "twelve_megapixels", twelve
    yield "grey", Image.fromarray(grey(enlarged("coffee.jpg", 4000, 3000)))
    # Pillow shows 16-bit colour as its high bytes; the low bytes are those of the test's rule.
    yield "sixteen_bit", Image.fromarray(enlarged("chelsea.jpg", 4512, 3000))
    yield "tall", Image.fromarray(enlarged("rocket.jpg", 1800, 6700))
    yield "wide", Image.fromarray(enlarged("coffee.jpg", 6700, 1800))

    smooth = Image.open(SAMPLES / "rocket.jpg").convert("RGB").resize((4096, 3072), Image.BICUBIC)
    tags = Image.Exif()
    tags[0x0112] = 6
    smooth.save(OUT / "large_rotated.jpg", quality=25, exif=tags, optimize=True)
    yield "rotated", ImageOps.exif_transpose(Image.open(OUT / "large_rotated.jpg"))
    ink = Image.open(SAMPLES / "coffee.jpg").convert("RGB").resize((1500, 1000), Image.BICUBIC)
    ink.convert("CMYK").save(OUT / "large_cmyk.jpg", quality=20)
    yield "cmyk", Image.open(OUT / "large_cmyk.jpg")


def hugging_face():
    config = transformers.CLIPConfig.from_dict(
        json.loads((OUT / "hugging_face_config.json").read_text()))
    model = transformers.CLIPModel(config).eval()
    name_weights(model)
    processor = transformers.CLIPImageProcessor(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    print("transformers preprocesses with", type(processor).__name__)
    return model, processor


def main():
    transform = open_clip.image_transform(32, is_train=False)
    tower = open_clip.CLIP(**json.loads(json.dumps(MODELS["tiny_vit"]))).eval()
    name_weights(tower)
    model, processor = hugging_face()
    out = {}
    with torch.no_grad():
        for name, picture in pictures():
            out["open_clip." + name] = tower.encode_image(transform(picture)[None])[0]
            pixels = processor(picture.convert("RGB"), return_tensors="pt")["pixel_values"]
            pooled = model.vision_model(pixel_values=pixels).pooler_output
            out["transformers." + name] = model.visual_projection(pooled)[0]
    save_file({k: v.contiguous() for k, v in out.items()}, str(OUT / "large_photos.safetensors"))


if __name__ == "__main__":
    main()
