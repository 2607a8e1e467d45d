#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same cases as worker.cpp, answered by open_clip or onnxruntime."""
import sys
import time

peer, model_file, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])


def make_input(n, size, np):
    index = np.arange(n * 3 * size * size, dtype=np.float64) * 0.61803398875
    return (index - np.floor(index) - 0.5).astype(np.float32).reshape(n, 3, size, size)


def make_ids(n, np):
    ids = np.zeros((n, 77), dtype=np.int64)
    ids[:, 0] = 49406
    for t in range(1, 9):
        ids[:, t] = 1000 + 17 * t
    ids[:, 9] = 49407
    return ids


def open_clip_runner():
    import numpy as np
    import open_clip
    import torch
    from safetensors.torch import load_file
    torch.set_num_threads(threads)
    model = open_clip.create_model("ViT-B-32-quickgelu")
    model.load_state_dict(load_file(model_file))
    model.eval()
    size = 224

    def run(kind, n):
        start = time.perf_counter()
        if kind == "forward":
            with torch.inference_mode():
                out = model.encode_image(torch.from_numpy(make_input(n, size, np)))
        elif kind == "gradient":
            x = torch.from_numpy(make_input(n, size, np)).requires_grad_(True)
            model.encode_image(x).square().sum().backward()
            out = x.grad.flatten(1)[:, :512]
        else:
            with torch.inference_mode():
                out = model.encode_text(torch.from_numpy(make_ids(n, np)))
        return time.perf_counter() - start, out[0].double().numpy()
    return run


def onnxruntime_runner():
    import numpy as np
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    sessions = {}

    def run(kind, n):
        name = {"forward": "image", "text": "text"}[kind]
        if name not in sessions:
            sessions[name] = ort.InferenceSession(f"{model_file}.{name}.onnx", options)
        start = time.perf_counter()
        data = make_input(n, 224, np) if kind == "forward" else make_ids(n, np)
        out = sessions[name].run(None, {"input": data})[0]
        return time.perf_counter() - start, out[0].astype(np.float64)
    return run


runner = open_clip_runner() if peer == "open_clip" else onnxruntime_runner()
for line in sys.stdin:
    kind, _, count = line.strip().partition(":")
    if not count:
        break
    seconds, row = runner(kind, int(count))
    print(f"{seconds:.6f}", *(f"{v:.6g}" for v in row), flush=True)
