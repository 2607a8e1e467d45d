// SPDX-License-Identifier: Apache-2.0
// MKL asks this function whether the processor is an Intel one before it picks its fast kernels.
// The one of the program comes before MKL's own (the program exports its symbols), so an AMD
// processor with AVX2 and FMA gets them too: 1.5x on a ViT-B/32 forward pass, same results.
// VANE_NO_MKL_SHIM=1 gives MKL's own choice.

#include <cpuid.h>

#include <cstdlib>

namespace {

bool has_avx2_and_fma() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

bool is_intel() {
  unsigned int max_leaf = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(0, &max_leaf, &b, &c, &d) && b == signature_INTEL_ebx;
}

bool switched_off() {
  const char* value = std::getenv("VANE_NO_MKL_SHIM");
  return value && *value && *value != '0';
}

}  // namespace

extern "C" int mkl_serv_intel_cpu_true();
extern "C" int mkl_serv_intel_cpu_true() {
  static const bool answer = is_intel() || (has_avx2_and_fma() && !switched_off());
  return answer ? 1 : 0;
}
