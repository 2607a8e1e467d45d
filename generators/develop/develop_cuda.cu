// SPDX-License-Identifier: Apache-2.0
// Device launch of the photo pipeline; all arithmetic is in develop_kernel.h.
#include "generators/develop/develop_kernel.h"

namespace vane::develop {
namespace {

template <class Sample>
__global__ void develop_picture(const DevelopKernel<Sample> kernel) {
  kernel(blockIdx.x, threadIdx.x, gridDim.x, blockDim.x);
}

template <class Sample>
int launch(const DevelopKernel<Sample>& kernel, void* stream) {
  if (kernel.pixels() <= 0) return cudaSuccess;
  const auto blocks = static_cast<unsigned>(develop_blocks(kernel.pixels()));
  develop_picture<<<blocks, kDevelopThreads, 0, static_cast<cudaStream_t>(stream)>>>(kernel);
  return cudaGetLastError();
}

}  // namespace

int launch_develop(const DevelopKernel<uint8_t>& kernel, void* stream) {
  return launch(kernel, stream);
}

int launch_develop(const DevelopKernel<uint16_t>& kernel, void* stream) {
  return launch(kernel, stream);
}

}  // namespace vane::develop
