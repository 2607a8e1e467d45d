# SPDX-License-Identifier: Apache-2.0
"""Records tests/weights/fixtures: small weights files written by PyTorch and safetensors, and
beside each the tensors that the writer itself reads back from it.

Run by hand: python tests/oracles/record_weights.py
Recorded with torch 2.14.1 and safetensors 0.8. Expected values are stored as float64 in JSON, in
row-major order, so that the test needs no Python.
"""
import argparse
import collections
import json
import pathlib
import pickle
import sys
import types
import warnings
import zipfile

import numpy
import safetensors.torch
import torch

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "weights" / "fixtures"
NAMES = {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16",
         torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8",
         torch.uint8: "U8", torch.bool: "BOOL", torch.complex64: "C64",
         torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2"}


def expected(tensors, **extra):
    listed = []
    for name, tensor in tensors.items():
        tensor = tensor.detach()
        values = torch.view_as_real(tensor) if tensor.is_complex() else tensor
        listed.append({"name": name, "dtype": NAMES[tensor.dtype], "shape": list(tensor.shape),
                       "values": values.to(torch.float64).contiguous().flatten().tolist()})
    return {"tensors": listed, **extra}


def record(name, tensors, **extra):
    text = json.dumps(expected(tensors, **extra))
    (FOLDER / (name + ".expected.json")).write_text(text + "\n")


def ramp(*shape, dtype=torch.float32, start=0.0):
    count = int(numpy.prod(shape)) if shape else 1
    return (torch.arange(count, dtype=torch.float32) * 0.25 + start).reshape(shape).to(dtype)


def mixed_tensors():
    base = ramp(3, 4)
    return collections.OrderedDict(
        half=ramp(2, 3, dtype=torch.float16), bfloat=ramp(5, dtype=torch.bfloat16, start=-1),
        base=base, transposed=base.t(), tail=base[1:], column=base[:, 2], scalar=torch.tensor(3.5),
        empty=torch.zeros(0, 4), double=ramp(2, dtype=torch.float64, start=1e-3),
        long=torch.tensor([1, -2, 2 ** 40]), int=torch.tensor([7, -7], dtype=torch.int32),
        short=torch.tensor([300], dtype=torch.int16), char=torch.tensor([-5], dtype=torch.int8),
        byte=torch.tensor([250, 3], dtype=torch.uint8), flag=torch.tensor([True, False]),
        complex=torch.tensor([1 + 2j, -3j], dtype=torch.complex64),
        broadcast=ramp(4).reshape(1, 4).expand(3, 4),
        parameter=torch.nn.Parameter(ramp(2, 2, start=9)))


class Block(torch.nn.Module):
    def __init__(self, start):
        super().__init__()
        self.weight = torch.nn.Parameter(ramp(2, 3, start=start))
        self.register_buffer("running", ramp(3, start=-start))

    def forward(self, x):
        return x * self.weight.sum() + self.running.sum()


class Tower(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.visual = torch.nn.Sequential(Block(1), Block(2), torch.nn.LayerNorm(3))
        self.projection = torch.nn.Linear(3, 4)
        with torch.no_grad():
            self.projection.weight.copy_(ramp(4, 3, start=5))
            self.projection.bias.copy_(ramp(4, start=-5))
        self.logit_scale = torch.nn.Parameter(torch.tensor(2.5))
        self.register_buffer("input_resolution", torch.tensor(224))
        self.depth = 3

    def forward(self, x):
        return self.projection(self.visual(x)) * self.logit_scale


class Schedule:
    """Stands for the objects that training frameworks keep beside a state dict."""

    def __init__(self):
        self.best, self.history, self.lookup = 0.5, [1, 2.5, None], {"a": (1, 2), 3: [4, 5]}

    def __reduce__(self):
        return (Schedule, (), self.__dict__)


class Hyper(dict):
    pass


def save_zip_files():
    tensors = mixed_tensors()
    torch.save(tensors, FOLDER / "mixed.pt")
    record("mixed.pt", tensors, format="torch zip")
    torch.save(tensors, FOLDER / "mixed_p4.pt", pickle_protocol=4)
    record("mixed_p4.pt", tensors, format="torch zip")
    eights = {"e4m3": ramp(4, dtype=torch.float8_e4m3fn), "e5m2": ramp(4, dtype=torch.float8_e5m2)}
    torch.save(eights, FOLDER / "float8.pt")
    record("float8.pt", eights, format="torch zip")
    torch.save({"a": ramp(2), "b": torch.zeros(2, dtype=torch.uint16)}, FOLDER / "unsupported_dtype.pt")
    torch.save({"a": torch.quantize_per_tensor(ramp(4), 0.1, 0, torch.qint8)},
               FOLDER / "quantised.pt")
    torch.save({"a": ramp(3, 3).to_sparse()}, FOLDER / "sparse.pt")
    torch.save(ramp(2, 2), FOLDER / "single_tensor.pt")
    record("single_tensor.pt", {"tensor": ramp(2, 2)}, format="torch zip")


def save_training_checkpoints():
    model = Tower()
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    wrapped = collections.OrderedDict(("module." + k, v) for k, v in model.state_dict().items())
    checkpoint = {
        "epoch": 3, "global_step": 1 << 40, "pytorch-lightning_version": "2.5.0",
        "state_dict": wrapped, "optimizer_states": [optimizer.state_dict()],
        "hyper_parameters": Hyper(lr=1e-4, name="tower", nested={"k": (1, 2)}),
        "callbacks": {"checkpoint": Schedule()}, "args": argparse.Namespace(seed=7, folder="x"),
        "loss": numpy.float64(0.25), "random": numpy.random.RandomState(0).get_state(),
        "big": 1 << 200, "device": torch.device("cpu"), "dtype": torch.float16,
        "size": torch.Size([2, 3]), "counter": collections.Counter("aab")}
    torch.save(checkpoint, FOLDER / "lightning.ckpt")
    record("lightning.ckpt", model.state_dict(), format="torch zip")
    del checkpoint["random"]  # Protocol 5 writes arrays with BYTEARRAY8, which is refused by design.
    torch.save(checkpoint, FOLDER / "lightning_p5.ckpt", pickle_protocol=5)
    record("lightning_p5.ckpt", model.state_dict(), format="torch zip")
    torch.save(model, FOLDER / "whole_module.pt")
    record("whole_module.pt", model.state_dict(), format="torch zip")
    generator = {"g": {"w": ramp(2)}, "g_ema": {"w": ramp(2, start=1)}, "latent_avg": ramp(3)}
    torch.save(generator, FOLDER / "generator_ema.pt")
    record("generator_ema.pt", generator["g_ema"], format="torch zip")
    torch.save({"params": {"w": ramp(2)}, "params_ema": {"w": ramp(2, start=4)}},
               FOLDER / "params_ema.pt")
    record("params_ema.pt", {"w": ramp(2, start=4)}, format="torch zip")
    torch.save({"coarse": {"w": ramp(2)}, "fine": {"w": ramp(3)}, "step": 9}, FOLDER / "two_nets.pt")


def save_legacy_files():
    tensors = mixed_tensors()
    torch.save(tensors, FOLDER / "mixed_legacy.pth", _use_new_zipfile_serialization=False)
    record("mixed_legacy.pth", tensors, format="torch legacy")
    model = Tower()
    torch.save({"model": model.state_dict(), "schedule": Schedule()},
               FOLDER / "training_legacy.pth", _use_new_zipfile_serialization=False)
    record("training_legacy.pth", model.state_dict(), format="torch legacy")


def save_scripts():
    model = Tower().eval()
    for parameter in (model.projection.weight, model.projection.bias, *model.visual[:2].parameters()):
        parameter.data = parameter.data.half()
    scripted = torch.jit.script(model)
    torch.jit.save(scripted, FOLDER / "scripted.pt")
    record("scripted.pt", model.state_dict(), format="torchscript", unordered=True)
    model = Tower().eval()
    torch.jit.save(torch.jit.trace(model, torch.ones(2, 3)), FOLDER / "traced.pt")
    record("traced.pt", model.state_dict(), format="torchscript", unordered=True)


def save_npy():
    columns = numpy.asfortranarray(ramp(3, 4).numpy())
    numpy.save(FOLDER / "array.npy", columns)
    record("array.npy", {"array": torch.from_numpy(columns)}, format="npy")


def save_safetensors():
    tensors = {k: v.detach().contiguous().clone() for k, v in mixed_tensors().items()}
    safetensors.torch.save_file(tensors, FOLDER / "mixed.safetensors", metadata={"format": "pt"})
    record("mixed.safetensors", tensors, format="safetensors", unordered=True)
    halves = {"a": {"x": ramp(2), "y": ramp(3, dtype=torch.float16)}, "b": {"z": ramp(2, 2)}}
    places = {}
    for shard, part in halves.items():
        safetensors.torch.save_file(part, FOLDER / f"sharded-{shard}.safetensors")
        places.update({name: f"sharded-{shard}.safetensors" for name in part})
    index = {"metadata": {"total_size": 30}, "weight_map": places}
    (FOLDER / "sharded.safetensors.index.json").write_text(json.dumps(index) + "\n")
    record("sharded.safetensors.index.json", {**halves["a"], **halves["b"]},
           format="safetensors (sharded)", unordered=True)


class EasyDict(dict):
    """As dnnlib.EasyDict pickles."""


def _reconstruct_persistent_obj(meta):
    raise NotImplementedError(meta)


class Persistent(Tower):
    """Pickles as classes decorated by NVLabs' torch_utils.persistence do."""

    def __reduce__(self):
        meta = {"type": "class", "version": 6, "module_src": "import os\n", "class_name": "Tower",
                "state": self.__dict__}
        return (_reconstruct_persistent_obj, (meta,), None)


def save_stylegan_pickle():
    names = {"torch_utils.persistence": _reconstruct_persistent_obj, "dnnlib.util": EasyDict}
    for module, value in names.items():
        made = types.ModuleType(module)
        setattr(made, value.__name__, value)
        sys.modules[module.split(".")[0]] = types.ModuleType(module.split(".")[0])
        sys.modules[module] = made
        value.__module__ = module
    generator, average = Persistent(), Persistent()
    with torch.no_grad():
        average.logit_scale.fill_(7)
    snapshot = {"G": generator, "D": Persistent(), "G_ema": average, "augment_pipe": None,
                "training_set_kwargs": EasyDict(path="x.zip", resolution=256)}
    with open(FOLDER / "stylegan.pkl", "wb") as file:
        pickle.dump(snapshot, file, protocol=4)
    record("stylegan.pkl", average.state_dict(), format="pickle", unordered=True)


def extract_fuzz_seeds():
    """The pickles of the archives are the seeds of the pickle harness."""
    seeds = FOLDER.parent.parent / "fuzz" / "corpus" / "pickle"
    seeds.mkdir(parents=True, exist_ok=True)
    for path in sorted([*FOLDER.glob("*.pt"), *FOLDER.glob("*.ckpt")]):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith("/data.pkl"):
                    (seeds / f"{path.stem}.pkl").write_bytes(archive.read(name))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    FOLDER.mkdir(parents=True, exist_ok=True)
    save_zip_files()
    save_training_checkpoints()
    save_legacy_files()
    save_scripts()
    save_npy()
    save_safetensors()
    save_stylegan_pickle()
    extract_fuzz_seeds()
    for path in FOLDER.iterdir():
        path.chmod(0o644)
