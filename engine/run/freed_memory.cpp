// SPDX-License-Identifier: Apache-2.0
#include "engine/run/freed_memory.h"

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace vane {

void keep_freed_memory() {
#ifdef __GLIBC__
  // Blocks of 32 MB and more are mapped one by one unless told otherwise.
  ::mallopt(M_MMAP_THRESHOLD, 256 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

}  // namespace vane
