# SPDX-License-Identifier: Apache-2.0
"""Records what open_clip and transformers compute on small models with named weights.

    python tests/oracles/record_clip.py        # writes tests/clip/fixtures/*.safetensors

Needs torch, open_clip_torch, transformers, pillow. Run by hand; the tests need only the files.
"""

import json
import pathlib

import numpy as np
import open_clip
import torch
import transformers
from PIL import Image
from safetensors.torch import save_file

from named_values import values, weight

OUT = pathlib.Path(__file__).resolve().parent.parent / "clip" / "fixtures"

TINY_TEXT = dict(context_length=77, vocab_size=600, width=64, heads=2, layers=2)
MODELS = {
    "tiny_vit": dict(
        embed_dim=32, quick_gelu=True,
        vision_cfg=dict(image_size=32, patch_size=8, width=64, head_width=32, layers=2),
        text_cfg=TINY_TEXT),
    "odd_vit": dict(
        embed_dim=24,
        vision_cfg=dict(image_size=48, patch_size=12, width=48, head_width=24, layers=3,
                        mlp_ratio=4.9231, ls_init_value=0.1),
        text_cfg=dict(context_length=24, vocab_size=600, width=48, heads=3, layers=2,
                      ls_init_value=0.1, no_causal_mask=True)),
    "average_vit": dict(
        embed_dim=24,
        vision_cfg=dict(image_size=32, patch_size=16, width=32, head_width=16, layers=2,
                        no_ln_pre=True, pool_type="avg", final_ln_after_pool=True,
                        act_kwargs=dict(approximate="tanh"), norm_kwargs=dict(eps=1e-6)),
        text_cfg=dict(context_length=16, vocab_size=600, width=32, heads=2, layers=2,
                      pool_type="last", proj_bias=True)),
    "resnet": dict(
        embed_dim=32, quick_gelu=True,
        vision_cfg=dict(image_size=64, layers=[1, 1, 1, 1], width=8, head_width=64),
        text_cfg=TINY_TEXT),
}

# Small enough to commit whole.
CONTAINED = dict(
    embed_dim=16,
    vision_cfg=dict(image_size=16, patch_size=8, width=32, head_width=16, layers=1),
    text_cfg=dict(context_length=16, vocab_size=120, width=32, heads=2, layers=1))


def token_ids(context, vocabulary):
    """Three rows of different lengths that end in the largest id, padded with zeros."""
    ids = torch.zeros(3, context, dtype=torch.int64)
    for row, length in enumerate((4, 9, context - 2)):
        for i in range(length):
            ids[row, i] = 1 + (37 * row + 11 * i) % (vocabulary - 3)
        ids[row, 0] = vocabulary - 2
        ids[row, length] = vocabulary - 1
    return ids


def name_weights(module):
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point() and not name.endswith("attn_mask"):
                tensor.copy_(weight(name, tensor.shape))


def rms(x):
    return x.detach().double().square().mean().sqrt().float()


def record_open_clip(name, config):
    cls = open_clip.CustomTextCLIP if config["text_cfg"].get("proj_bias") else open_clip.CLIP
    model = cls(**json.loads(json.dumps(config)))
    if cls is open_clip.CustomTextCLIP:
        with torch.no_grad():
            for key, tensor in model.state_dict().items():
                if tensor.is_floating_point() and not key.endswith("attn_mask"):
                    tensor.copy_(weight(key.removeprefix("text."), tensor.shape))
    else:
        name_weights(model)
    model.eval()
    for p in model.parameters():
        p.requires_grad_(False)
    size = config["vision_cfg"]["image_size"]
    image = values(f"{name}.image", (2, 3, size, size)).requires_grad_(True)
    out = {}
    stages = []
    hooks = []
    visual = model.visual
    blocks = (visual.transformer.resblocks if hasattr(visual, "transformer")
              else [visual.avgpool, visual.layer1, visual.layer2, visual.layer3, visual.layer4])
    for block in blocks:
        hooks.append(block.register_forward_hook(lambda m, i, o: stages.append(rms(o))))
    embedding = model.encode_image(image)
    for hook in hooks:
        hook.remove()
    probe = values(f"{name}.probe", embedding.shape)
    (gradient,) = torch.autograd.grad((embedding * probe).sum(), image)
    out["image_embedding"] = embedding.detach()
    out["stage_rms"] = torch.stack(stages)
    out["pixel_gradient"] = gradient
    text = config["text_cfg"]
    ids = token_ids(text["context_length"], text["vocab_size"])
    out["ids"] = ids
    out["text_embedding"] = model.encode_text(ids)
    if "layers" in config["vision_cfg"] and isinstance(config["vision_cfg"]["layers"], list):
        record_training(name, model, image.detach(), out)
    if name == "tiny_vit":
        other = dict(config, vision_cfg=dict(config["vision_cfg"], image_size=48))
        bigger = open_clip.CLIP(**json.loads(json.dumps(other)))
        state = model.state_dict()
        open_clip.model.resize_pos_embed(state, bigger)
        bigger.load_state_dict(state)
        bigger.eval()
        with torch.no_grad():
            out["embedding_at_48"] = bigger.encode_image(values("tiny_vit.image48", (1, 3, 48, 48)))
    save_file({k: v.contiguous() for k, v in out.items()}, str(OUT / f"{name}.safetensors"),
              {"model_cfg": json.dumps(config)})


