// SPDX-License-Identifier: Apache-2.0
#include "editing/services/doctor.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/InferenceMode.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "engine/base/text.h"
#include "engine/run/device.h"
#include "engine/run/threads.h"

namespace vane {
namespace {

// Below this a 2048 product says that no tuned BLAS is at work (reference BLAS: about 5 a core).
constexpr double kSlowGflopsPerCore = 15;

std::string cpu_field(std::string_view name) {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind(name, 0) != 0) continue;
    const size_t colon = line.find(':');
    if (colon != std::string::npos) return trimmed(line.substr(colon + 1));
  }
  return {};
}

double measure_gflops(int64_t size, Job& job) {
  const at::Tensor a = at::ones({size, size}), b = at::ones({size, size});
  at::Tensor c = at::mm(a, b);  // warm-up: pages, threads, kernels
  double best = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int run = 0; run < 20; ++run) {
    job.check_cancelled();
    const auto begin = std::chrono::steady_clock::now();
    at::mm_out(c, a, b);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    const double n = static_cast<double>(size);
    best = std::max(best, 2 * n * n * n / took.count() * 1e-9);
    if (std::chrono::steady_clock::now() - start > std::chrono::milliseconds(700)) break;
  }
  return best;
}

// The front exports MKL's processor check (cli/mkl_kernels.cpp); calling it tells whether it is on.
bool fast_kernels_on() {
  using Check = int (*)();
  const auto check = reinterpret_cast<Check>(::dlsym(RTLD_DEFAULT, "mkl_serv_intel_cpu_true"));
  return check && check() != 0;
}

}  // namespace

DoctorResult doctor(const DoctorRequest& request, Job& job) {
  const c10::InferenceMode guard;
  DoctorResult result;
  result.torch_version = TORCH_VERSION;
  result.cpu_capability = at::get_cpu_capability();
  result.mkl = at::hasMKL();
  result.cuda_build = device_library_present();
  if (const DeviceModule* device = compute_device_module()) result.gpu = device->name();
  result.blas = result.mkl ? "MKL" : "other";
  result.cpu_model = cpu_field("model name");
  result.amd = cpu_field("vendor_id") == "AuthenticAMD";
  result.mkl_fast_kernels = !result.amd || fast_kernels_on();
  result.threads = at::get_num_threads();
  result.physical_cores = physical_core_count();
  result.logical_cores = logical_core_count();
  for (size_t i = 0; i < request.sizes.size(); ++i) {
    job.progress(static_cast<int64_t>(i), static_cast<int64_t>(request.sizes.size()), "measuring");
    result.speed.push_back({request.sizes[i], measure_gflops(request.sizes[i], job)});
  }
  if (result.amd && result.mkl && !result.mkl_fast_kernels) {
    result.advice.push_back(
        "MKL uses its slow kernels on this AMD processor; unset VANE_NO_MKL_SHIM, or build with "
        "-DVANE_MKL_AMD=ON");
  }
  if (!result.speed.empty()) {
    const DoctorSpeed& largest = result.speed.back();
    if (largest.size >= 1024 && largest.gflops < kSlowGflopsPerCore * result.threads) {
      result.advice.push_back(
          fmt::format("matrix products run at {:.0f} GFLOP/s, which is slow for {} threads; close "
                      "other programs, or install libopenblas0-openmp when LibTorch is not the "
                      "wheel of ./setup.sh",
                      largest.gflops, result.threads));
    }
  }
  if (result.threads < result.physical_cores) {
    result.advice.push_back(fmt::format("{} of {} cores are in use; --threads {} uses all",
                                        result.threads, result.physical_cores,
                                        result.physical_cores));
  }
  return result;
}

}  // namespace vane
