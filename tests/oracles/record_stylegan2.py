# SPDX-License-Identifier: Apache-2.0
"""Records what the two published implementations of StyleGAN2 make of weights that follow from their names.

Needs clones of rosinality/stylegan2-pytorch and NVlabs/stylegan2-ada-pytorch; neither builds its CUDA code here.
Usage: record_stylegan2.py ROSINALITY NVLABS tests/generators/data
Writes stylegan2.safetensors with the results and stylegan2_rosinality.pt.gz, a small converted file.
Recorded with torch 2.14.1.
"""
import argparse
import gzip
import io
import pathlib
import sys
import types

import torch
import torch.utils.cpp_extension
from safetensors.torch import save_file

import named_values

rosinality, nvlabs, output = sys.argv[1:]
torch.utils.cpp_extension.load = lambda *_, **__: None  # they fall back to PyTorch on the CPU
sys.modules.setdefault("requests", types.ModuleType("requests"))  # for downloads only
sys.path[:0] = [rosinality, nvlabs]

from model import Generator as RosinalityGenerator  # noqa: E402
from training.networks import Generator as NvlabsGenerator  # noqa: E402


def value(case, key, like):
    """Twin of named_stylegan2_tensor in tests/support/named_stylegan2.h."""
    name = f"{case} {key}"
    if key.startswith(("style.", "mapping.fc")):
        return named_values.values(name, like.shape, 100 if key.endswith("weight") else 20)
    if key.endswith(("modulation.bias", "affine.bias")):
        return named_values.values(name, like.shape, 0.3, 1)
    if key.endswith(("noise.weight", "noise_strength")):
        return named_values.values(name, like.shape, 0.2, 0.4)
    if key.endswith((".bias", "w_avg", "latent_avg")):
        return named_values.values(name, like.shape, 0.2)
    to_colours = "rgb" in key and "modulation" not in key and "affine" not in key
    return named_values.values(name, like.shape, 0.3 if to_colours else 1)


def fill(network, case):
    state = network.state_dict()
    for key, tensor in state.items():
        if not key.endswith((".kernel", "resample_filter")):
            state[key] = value(case, key, tensor)
    network.load_state_dict(state)
    return network.eval()


