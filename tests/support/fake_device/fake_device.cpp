// SPDX-License-Identifier: Apache-2.0
// Stands in for libvane_cuda.so on machines without a GPU: the kernel of the device, run on the
// host. VANE_FAKE_DEVICES says how many devices it reports (a negative number: that error).
#include <cstdlib>

#include "engine/run/device_module.h"
#include "generators/develop/develop_kernel.h"

namespace {

int count() {
  const char* text = std::getenv("VANE_FAKE_DEVICES");
  return text ? std::atoi(text) : 1;
}

const char* error_text(int error) { return error == 35 ? "the driver is too old" : "a fault"; }

const char* name() { return "Fake GPU"; }

template <class Sample>
int run(const vane::DeviceDevelop& work) {
  vane::develop::DevelopKernel<Sample> kernel;
  kernel.from = static_cast<const Sample*>(work.from);
  kernel.to = static_cast<Sample*>(work.to);
  kernel.mask = work.mask;
  kernel.width = work.width;
  kernel.height = work.height;
  kernel.from_channels = work.from_channels;
  kernel.to_channels = work.to_channels;
  kernel.opacity = work.opacity;
  kernel.constants = *static_cast<const vane::develop::DevelopConstants<float>*>(work.constants);
  if ((work.grid_values > 0) != (kernel.constants.grid != nullptr)) return 1;
  for (int64_t i = 0; i < kernel.pixels(); ++i) kernel.pixel(i);
  return 0;
}

int develop_picture(const vane::DeviceDevelop& work) {
  if (std::getenv("VANE_FAKE_DEVICE_FAILS")) return 2;
  return work.depth == 8 ? run<uint8_t>(work) : run<uint16_t>(work);
}

}  // namespace

extern "C" const vane::DeviceModule* vane_device_module() {
  static const vane::DeviceModule module{vane::DeviceModule::kVersion, count, error_text, name,
                                         develop_picture};
  return &module;
}
