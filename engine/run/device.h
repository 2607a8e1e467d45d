// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where the process computes. No torch here.

#include <filesystem>
#include <string>

#include "engine/run/device_module.h"

namespace vane {

/// The library of the chosen device; null on the CPU.
const DeviceModule* compute_device_module();

/// "cpu", or "cuda" after select_compute_device.
const std::string& compute_device();

/// Whether libvane_cuda.so lies beside this library.
bool device_library_present();

/// Chooses where networks run from now on. "cuda" loads libvane_cuda.so from `folder` (empty: the
/// folder of this library), which brings LibTorch's CUDA half along. Call before loading a model.
/// Throws Error{usage}: an unknown name, a build without CUDA, no GPU that the driver offers;
/// Error{resource}: the module or what it needs cannot be loaded.
void select_compute_device(const std::string& name, const std::filesystem::path& folder = {});

}  // namespace vane
