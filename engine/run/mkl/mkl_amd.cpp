// SPDX-License-Identifier: Apache-2.0
// MKL asks this function whether it runs on an Intel processor and picks slow kernels when not.
// A program that defines it and exports its symbols answers in MKL's place. Linked into programs as
// objects: from a static library nobody would pull it in. `VANE_NO_MKL_SHIM=1` gives the plain
// answer. Known from pytorch/builder#1245.
#include <cpuid.h>

#include <cstdlib>
#include <cstring>

namespace {

bool is_intel() {
  unsigned a = 0, words[3] = {0, 0, 0};
  if (!__get_cpuid(0, &a, &words[0], &words[2], &words[1])) return false;
  return std::memcmp(words, "GenuineIntel", 12) == 0;
}

bool answer() {
  const char* off = std::getenv("VANE_NO_MKL_SHIM");
  if (off && *off && std::strcmp(off, "0") != 0) return is_intel();
  // The kernels that MKL then picks use these; it checks AVX-512 by itself.
  return is_intel() || (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
}

}  // namespace

extern "C" __attribute__((visibility("default"), used)) int mkl_serv_intel_cpu_true() {
  static const bool fast = answer();
  return fast ? 1 : 0;
}
