// SPDX-License-Identifier: Apache-2.0
// Measures on demand: reads a case a line from standard input, answers with seconds and a checksum.
// Cases: forward:N, gradient:N (to the pixels), text:N (ten tokens each).

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <iostream>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/clip/clip_encoder.h"
#include "engine/run/threads.h"

namespace {

using vane::Tensor;

// The same input in every worker: x_i = frac(i * 0.61803398875) - 0.5.
Tensor input(int64_t n, int64_t size) {
  const Tensor index = at::arange(n * 3 * size * size, at::kDouble) * 0.61803398875;
  return (index - index.floor() - 0.5).to(at::kFloat).view({n, 3, size, size});
}

double run(const vane::ClipEncoder& clip, const std::string& kind, int64_t n, Tensor& embedding) {
  const auto start = std::chrono::steady_clock::now();
  if (kind == "forward") {
    const c10::InferenceMode inference;
    embedding = clip.image_embedding_of_input(input(n, clip.info().preprocess.image_size));
  } else if (kind == "gradient") {
    const Tensor x = input(n, clip.info().preprocess.image_size).requires_grad_(true);
    const Tensor y = clip.image_embedding_of_input(x);
    embedding = torch::autograd::grad({y.square().sum()}, {x})[0].flatten(1).slice(1, 0, 512);
  } else {
    const c10::InferenceMode inference;
    Tensor ids = at::zeros({n, 77}, at::kLong);
    for (int64_t t = 1; t < 9; ++t) ids.select(1, t).fill_(1000 + 17 * t);
    ids.select(1, 0).fill_(49406);
    ids.select(1, 9).fill_(49407);
    embedding = clip.text_embedding_of_tokens(ids, at::full({n}, 9, at::kLong));
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 3) {
      std::fprintf(stderr, "usage: clip_bench_worker MODEL THREADS\n");
      return 2;
    }
    vane::set_compute_threads(static_cast<int>(vane::parse_integer(argv[2]).value_or(2)));
    const auto clip = vane::load_clip(argv[1]);
    std::string line;
    while (std::getline(std::cin, line)) {
      const size_t colon = line.find(':');
      if (colon == std::string::npos) break;
      Tensor embedding;
      const double seconds =
          run(*clip, line.substr(0, colon), vane::parse_integer(line.substr(colon + 1)).value_or(1),
              embedding);
      const Tensor row = embedding[0].to(at::kDouble).contiguous();
      std::printf("%.6f", seconds);
      for (int64_t i = 0; i < row.numel(); ++i) std::printf(" %.6g", row.data_ptr<double>()[i]);
      std::printf("\n");
      std::fflush(stdout);
    }
    return 0;
  } catch (const vane::Error& error) {
    std::fprintf(stderr, "clip_bench_worker: %s\n", error.what());
    return static_cast<int>(error.code());
  }
}
