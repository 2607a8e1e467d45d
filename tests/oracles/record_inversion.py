# SPDX-License-Identifier: Apache-2.0
"""Records tests/inversion/fixtures: what the published implementations of inversion encoders,
adapters and mappers make of weights that follow from their names.

Run by hand: python tests/oracles/record_inversion.py FOLDER [FUNCTION...], where FOLDER holds
checkouts of omertov/encoder4editing, Yueming6568/DeltaEdit, johnberg1/CLIPInverter and
orpatashnik/StyleCLIP (commits 99ea505, dd6c27c, 83f9c22 and f87a47f) under the names
encoder4editing, DeltaEdit, CLIPInverter and StyleCLIP.
Recorded with torch 2.14.1 in float64 on a CPU; their calls of cuda() and float() do nothing here.
"""
import argparse
import contextlib
import gzip
import io
import math
import pathlib
import sys

import safetensors.torch
import torch

import named_values

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "inversion" / "fixtures"
REFERENCE_PACKAGES = ("models", "mapper", "adapter", "delta_mapper", "criteria", "configs")
ROWS = 10  # of a 64 px generator


def value(prefix, name, shape):
    """The twin of inversion_value in tests/inversion/named_networks.h."""
    full = prefix + name
    if name.endswith("running_var"):
        return named_values.values(full, shape, 0.2, 1.0)
    if name.endswith("running_mean"):
        return named_values.values(full, shape, 0.2)
    if len(shape) == 0:
        return named_values.values(full, shape, 0.1, 0.3)
    if len(shape) == 1:
        return named_values.values(full, shape, 0.1, 0.7 if name.endswith("weight") else 0.0)
    fan_in = math.prod(shape[1:])
    if name.startswith("styles."):
        return named_values.values(full, shape, 1.0 if len(shape) == 2 else 1.4 / fan_in ** 0.5)
    return named_values.values(full, shape, 1 / fan_in ** 0.5)


def mapper_value(prefix, name, shape):
    """The twin of named_mapper_value: dense layers are stored 100 times as large as they act."""
    return named_values.values(prefix + name, shape, 100.0 if len(shape) == 2 else 10.0)


@contextlib.contextmanager
def reference(folder, name):
    """Imports of a checkout, which all call their packages alike."""
    def forget():
        for module in list(sys.modules):
            if module.split(".")[0] in REFERENCE_PACKAGES:
                del sys.modules[module]

    forget()
    sys.path.insert(0, str(folder / name))
    try:
        yield
    finally:
        sys.path.remove(str(folder / name))
        forget()


def plain_operations(folder):
    """The operations of StyleGAN2 that encoder4editing would compile for a GPU."""
    with reference(folder, "CLIPInverter"):
        from models.stylegan2 import op
        return op


def fill(module, prefix, make=value):
    state = {}
    for name, tensor in module.state_dict().items():
        if name.endswith("num_batches_tracked"):
            state[name] = tensor
        elif not name.endswith("kernel"):
            state[name] = make(prefix, name, tuple(tensor.shape))
    module.load_state_dict(state, strict=False)
    return module.double().eval()


def picture(name, shape):
    return named_values.values(name, shape, 0.5).clamp(-1, 1).double()


def thinned(features):
    """A sixteenth of the channels and an eighth of the rows and columns, the last ones included."""
    return {f"c{i + 1}": x[:, 15::16, 7::8, 7::8].contiguous() for i, x in enumerate(features)}


def save(name, tensors):
    path = FIXTURES / (name + ".safetensors")
    safetensors.torch.save_file({k: v.detach().to(torch.float32).contiguous() for k, v in tensors.items()},
                                path)
    for key, tensor in tensors.items():
        print(name, key, tuple(tensor.shape), f"rms {tensor.square().mean().sqrt().item():.3g}")


def wrong_upsampling(x, y):
    return torch.nn.functional.interpolate(x, size=y.shape[-2:], mode="bilinear",
                                           align_corners=False) + y


