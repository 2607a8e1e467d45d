# SPDX-License-Identifier: Apache-2.0
"""Records what OpenVINO makes of the published MobileStyleGAN: a z, its w, and parts of the picture.

Needs `./setup.sh --get faces` and the packages openvino, numpy and safetensors.
Usage: record_mobile_stylegan.py models/faces tests/generators/data/mobile_stylegan.safetensors
"""
import sys

import numpy as np
import openvino
from safetensors.numpy import save_file

folder, output = sys.argv[1:]
core = openvino.Core()
# Some processors would compute in bfloat16 otherwise.
exact = {"INFERENCE_PRECISION_HINT": "f32"}
mapping = core.compile_model(f"{folder}/MappingNetwork.xml", "CPU", exact)
synthesis = core.compile_model(f"{folder}/SynthesisNetwork.xml", "CPU", exact)
z = np.random.RandomState(5).randn(1, 512).astype(np.float32)
w = mapping([z])[mapping.outputs[0]]
picture = synthesis([w])[synthesis.outputs[0]] * 0.5 + 0.5
save_file({"z": z, "w": w,
           "reduced": picture.reshape(1, 3, 64, 16, 64, 16).mean((3, 5)),
           "crop": np.ascontiguousarray(picture[:, :, 480:528, 400:448])}, output)
