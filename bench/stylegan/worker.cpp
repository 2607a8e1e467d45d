// SPDX-License-Identifier: Apache-2.0
// Measures on demand: reads `forward` or `step` a line from standard input, answers with seconds
// and numbers to compare. A step is the gradient of a squared difference to W+ and one move along
// it.

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/run/freed_memory.h"
#include "engine/run/threads.h"
#include "generators/stylegan/style_generator.h"

namespace {

using vane::Tensor;

// The same latent in every worker: frac(i * 0.61803398875) - 0.5, times 3; one row for all of a
// MobileStyleGAN, whose published file takes no more.
Tensor latent(const vane::StyleGenerator& model, bool is_mobile) {
  const int64_t rows = is_mobile ? 1 : model.rows();
  const Tensor index = at::arange(rows * model.w_dim(), at::kDouble) * 0.61803398875;
  const Tensor w = ((index - index.floor() - 0.5) * 3).to(at::kFloat);
  return is_mobile ? w.view({1, -1}) : w.view({1, rows, model.w_dim()});
}

Tensor run(const vane::StyleGenerator& model, bool is_mobile, const std::string& what) {
  if (what == "forward") {
    const c10::InferenceMode inference;
    return model.synthesise(latent(model, is_mobile)) * 2 - 1;
  }
  const Tensor w = latent(model, is_mobile).requires_grad_();
  const Tensor loss = (model.synthesise(w) * 2 - 1).square().mean();
  const Tensor gradient = torch::autograd::grad({loss}, {w})[0];
  w.detach().sub_(gradient, 0.01);
  return gradient;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 3) {
      std::fprintf(stderr, "usage: stylegan_bench_worker CHECKPOINT|FOLDER THREADS\n");
      return 2;
    }
    vane::set_compute_threads(static_cast<int>(vane::parse_integer(argv[2]).value_or(2)));
    vane::keep_freed_memory();
    const bool is_mobile = std::filesystem::is_directory(argv[1]);
    const auto model = vane::load_style_generator(argv[1]);
    std::string line;
    while (std::getline(std::cin, line)) {
      const auto start = std::chrono::steady_clock::now();
      const Tensor result = run(*model, is_mobile, line);
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      const Tensor sample = result.flatten().to(at::kDouble).contiguous();
      const int64_t stride = std::max<int64_t>(1, sample.numel() / 500);
      std::printf("%.6f", seconds.count());
      for (int64_t i = 0; i < sample.numel(); i += stride) {
        std::printf(" %.7g", sample.const_data_ptr<double>()[i]);
      }
      std::printf("\n");
      std::fflush(stdout);
    }
    return 0;
  } catch (const vane::Error& error) {
    std::fprintf(stderr, "stylegan_bench_worker: %s\n", error.what());
    return static_cast<int>(error.code());
  }
}
