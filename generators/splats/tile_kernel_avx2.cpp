// SPDX-License-Identifier: Apache-2.0
// Compiled for AVX2 and FMA (generators/CMakeLists.txt).
#ifdef VANE_SPLATS_AVX2
#define VANE_TILE_KERNELS kAvx2TileKernels
#include "generators/splats/tile_loops.h"
#endif