def record_training(name, model, image, out):
    """One forward and backward with batch statistics."""
    visual = model.visual
    visual.train()
    for p in visual.parameters():
        p.requires_grad_(True)
    embedding = visual(image)
    probe = values(f"{name}.probe", embedding.shape)
    (embedding * probe).sum().backward()
    out["train.image_embedding"] = embedding.detach()
    out["train.gradient.conv1"] = visual.conv1.weight.grad
    out["train.gradient.bn2"] = visual.layer2[0].bn2.weight.grad
    out["train.running_mean.bn1"] = visual.bn1.running_mean
    out["train.running_var.layer4"] = visual.layer4[0].bn3.running_var
    visual.eval()


def record_hugging_face():
    config = transformers.CLIPConfig(
        projection_dim=32,
        text_config=dict(hidden_size=64, intermediate_size=256, num_hidden_layers=2,
                         num_attention_heads=2, max_position_embeddings=77, vocab_size=600,
                         hidden_act="quick_gelu", eos_token_id=2, projection_dim=32),
        vision_config=dict(hidden_size=64, intermediate_size=256, num_hidden_layers=2,
                           num_attention_heads=2, image_size=32, patch_size=8,
                           hidden_act="quick_gelu", projection_dim=32))
    model = transformers.CLIPModel(config).eval()
    name_weights(model)
    names = [k for k, v in model.state_dict().items() if v.is_floating_point()]
    ids = token_ids(77, 600)
    ids[ids == 0] = 599  # Hugging Face pads with the end token
    with torch.no_grad():
        pixels = values("tiny_vit.image", (2, 3, 32, 32))
        image = model.visual_projection(model.vision_model(pixel_values=pixels).pooler_output)
        text = model.text_projection(model.text_model(input_ids=ids).pooler_output)
        check = model(input_ids=ids, pixel_values=pixels)
        assert torch.allclose(check.image_embeds, image / image.norm(dim=-1, keepdim=True))
    shapes = {k: list(model.state_dict()[k].shape) for k in names}
    save_file({"ids": ids, "image_embedding": image.contiguous(),
               "text_embedding": text.contiguous()},
              str(OUT / "hugging_face.safetensors"), {"shapes": json.dumps(shapes)})
    (OUT / "hugging_face_config.json").write_text(json.dumps(config.to_dict(), indent=1) + "\n")


def record_preprocess():
    """Network inputs of a crop of a photograph by both reference pipelines."""
    photo = Image.open(OUT / "photo.png").convert("RGB")
    out = {}
    transform = open_clip.image_transform(32, is_train=False)
    out["open_clip"] = transform(photo)
    squash = open_clip.transform.image_transform(
        32, is_train=False, resize_mode="squash", interpolation="bilinear")
    out["open_clip_squash_bilinear"] = squash(photo)
    longest = open_clip.transform.image_transform(32, is_train=False, resize_mode="longest")
    out["open_clip_longest"] = longest(photo)
    model = open_clip.CLIP(**json.loads(json.dumps(MODELS["tiny_vit"]))).eval()
    name_weights(model)
    with torch.no_grad():
        out["embedding"] = model.encode_image(out["open_clip"][None])
    save_file({k: v.contiguous() for k, v in out.items()}, str(OUT / "preprocess.safetensors"))


def record_containers():
    """The same tensors as torch.save writes them, new and old container."""
    model = open_clip.CLIP(**json.loads(json.dumps(CONTAINED)))
    name_weights(model)
    state = {k: v.clone() for k, v in model.state_dict().items() if not k.endswith("attn_mask")}
    wrapped = {"epoch": 3, "name": "run", "optimizer": {"lr": 0.1},
               "state_dict": {"module." + k: v for k, v in state.items()}}
    torch.save(wrapped, OUT / "training.pt")
    torch.save(state, OUT / "legacy.pth", _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.set_num_threads(1)
    OUT.mkdir(parents=True, exist_ok=True)
    for model_name, model_config in MODELS.items():
        record_open_clip(model_name, model_config)
    record_hugging_face()
    record_preprocess()
    record_containers()
