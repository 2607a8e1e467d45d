#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The published MobileStyleGAN in OpenVINO, for which its files were written: `forward` on standard input."""
import sys
import time

import numpy as np
import openvino

# As worker.cpp prints them: about so many numbers of a result.
SHOWN = 500


def main():
    folder, threads = sys.argv[1], int(sys.argv[2])
    core = openvino.Core()
    # As Vane computes; left to itself it takes bfloat16 where the processor has it, 2 % off.
    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    network = core.compile_model(f"{folder}/SynthesisNetwork.xml", "CPU", settings)
    request = network.create_infer_request()
    index = np.arange(512) * 0.61803398875
    latent = ((index - np.floor(index) - 0.5) * 3).astype(np.float32)[None]
    for _ in sys.stdin:
        start = time.perf_counter()
        picture = request.infer({0: latent})[0]
        seconds = time.perf_counter() - start
        numbers = picture.astype(np.float64).ravel()
        print(f"{seconds:.6f}", *(f"{value:.7g}" for value in numbers[:: max(1, numbers.size // SHOWN)]), flush=True)


if __name__ == "__main__":
    main()
