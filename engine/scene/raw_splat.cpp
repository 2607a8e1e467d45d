// SPDX-License-Identifier: Apache-2.0
// .splat (antimatter15): rows of 32 bytes and no header. Position and scale are floats, colour,
// opacity and rotation bytes; no bands above 0.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/scene/buffered_sink.h"
#include "engine/scene/quantise.h"
#include "engine/scene/splat_layouts.h"

namespace vane {
namespace {

constexpr uint64_t kRowBytes = 32;
constexpr float kLeastScale = 2.0611536e-9f;  // e^-20

float byte_at(std::span<const std::byte> row, size_t index) {
  return static_cast<float>(std::to_integer<uint8_t>(row[index]));
}

/// Largest and most opaque first: viewers show what has been loaded.
std::vector<size_t> by_importance(const SplatCloud& cloud) {
  const auto count = static_cast<size_t>(cloud.size());
  std::vector<float> importance(count);
  for (size_t i = 0; i < count; ++i) {
    const float* s = &cloud.log_scale[3 * i];
    importance[i] = std::exp(s[0] + s[1] + s[2]) * sigmoid(cloud.opacity_logit[i]);
  }
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return importance[a] > importance[b]; });
  return order;
}

}  // namespace

SplatFile parse_raw_splat(std::span<const std::byte> file, const Limits& limits) {
  const uint64_t count = file.size() / kRowBytes;
  if (file.size() % kRowBytes != 0) {
    throw Error(
        ErrorCode::input,
        fmt::format("has {} bytes; a .splat file has {} for each Gaussian", file.size(), kRowBytes))
        .at_byte(count * kRowBytes)
        .with_hint("the file may be cut off");
  }
  check_gaussians(count, limits);
  SplatFile out;
  out.layout = "splat";
  SplatCloud& cloud = out.cloud;
  cloud.resize(static_cast<int64_t>(count));
  for (size_t i = 0; i < count; ++i) {
    const auto row = file.subspan(i * kRowBytes, kRowBytes);
    for (size_t c = 0; c < 3; ++c) {
      cloud.position[3 * i + c] = *read_le<float>(row, 4 * c);
      const float scale = *read_le<float>(row, 12 + 4 * c);
      cloud.log_scale[3 * i + c] = std::log(scale == 0 ? kLeastScale : scale);
      cloud.sh0[3 * i + c] = (byte_at(row, 24 + c) / 255 - 0.5f) / kShBand0;
    }
    cloud.opacity_logit[i] = logit(byte_at(row, 27) / 255);
    for (size_t c = 0; c < 4; ++c) {
      cloud.rotation[4 * i + c] = (byte_at(row, 28 + c) - 128) / 128;
    }
  }
  drop_invalid(out);
  return out;
}

void write_raw_splat(const SplatCloud& cloud, const ByteSink& to) {
  BufferedSink sink(to);
  for (const size_t i : by_importance(cloud)) {
    for (size_t c = 0; c < 3; ++c) sink.put(cloud.position[3 * i + c]);
    for (size_t c = 0; c < 3; ++c) sink.put(std::exp(cloud.log_scale[3 * i + c]));
    for (size_t c = 0; c < 3; ++c) {
      sink.put(rounded_byte(255 * (0.5f + kShBand0 * cloud.sh0[3 * i + c])));
    }
    sink.put(rounded_byte(255 * sigmoid(cloud.opacity_logit[i])));
    const float* q = &cloud.rotation[4 * i];
    const float length = std::sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
    for (size_t c = 0; c < 4; ++c) sink.put(rounded_byte(q[c] / length * 128 + 128));
  }
  sink.flush();
}

}  // namespace vane
