// SPDX-License-Identifier: Apache-2.0
#define VANE_TILE_KERNELS kPlainTileKernels
#include "generators/splats/tile_loops.h"

namespace vane::splats {

const TileKernels& tile_kernels() {
#ifdef VANE_SPLATS_AVX2
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return kAvx2TileKernels;
#endif
  return kPlainTileKernels;
}

}  // namespace vane::splats