def samples(case, name, picture):
    """32 px whole; of larger pictures 32 x 32 pixels spread out, and a crop."""
    step = picture.shape[-1] // 32
    found = {f"{case}.{name}": picture[:, :, step // 2::step, step // 3::step].float().contiguous()}
    if step > 1:
        found[f"{case}.{name}.crop"] = picture[:, :, 20:36, 30:46].float().contiguous()
    return found


def record(case, size, z_dim, w_dim, rows, batch, mapped, truncated, synthesised):
    """mapped(z), truncated(z, psi, cutoff or None), synthesised(w_plus, with noise) in [-1,1]."""
    z = named_values.values(f"{case} z", (batch, z_dim))
    w_plus = named_values.values(f"{case} w_plus", (batch, rows, w_dim))
    with torch.no_grad():
        found = {f"{case}.w": mapped(z).float().contiguous()}
        found |= samples(case, "picture", synthesised(w_plus, True))
        found |= samples(case, "truncated", truncated(z, 0.6)[:1])
        if size <= 64:
            found |= samples(case, "silent", synthesised(w_plus[:1], False))
    if size <= 64:
        w_plus = w_plus.clone().requires_grad_()
        picture = synthesised(w_plus, True)
        towards = named_values.values(f"{case} towards", picture.shape)
        (gradient,) = torch.autograd.grad((picture * towards).sum(), w_plus)
        found[f"{case}.gradient"] = gradient.float().contiguous()
    for key, tensor in found.items():
        print(key, tuple(tensor.shape), "rms", round(tensor.square().mean().sqrt().item(), 3))
    return found


def record_rosinality(case, size, w_dim, layers, multiplier, batch):
    network = fill(RosinalityGenerator(size, w_dim, layers, multiplier), case).double()
    average = named_values.values(f"{case} latent_avg", (w_dim,), 0.2).double()

    def synthesised(w_plus, with_noise):
        silence = [torch.zeros_like(getattr(network.noises, f"noise_{i}")) for i in range(network.num_layers)]
        noise = None if with_noise else silence
        return network([w_plus.double()], input_is_latent=True, randomize_noise=False, noise=noise)[0]

    def truncated(z, psi):
        return network([z.double()], truncation=psi, truncation_latent=average, randomize_noise=False)[0]

    return record(case, size, w_dim, w_dim, network.n_latent, batch, lambda z: network.style(z.double()), truncated,
                  synthesised)


def record_nvlabs(case, size, z_dim, w_dim, layers, base, most, batch):
    network = fill(NvlabsGenerator(z_dim, 0, w_dim, size, 3, mapping_kwargs={"num_layers": layers},
                                   synthesis_kwargs={"channel_base": base, "channel_max": most}), case)

    def synthesised(w_plus, with_noise):
        return network.synthesis(w_plus, noise_mode="const" if with_noise else "none")

    def truncated(z, psi):
        # The first four rows only.
        return network(z, None, truncation_psi=psi, truncation_cutoff=4, noise_mode="const")

    return record(case, size, z_dim, w_dim, network.num_ws, batch, lambda z: network.mapping(z, None)[:, 0], truncated,
                  synthesised)


def rosinality_names(state, blocks):
    """A state dict of NVlabs under the other names: key -> shape."""
    shapes = {key: tuple(tensor.shape) for key, tensor in state.items()}

    def modulated(source, target):
        yield target + ".conv.weight", (1, *shapes[source + ".weight"])
        for part in ("weight", "bias"):
            yield f"{target}.conv.modulation.{part}", shapes[f"{source}.affine.{part}"]

    def convolution(source, target, noise):
        yield from modulated(source, target)
        yield target + ".noise.weight", (1,)
        yield target + ".activate.bias", shapes[source + ".bias"]
        yield f"noises.noise_{noise}", (1, 1, *shapes[source + ".noise_const"])

    def colours(source, target):
        yield from modulated(source, target)
        yield target + ".bias", (1, 3, 1, 1)

    yield "input.input", (1, *shapes["synthesis.b4.const"])
    yield from convolution("synthesis.b4.conv1", "conv1", 0)
    yield from colours("synthesis.b4.torgb", "to_rgb1")
    for k in range(1, blocks):
        block = f"synthesis.b{4 << k}"
        yield from convolution(block + ".conv0", f"convs.{2 * k - 2}", 2 * k - 1)
        yield from convolution(block + ".conv1", f"convs.{2 * k - 1}", 2 * k)
        yield from colours(block + ".torgb", f"to_rgbs.{k - 1}")
        yield f"convs.{2 * k - 2}.conv.blur.kernel", (4, 4)
        yield f"to_rgbs.{k - 1}.upsample.kernel", (4, 4)
    for j in range(10):
        for part in ("weight", "bias"):
            if f"mapping.fc{j}.{part}" in shapes:
                yield f"style.{j + 1}.{part}", shapes[f"mapping.fc{j}.{part}"]


def save_converted(path):
    """A .pt as rosinality's convert_weight.py writes it, of a network of 16 px."""
    network = NvlabsGenerator(8, 0, 7, 16, 3, mapping_kwargs={"num_layers": 2},
                              synthesis_kwargs={"channel_base": 40, "channel_max": 6})
    state = {key: value("tiny", key, torch.empty(shape))
             for key, shape in rosinality_names(network.state_dict(), 3)}
    average = value("tiny", "latent_avg", torch.empty(7))
    buffer = io.BytesIO()
    torch.save({"g_ema": state, "latent_avg": average, "args": argparse.Namespace(size=16)}, buffer)
    path.write_bytes(gzip.compress(buffer.getvalue(), 9, mtime=0))


def main():
    found = {}
    found |= record_rosinality("ros32", 32, 64, 3, 2, 2)
    found |= record_rosinality("ros64", 64, 128, 8, 1, 1)
    found |= record_rosinality("ros256", 256, 512, 8, 2, 1)
    found |= record_rosinality("ros256slim", 256, 128, 2, 1, 1)
    found |= record_nvlabs("ada32", 32, 48, 64, 2, 1024, 64, 2)
    found |= record_nvlabs("ada64", 64, 128, 128, 8, 4096, 96, 1)
    found |= record_nvlabs("ada256", 256, 512, 512, 8, 16384, 512, 1)
    folder = pathlib.Path(output)
    save_file(found, folder / "stylegan2.safetensors")
    save_converted(folder / "stylegan2_rosinality.pt.gz")


if __name__ == "__main__":
    main()
