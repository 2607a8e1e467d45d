# SPDX-License-Identifier: Apache-2.0
"""Records what open_clip and timm compute for a small MobileCLIP with named weights.

    python tests/oracles/record_mobile_clip.py

Writes tests/clip/fixtures/mobile_clip.safetensors: outputs, the pixel gradient, and under
`reparam.` the tensors of the image tower after timm's own reparameterisation. Metadata: the shapes
of all tensors, and Apple's name of each tensor of the image tower, found by sending candidate names
through timm's conversion function.

Also mobile_clip_sizes.safetensors: embeddings of a small tower built like fastvit_mci3 and of a whole
fastvit_mci0, with their shapes.
"""
import json
import pathlib
from functools import partial

import timm
import torch
from open_clip.convert import convert_state_dict
from open_clip.model import CustomTextCLIP
from safetensors.torch import save_file
from timm.models import fastvit
from timm.models._registry import register_model

from named_values import values, weight

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "clip" / "fixtures"
SIZE, EMBED = 64, 24
TEXT = {"context_length": 16, "vocab_size": 120, "width": 128, "heads": 2, "layers": 2,
        "no_causal_mask": True}


@register_model
def fastvit_tiny(pretrained=False, **kwargs):
    arguments = dict(layers=(1, 2, 1, 1), embed_dims=(8, 16, 32, 32), mlp_ratios=(3, 3, 3, 3),
                     se_downsamples=(False, False, True, True),
                     pos_embs=(None, None, None,
                               partial(fastvit.RepConditionalPosEnc, spatial_shape=(7, 7))),
                     token_mixers=("repmixer", "repmixer", "repmixer", "attention"), lkc_use_act=True)
    return fastvit.FastVit(**dict(arguments, **{k: v for k, v in kwargs.items()
                                                if k in ("num_classes", "global_pool")}))


def mobile_weight(name, shape):
    """The twin of the one in tests/clip/mobile_clip_test.cpp."""
    if not name.startswith("visual."):
        return weight(name, shape)
    if name.endswith("running_var"):
        return values(name, shape, 0.2, 1.0)
    if name.endswith("gamma"):
        return values(name, shape, 0.1, 0.5)
    if name.endswith("weight") and len(shape) == 1:
        return values(name, shape, 0.1, 1.0)
    if name.endswith("weight"):
        fan_in = 1
        for size in shape[1:]:
            fan_in *= size
        return values(name, shape, 1.0 / fan_in ** 0.5)
    return values(name, shape, 0.08)


APPLE = [("stem.", "patch_embed."), ("conv_kxk", "rbr_conv"), ("conv_scale", "rbr_scale"),
         (".identity.", ".rbr_skip."), ("final_conv", "conv_exp"), ("large_conv", "lkb_origin"),
         (".mlp.", ".convffn."), ("se.fc1", "se.reduce"), ("se.fc2", "se.expand"),
         ("stages.0.blocks", "network.0"), ("stages.1.downsample", "network.1"),
         ("stages.1.blocks", "network.2"), ("stages.2.downsample", "network.3"),
         ("stages.2.blocks", "network.4"), ("stages.3.downsample", "network.5"),
         ("stages.3.pos_emb.pos_enc", "network.6.pe"), ("stages.3.blocks", "network.7"),
         ("head.fc.weight", "head.proj")]
APPLE_TEXT = [("token_embedding", "embedding_layer"), ("ln_final", "final_layer_norm"),
              ("transformer.resblocks.", "transformer."), ("ln_1", "pre_norm_mha.0"),
              ("attn.in_proj_", "pre_norm_mha.1.qkv_proj."), ("attn.", "pre_norm_mha.1."),
              ("ln_2", "pre_norm_ffn.0"), ("mlp.c_fc", "pre_norm_ffn.1"),
              ("mlp.c_proj", "pre_norm_ffn.4"), ("text_projection", "projection_layer")]


def apple_name(name):
    if name.startswith("visual.trunk."):
        name = name[len("visual.trunk."):]
        for ours, theirs in APPLE:
            name = name.replace(ours, theirs)
        return "image_encoder.model." + name.removesuffix(".gamma")
    if name == "text.positional_embedding":
        return "text_encoder.positional_embedding.pos_embed.pos_embed"
    if name.startswith("text."):
        name = name[len("text."):]
        for ours, theirs in APPLE_TEXT:
            name = name.replace(ours, theirs)
        return "text_encoder." + name
    return name