def record_encoders(folder):
    operations = plain_operations(folder)
    with reference(folder, "encoder4editing"):
        sys.modules["models.stylegan2.op"] = operations
        from models.encoders import psp_encoders
        options = argparse.Namespace(stylegan_size=64)
        e4e = fill(psp_encoders.Encoder4Editing(50, "ir_se", options), "encoder.")
        psp = fill(psp_encoders.GradualStyleEncoder(50, "ir_se", options), "encoder.")
        average = named_values.values("encoder.latent_avg", (ROWS, 512), 0.3).double()
        image = picture("inversion picture", (1, 3, 256, 256))
        out = {"e4e": e4e(image) + average, "psp": psp(image) + average}
        for stage in (0, 4):
            e4e.set_progressive_stage(psp_encoders.ProgressiveStage(stage))
            out[f"e4e.stage{stage}"] = e4e(image) + average
        # Mistakes that a port makes easily.
        right = psp_encoders._upsample_add
        psp_encoders._upsample_add = wrong_upsampling
        out["wrong.align_corners"] = psp(image) + average
        psp_encoders._upsample_add = right
        psp.train()
        out["wrong.batch_statistics"] = psp(image) + average
    with reference(folder, "CLIPInverter"):
        from adapter.clipadapter import CLIPAdapter
        from models.encoders import psp_encoders_features
        encoder = psp_encoders_features.Encoder4Editing(50, "ir_se", options)
        encoder.load_state_dict(e4e.state_dict())
        encoder.double().eval()
        rows, features = encoder(image)
        out.update(thinned(features))
        kept = argparse.Namespace(no_coarse_mapper=False, no_medium_mapper=False,
                                  no_fine_mapper=False)
        adapter = fill(CLIPAdapter(kept), "adapter.")
        text = named_values.values("inversion text", (1, 512), 0.4).double()
        adapted = adapter(features, text)
        out["clip_inverter"] = rows + average + 0.1 * encoder.forward_features(adapted)
        save("encoders", out)

        small = [named_values.values(f"inversion feature {i}", (2, c, s, s)).double()
                 for i, (c, s) in enumerate(((128, 6), (256, 4), (512, 3)))]
        texts = named_values.values("inversion texts", (2, 512), 0.4).double()
        maps = {f"c{i + 1}": x for i, x in enumerate(adapter(small, texts))}
        from models.stylegan2.model_remapper import Generator
        generator = Generator(16, 512, 2).eval()
        fill(generator, "decoder.")
        read = []
        layers = [generator.conv1, *generator.convs]
        for layer in layers:
            layer.conv.modulation.register_forward_hook(
                lambda module, inputs, output: read.append(inputs[0]))
        w_plus = named_values.values("inversion w_plus", (2, 6, 512)).double()
        generator([w_plus], input_is_latent=True, randomize_noise=False, txt_embed=texts)
        maps["convolution_rows"] = torch.stack(read, 1)
        save("clip_inverter", maps)


def narrow_encoder(psp_encoders, helpers, options):
    """The published encoder with the widths of kTinyWidths in tests/inversion/named_networks.h."""
    widths, units = (16, 32, 16, 32), (3, 4, 14, 3)
    psp_encoders.get_blocks = lambda _: [
        helpers.get_block(before, width, count)
        for before, width, count in zip((16,) + widths, widths, units)]
    encoder = psp_encoders.Encoder4Editing(50, "ir_se", options)
    conv, norm = torch.nn.Conv2d(3, 16, 3, 1, 1, bias=False), torch.nn.BatchNorm2d(16)
    encoder.input_layer = torch.nn.Sequential(conv, norm, torch.nn.PReLU(16))
    encoder.styles = torch.nn.ModuleList(
        psp_encoders.GradualStyleBlock(32, 32, style.spatial) for style in encoder.styles)
    encoder.latlayer1, encoder.latlayer2 = torch.nn.Conv2d(16, 32, 1), torch.nn.Conv2d(32, 32, 1)
    return encoder


