// SPDX-License-Identifier: Apache-2.0
// Measures on demand: reads `forward` or `step` a line from standard input, answers with seconds
// and numbers to compare. A step is the picture and the derivatives of its weighted sum for every
// parameter. `memory N` trains one step on N Gaussians and answers with the peak of the process in
// bytes.

#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>

#include "editing/scenes/splat_trainer.h"
#include "engine/base/text.h"
#include "generators/splats/splat_raster.h"

namespace {

vane::Camera camera() {
  vane::Camera c;
  c.width = 800;
  c.height = 600;
  c.fx = c.fy = 700;
  c.cx = 400;
  c.cy = 300;
  return c;
}

void read(std::ifstream& in, std::vector<float>& to, size_t count) {
  to.resize(count);
  in.read(reinterpret_cast<char*>(to.data()), static_cast<std::streamsize>(4 * count));
}

// The arrays of peer.py --make, one after the other.
vane::SplatCloud read_cloud(const char* path, size_t size) {
  std::ifstream in(path, std::ios::binary);
  vane::SplatCloud cloud;
  cloud.sh_degree = 3;
  read(in, cloud.position, 3 * size);
  read(in, cloud.sh0, 3 * size);
  read(in, cloud.sh_rest, 45 * size);
  read(in, cloud.opacity_logit, size);
  read(in, cloud.log_scale, 3 * size);
  read(in, cloud.rotation, 4 * size);
  return cloud;
}

long peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return 1024 * std::stol(line.substr(6));
  }
  return 0;
}

void train_one_step(vane::SplatCloud cloud, size_t size, int threads) {
  // The first of the file, again and again.
  const auto repeat = [size](std::vector<float>& array, size_t values) {
    const size_t had = array.size();
    array.resize(size * values);
    for (size_t i = had; i < array.size(); ++i) array[i] = array[i - had];
  };
  repeat(cloud.position, 3);
  repeat(cloud.sh0, 3);
  repeat(cloud.sh_rest, 45);
  repeat(cloud.opacity_logit, 1);
  repeat(cloud.log_scale, 3);
  repeat(cloud.rotation, 4);
  const vane::SplatTrainer trainer({}, 4, false, 1, threads);
  vane::SplatTrainingState state = trainer.start(std::move(cloud));
  const std::vector<float> target(3 * 800 * 600, 0.5f);
  trainer.step(state, camera(), target);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: splats_bench_worker CLOUD SIZE THREADS\n");
    return 2;
  }
  const auto size = static_cast<size_t>(vane::parse_integer(argv[2]).value_or(0));
  const int threads = static_cast<int>(vane::parse_integer(argv[3]).value_or(2));
  const vane::SplatCloud cloud = read_cloud(argv[1], size);
  std::vector<float> d(3 * 800 * 600);
  for (size_t i = 0; i < d.size(); ++i) {
    d[i] = static_cast<float>(std::sin(0.1 * static_cast<double>(i)));
  }
  for (std::string line; std::getline(std::cin, line);) {
    if (line.starts_with("memory ")) {
      train_one_step(cloud, static_cast<size_t>(std::stoll(line.substr(7))), threads);
      std::printf("%ld\n", peak_bytes());
      std::fflush(stdout);
      continue;
    }
    const auto start = std::chrono::steady_clock::now();
    const vane::SplatRaster raster(cloud, camera(), {.threads = threads});
    const vane::SplatPicture picture = raster.draw();
    std::vector<float> result = picture.rgb;
    if (line == "step") result = raster.backward(picture, d.data()).position;
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::printf("%.6f", seconds.count());
    const size_t stride = result.size() / 500;
    for (size_t i = 0; i < result.size(); i += stride) std::printf(" %.7g", double(result[i]));
    std::printf("\n");
    std::fflush(stdout);
  }
}
