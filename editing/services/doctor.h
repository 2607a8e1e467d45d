// SPDX-License-Identifier: Apache-2.0
#pragma once
// What `vane doctor` asks of the computing part: versions, speed, remedies. No torch here.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/config/fields.h"

namespace vane {

struct DoctorRequest {
  /// Sides of the square single-precision products that are timed.
  std::vector<int64_t> sizes = {512, 2048};

  template <class V>
  static void fields(V& v) {
    v.field("sizes", &DoctorRequest::sizes, "sides of the matrix products that are timed",
            {.min = 16, .max = 8192, .placeholder = "N"});
  }
};

struct DoctorSpeed {
  int64_t size = 0;
  /// Best of several runs.
  double gflops = 0;

  template <class V>
  static void fields(V& v) {
    v.field("size", &DoctorSpeed::size, "side of the square matrices");
    v.field("gflops", &DoctorSpeed::gflops, "billions of operations a second");
  }
};

struct DoctorResult {
  std::string torch_version, blas, cpu_capability, cpu_model;
  int threads = 0, physical_cores = 0, logical_cores = 0;
  bool cuda_build = false;
  /// Name of the GPU that --device cuda chose; empty on the CPU.
  std::string gpu;
  /// MKL on an AMD processor, and whether its fast kernels are switched on.
  bool amd = false, mkl = false, mkl_fast_kernels = false;
  std::vector<DoctorSpeed> speed;
  /// What is slow or missing, and what to do about it.
  std::vector<std::string> advice;

  template <class V>
  static void fields(V& v) {
    using C = DoctorResult;
    v.field("torch", &C::torch_version, "version of LibTorch");
    v.field("blas", &C::blas, "library of the matrix products");
    v.field("cpu_capability", &C::cpu_capability, "vector instructions that LibTorch uses");
    v.field("cpu", &C::cpu_model, "processor");
    v.field("threads", &C::threads, "threads in use");
    v.field("physical_cores", &C::physical_cores, "cores");
    v.field("logical_cores", &C::logical_cores, "hardware threads");
    v.field("cuda_build", &C::cuda_build, "whether this build can use a GPU");
    v.field("gpu", &C::gpu, "the GPU in use, empty on the CPU");
    v.field("amd", &C::amd, "AMD processor");
    v.field("mkl", &C::mkl, "whether MKL is in use");
    v.field("mkl_fast_kernels", &C::mkl_fast_kernels, "MKL's fast kernels switched on");
    v.field("speed", &C::speed, "matrix products");
    v.field("advice", &C::advice, "what to do");
  }
};

/// Takes about a second.
DoctorResult doctor(const DoctorRequest& request, Job& job);

}  // namespace vane