def record_layout(folder):
    """A file as encoder4editing saves it, and what its own encoder makes of it."""
    operations = plain_operations(folder)
    with reference(folder, "encoder4editing"):
        sys.modules["models.stylegan2.op"] = operations
        from models.encoders import helpers, psp_encoders
        options = {"encoder_type": "Encoder4Editing", "stylegan_size": 32, "device": "cuda:0",
                   "start_from_latent_avg": True, "checkpoint_path": None, "lpips_lambda": 0.8}
        encoder = narrow_encoder(psp_encoders, helpers, argparse.Namespace(**options))
        # All tensors are pieces of four short runs, so that the file stays small.
        steps = torch.round(named_values.values("inversion run", (1 << 14,), 4.0))
        runs = {4: steps * 0.02, 2: steps * 0.25, "positive": 1 + steps[:512] * 0.02,
                "other": steps[:512] * 0.02}
        state = {}
        for name, tensor in encoder.state_dict().items():
            if name.endswith("num_batches_tracked"):
                state[name] = tensor
                continue
            is_positive = name.endswith(("running_var", "weight"))
            run = runs.get(tensor.dim(), runs["positive" if is_positive else "other"])
            begin = named_values.fnv1a(name) % (len(run) - tensor.numel() + 1)
            state[name] = run[begin:begin + tensor.numel()].view(tensor.shape)
        encoder.load_state_dict(state)
        encoder.double().eval()
        average = named_values.values("encoder.latent_avg", (8, 32), 0.3)
        rows = encoder(picture("tiny picture", (2, 3, 256, 256)))
        print("rms without the mean", rows.square().mean().sqrt().item())
        save("layout", {"e4e": rows + average.double()})
        saved = {"encoder." + name: tensor for name, tensor in state.items()}
        saved["decoder.style.1.weight"] = torch.zeros(2, 2)
        buffer = io.BytesIO()
        torch.save({"state_dict": saved, "opts": options, "latent_avg": average}, buffer)
        (FIXTURES / "e4e_layout.pt.gz").write_bytes(gzip.compress(buffer.getvalue(), 9, mtime=0))


def record_delta_mapper(folder):
    with reference(folder, "DeltaEdit"):
        import delta_mapper
        from models.stylegan2 import model
        net = fill(delta_mapper.DeltaMapper(), "delta.", mapper_value)
        styles = named_values.values("delta styles", (2, 6048), 1.0, 0.6).double()
        unit = torch.nn.functional.normalize
        condition = torch.cat(
            [unit(named_values.values("delta image", (2, 512)).double()),
             unit(named_values.values("delta step", (2, 512)).double())], 1)
        out = {"delta": net(styles, condition)}
        model.PixelNorm.forward = lambda self, x: x * torch.rsqrt(
            x.square().mean(-1, keepdim=True) + 1e-8)
        out["wrong.channel_norm"] = net(styles, condition)[:1]
        save("delta_mapper", out)


def record_latent_mapper(folder):
    with reference(folder, "StyleCLIP"):
        from mapper import latent_mappers
        kept = argparse.Namespace(no_coarse_mapper=False, no_medium_mapper=False,
                                  no_fine_mapper=False)
        w_plus = named_values.values("mapper w_plus", (2, ROWS, 512)).double()
        out = {}
        for name in ("LevelsMapper", "SingleMapper"):
            net = fill(getattr(latent_mappers, name)(kept), "mapper.", mapper_value)
            out[name] = net(w_plus)
        save("latent_mapper", out)


def record_identity(folder):
    with reference(folder, "StyleCLIP"):
        from criteria import id_loss
        from models.facial_recognition.model_irse import Backbone
        state = fill(Backbone(112, 50, "ir_se"), "identity.").state_dict()
        id_loss.torch.load, load = lambda path: state, torch.load
        judge = id_loss.IDLoss(argparse.Namespace(ir_se50_weights=None)).double()
        torch.load = load
        save("identity", {
            "aligned": judge.extract_feats(picture("identity aligned", (2, 3, 256, 256))),
            "other_size": judge.extract_feats(picture("identity other", (1, 3, 300, 280)))})


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    FIXTURES.mkdir(parents=True, exist_ok=True)
    torch.Tensor.cuda = lambda self, *_: self
    torch.nn.Module.cuda = lambda self, *_: self
    torch.Tensor.float = lambda self: self
    with torch.no_grad():
        for step in (record_delta_mapper, record_latent_mapper, record_identity, record_layout,
                     record_encoders):
            if len(sys.argv) < 3 or step.__name__ in sys.argv[2:]:
                step(folder)


if __name__ == "__main__":
    main()
