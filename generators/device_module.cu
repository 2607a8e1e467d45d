// SPDX-License-Identifier: Apache-2.0
// The table of libvane_cuda.so (engine/run/device_module.h): copies in, launches, copies out.
#include "engine/run/device_module.h"

#include <cuda_runtime.h>

#include "generators/develop/develop_kernel.h"

namespace vane {
namespace {

/// Device memory that frees itself.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;
  ~DeviceBuffer() { cudaFree(data_); }

  cudaError_t allocate(size_t bytes) { return cudaMalloc(&data_, bytes); }
  cudaError_t copy_from(const void* host, size_t bytes) {
    if (const cudaError_t fault = allocate(bytes)) return fault;
    return cudaMemcpy(data_, host, bytes, cudaMemcpyHostToDevice);
  }
  void* data() const { return data_; }

 private:
  void* data_ = nullptr;
};

template <class Sample>
cudaError_t develop_samples(const DeviceDevelop& work) {
  develop::DevelopKernel<Sample> kernel;
  kernel.width = work.width;
  kernel.height = work.height;
  kernel.from_channels = work.from_channels;
  kernel.to_channels = work.to_channels;
  kernel.opacity = work.opacity;
  kernel.constants = *static_cast<const develop::DevelopConstants<float>*>(work.constants);
  const auto pixels = static_cast<size_t>(kernel.pixels());
  const size_t from_bytes = pixels * static_cast<size_t>(work.from_channels) * sizeof(Sample);
  const size_t to_bytes = pixels * static_cast<size_t>(work.to_channels) * sizeof(Sample);

  DeviceBuffer from, to, mask, grid;
  if (const cudaError_t fault = from.copy_from(work.from, from_bytes)) return fault;
  if (const cudaError_t fault = to.allocate(to_bytes)) return fault;
  if (work.mask) {
    if (const cudaError_t fault = mask.copy_from(work.mask, pixels * sizeof(float))) return fault;
  }
  if (work.grid_values > 0) {
    const auto bytes = static_cast<size_t>(work.grid_values) * sizeof(float);
    if (const cudaError_t fault = grid.copy_from(kernel.constants.grid, bytes)) return fault;
  }
  kernel.from = static_cast<const Sample*>(from.data());
  kernel.to = static_cast<Sample*>(to.data());
  kernel.mask = static_cast<const float*>(mask.data());
  kernel.constants.grid = static_cast<const float*>(grid.data());
  if (const int fault = develop::launch_develop(kernel, nullptr)) {
    return static_cast<cudaError_t>(fault);
  }
  // Waits for the kernel and reports its faults too.
  return cudaMemcpy(work.to, to.data(), to_bytes, cudaMemcpyDeviceToHost);
}

int count() {
  int devices = 0;
  const cudaError_t fault = cudaGetDeviceCount(&devices);
  if (fault == cudaErrorNoDevice) return 0;
  return fault == cudaSuccess ? devices : -static_cast<int>(fault);
}

const char* error_text(int error) { return cudaGetErrorString(static_cast<cudaError_t>(error)); }

const char* name() {
  static cudaDeviceProp properties{};
  return cudaGetDeviceProperties(&properties, 0) == cudaSuccess ? properties.name : "unknown";
}

int develop_picture(const DeviceDevelop& work) {
  if (work.width <= 0 || work.height <= 0) return cudaSuccess;
  return work.depth == 8 ? develop_samples<uint8_t>(work) : develop_samples<uint16_t>(work);
}

}  // namespace
}  // namespace vane

extern "C" const vane::DeviceModule* vane_device_module() {
  static const vane::DeviceModule module{vane::DeviceModule::kVersion, vane::count,
                                         vane::error_text, vane::name, vane::develop_picture};
  return &module;
}
