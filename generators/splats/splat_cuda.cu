// SPDX-License-Identifier: Apache-2.0
// Device launches of the splat renderer; all arithmetic is in splat_kernels.h.
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>

#include "generators/splats/splat_kernels.h"

namespace vane::splats {
namespace {

template <class Kernel>
__global__ void run(const Kernel kernel) {
  kernel(blockIdx.x, threadIdx.x, gridDim.x, blockDim.x);
}

template <class Kernel>
int launch(const Kernel& kernel, int64_t blocks, void* stream) {
  if (blocks <= 0) return cudaSuccess;
  run<<<static_cast<unsigned>(blocks), kDeviceThreads, 0, static_cast<cudaStream_t>(stream)>>>(
      kernel);
  return cudaGetLastError();
}

}  // namespace

int launch_project(const ProjectKernel& kernel, void* stream) {
  return launch(kernel, splat_blocks(kernel.count), stream);
}

int launch_emit(const EmitKernel& kernel, void* stream) {
  return launch(kernel, splat_blocks(kernel.count), stream);
}

int launch_ranges(const RangeKernel& kernel, void* stream) {
  return launch(kernel, splat_blocks(kernel.pairs), stream);
}

int launch_blend(const BlendKernel& kernel, int64_t tiles, void* stream) {
  return launch(kernel, tiles, stream);
}

int launch_blend_back(const BlendBackKernel& kernel, int64_t tiles, void* stream) {
  return launch(kernel, tiles, stream);
}

int launch_gradients(const GradientKernel& kernel, void* stream) {
  return launch(kernel, splat_blocks(kernel.count), stream);
}

int sum_tile_counts(void* scratch, size_t& scratch_bytes, const int64_t* counts, int64_t* ends,
                    int64_t count, void* stream) {
  return cub::DeviceScan::InclusiveSum(scratch, scratch_bytes, counts, ends, count,
                                       static_cast<cudaStream_t>(stream));
}

int sort_pairs(void* scratch, size_t& scratch_bytes, const uint64_t* keys, uint64_t* sorted_keys,
               const int32_t* ids, int32_t* sorted_ids, int64_t pairs, int64_t tiles,
               void* stream) {
  // Only the bits that tiles take: passes over zeros would be wasted.
  int bits = 32;
  while (bits < 64 && (tiles - 1) >> (bits - 32) != 0) ++bits;
  return cub::DeviceRadixSort::SortPairs(scratch, scratch_bytes, keys, sorted_keys, ids, sorted_ids,
                                         pairs, 0, bits, static_cast<cudaStream_t>(stream));
}

}  // namespace vane::splats
