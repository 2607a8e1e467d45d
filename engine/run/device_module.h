// SPDX-License-Identifier: Apache-2.0
#pragma once
// What libvane_cuda.so offers to the program: a table of plain functions, so that the program needs
// no device header and runs on machines that have no such library.

#include <cstdint>

namespace vane {

/// A picture to develop on the device; all pointers are host memory.
struct DeviceDevelop {
  const void* from = nullptr;       // [height][width][from_channels]
  void* to = nullptr;               // [height][width][to_channels]
  const float* mask = nullptr;      // [height][width] in [0,1], or null
  const void* constants = nullptr;  // develop::DevelopConstants<float>; its grid is host memory too
  int64_t grid_values = 0;          // floats of that grid
  int64_t width = 0, height = 0;
  int from_channels = 3, to_channels = 3;
  int depth = 8;  // bits of a sample: 8 or 16
  float opacity = 1;
};

struct DeviceModule {
  static constexpr int kVersion = 1;
  int version = kVersion;
  /// Devices that the driver offers; negative: the driver's error.
  int (*count)() = nullptr;
  /// Text of an error that count or develop returned; static storage.
  const char* (*error_text)(int error) = nullptr;
  /// Name of device 0, for people; static storage.
  const char* (*name)() = nullptr;
  /// Copies in, develops, copies out. 0, or an error number.
  int (*develop)(const DeviceDevelop& work) = nullptr;
};

/// The one symbol that is looked up.
using DeviceModuleEntry = const DeviceModule* (*)();
inline constexpr const char* kDeviceModuleEntry = "vane_device_module";

}  // namespace vane
