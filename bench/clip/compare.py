#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CLIP ViT-B/32 with random weights: Vane against open_clip and onnxruntime, taking turns."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from workers import PAUSE_SECONDS, Worker, interval  # noqa: E402


def make_weights(folder):
    """open_clip folder of a ViT-B/32 with random weights, and its ONNX twins."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / "open_clip_model.safetensors"
    if weights.exists():
        return weights
    import open_clip
    import torch
    from safetensors.torch import save_file
    torch.manual_seed(7)
    model = open_clip.create_model("ViT-B-32-quickgelu").eval()
    save_file({k: v.contiguous() for k, v in model.state_dict().items() if k != "attn_mask"}, weights)
    config = open_clip.get_model_config("ViT-B-32-quickgelu")
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": {
        "mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711]}}))

    class Text(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, x):
            return self.model.encode_text(x)

    batch = torch.export.Dim("batch", min=1, max=64)
    for name, module, example in (("image", model.visual, torch.zeros(2, 3, 224, 224)),
                                  ("text", Text(), torch.full((2, 77), 49407))):
        torch.onnx.export(module, (example,), f"{weights}.{name}.onnx", input_names=["input"],
                          dynamic_shapes=({0: batch},), dynamo=True)
    return weights


def cosine(a, b):
    dot = sum(x * y for x, y in zip(a, b))
    return dot / (sum(x * x for x in a) ** 0.5 * sum(y * y for y in b) ** 0.5)


def commands(arguments, weights):
    return {
        "vane": [str(arguments.build / "bench/clip_bench_worker"), str(weights.parent), str(arguments.threads)],
        "open_clip": [sys.executable, str(HERE / "peers.py"), "open_clip", str(weights), str(arguments.threads)],
        "onnxruntime": [sys.executable, str(HERE / "peers.py"), "onnxruntime", str(weights), str(arguments.threads)],
    }


def throughput(arguments, weights):
    workers = {name: Worker(name, command, stderr=subprocess.DEVNULL) for name, command in commands(arguments, weights).items()}
    for case in ("forward:1", "forward:8", "gradient:1", "gradient:8", "text:1", "text:8"):
        names = [n for n in workers if not (n == "onnxruntime" and case.startswith("gradient"))]
        outputs = {}
        for name in names:
            for _ in range(arguments.warmup):
                _, outputs[name] = workers[name].ask(case)
            if cosine(outputs[name], outputs["vane"]) < 0.9999:
                sys.exit(f"{name} does not compute what vane computes for {case}: timing is void")
        times = {name: [] for name in names}
        for _ in range(arguments.rounds):
            for name in names:
                time.sleep(PAUSE_SECONDS)
                workers[name].ask(case)  # wakes caches and clocks after the pause
                times[name].append(workers[name].ask(case)[0])
        for name in names[1:]:
            ratios = [peer / own for peer, own in zip(times[name], times["vane"])]
            low, high = interval(ratios)
            print(json.dumps({"case": case, "peer": name, "vane_ms": round(1e3 * statistics.median(times["vane"]), 1),
                              "peer_ms": round(1e3 * statistics.median(times[name]), 1),
                              "ratio": round(statistics.median(ratios), 3),
                              "interval": [round(low, 3), round(high, 3)], "rounds": arguments.rounds}), flush=True)
    for name, worker in workers.items():
        worker.close()


def cold_start_and_memory(arguments, weights):
    results = {name: ([], []) for name in commands(arguments, weights)}
    for _ in range(arguments.cold_rounds):
        for name, command in commands(arguments, weights).items():
            worker = Worker(name, command, stderr=subprocess.DEVNULL)
            worker.ask("forward:1")
            results[name][0].append(time.perf_counter() - worker.start)
            if name != "onnxruntime":
                worker.ask("gradient:1")
            worker.ask("text:1")
            results[name][1].append(worker.peak_mib())
            worker.close()
    for name, (seconds, mib) in results.items():
        print(json.dumps({"case": "cold start to first embedding; peak memory", "who": name,
                          "seconds": round(statistics.median(seconds), 3), "peak_mib": round(statistics.median(mib)),
                          "cold_ratio": round(statistics.median(seconds) / statistics.median(results["vane"][0]), 2),
                          "memory_ratio": round(statistics.median(results["vane"][1]) / statistics.median(mib), 2)}),
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build-dev"))
    parser.add_argument("--model", type=pathlib.Path, default=pathlib.Path("runs/bench/vit-b-32"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--cold-rounds", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=3)
    arguments = parser.parse_args()
    print(json.dumps({"load_average_at_start": os.getloadavg()[0], "threads": arguments.threads}), flush=True)
    weights = make_weights(arguments.model)
    cold_start_and_memory(arguments, weights)
    throughput(arguments, weights)


if __name__ == "__main__":
    main()