def apple_names(model):
    """Apple's name of every tensor; open_clip's conversion must lead back to the same model."""
    state = model.state_dict()
    names, apple = {}, {}
    for key, tensor in state.items():
        if key.endswith(("num_batches_tracked", "head.fc.bias", "attn_mask")):
            continue
        names[key] = apple_name(key)
        if key == "visual.trunk.head.fc.weight":
            tensor = tensor.T
        if key == "text.positional_embedding":
            tensor = tensor[None, None]
        apple[names[key]] = tensor
    back = convert_state_dict(model, apple)
    for key in names:
        assert torch.equal(back[key], state[key]), key
    return names


def main():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    vision = {"timm_model_name": "fastvit_tiny", "timm_model_pretrained": False, "timm_pool": "avg",
              "timm_proj": None, "timm_drop": 0.0, "timm_drop_path": 0.0, "image_size": SIZE}
    model = CustomTextCLIP(EMBED, vision, TEXT).eval()
    shapes = {}
    with torch.no_grad():
        for key, tensor in model.state_dict().items():
            if key.endswith(("num_batches_tracked", "attn_mask")):
                continue
            shapes[key] = list(tensor.shape)
            tensor.copy_(mobile_weight(key, tensor.shape))
    for parameter in model.parameters():
        parameter.requires_grad_(False)

    pixels = values("mobile_clip.image", (2, 3, SIZE, SIZE), 0.25, 0.5).requires_grad_(True)
    image = model.encode_image(pixels)
    (gradient,) = torch.autograd.grad((image * values("mobile_clip.probe", image.shape)).sum(), pixels)
    ids = torch.zeros(3, 16, dtype=torch.int64)
    for row, length in enumerate((2, 9, 16)):
        ids[row, :length] = torch.tensor([1 + (17 * row + 5 * i) % 117 for i in range(length)])
        ids[row, length - 1] = 119
    tensors = {"ids": ids, "image_embedding": image.detach().contiguous(),
               "pixel_gradient": gradient[:1].contiguous(),
               "text_embedding": model.encode_text(ids).detach().contiguous()}
    names = apple_names(model)
    timm.utils.reparameterize_model(model.visual.trunk, inplace=True)
    again = model.encode_image(pixels.detach())
    print("size", image.abs().mean().item(), "spread", image.std(0).mean().item(), "reparameterised differs by",
          (again - image).abs().max().item())
    for key, tensor in model.visual.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            tensors["reparam.visual." + key] = tensor.detach().contiguous()
    vision["timm_model_name"] = "fastvit_mci1"
    config = {"embed_dim": EMBED, "vision_cfg": vision, "text_cfg": TEXT, "custom_text": True}
    path = FIXTURES / "mobile_clip.safetensors"
    save_file(tensors, str(path), {"shapes": json.dumps(shapes), "apple": json.dumps(names),
                                   "model_cfg": json.dumps(config)})
    print(path.stat().st_size, "bytes")


def named(trunk):
    shapes = {}
    with torch.no_grad():
        for key, tensor in trunk.eval().state_dict().items():
            if not key.endswith("num_batches_tracked"):
                key = "visual.trunk." + key
                shapes[key] = list(tensor.shape)
                tensor.copy_(mobile_weight(key, tensor.shape))
    return shapes


def other_sizes():
    position = partial(fastvit.RepConditionalPosEnc, spatial_shape=(7, 7))
    five = fastvit.FastVit(
        num_classes=EMBED, layers=(1, 1, 1, 1, 2), embed_dims=(4, 8, 16, 32, 64), mlp_ratios=(4,) * 5,
        se_downsamples=(False,) * 5, downsamples=(False, True, True, True, True),
        pos_embs=(None, None, None, position, position),
        token_mixers=("repmixer",) * 3 + ("attention",) * 2, lkc_use_act=True,
        norm_layer=partial(timm.layers.LayerNorm2d, eps=1e-5), stem_use_scale_branch=False)
    whole = timm.create_model("fastvit_mci0", num_classes=512)
    shapes = {"five_stages": json.dumps(named(five)), "mci0": json.dumps(named(whole))}
    with torch.no_grad():
        tensors = {"five_stages": five(values("mobile_clip.image", (2, 3, SIZE, SIZE), 0.25, 0.5)),
                   "mci0": whole(values("mobile_clip.photo", (1, 3, 256, 256), 0.25, 0.5))}
    path = FIXTURES / "mobile_clip_sizes.safetensors"
    save_file(tensors, str(path), shapes)
    print({k: v.std().item() for k, v in tensors.items()}, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
    other_sizes()
