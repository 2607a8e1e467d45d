// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the tests of scene files share: folders that go away, clouds made from a seed, refusals.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/image/codec.h"
#include "engine/scene/splat_cloud.h"

namespace vane::testing {

/// A new folder that is removed with everything in it.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "vane-scene-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }
  std::filesystem::path picture(const std::string& name, int width, int height) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    Image image;
    image.width = width;
    image.height = height;
    image.u8.assign(image.sample_count(), 128);
    write_image(path_ / name, image);
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_bytes(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline std::span<const std::byte> as_bytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// Uniform in [low, high), the same everywhere.
class Numbers {
 public:
  explicit Numbers(uint64_t seed) : seed_(seed) {}
  float next(double low, double high) {
    const double unit = double(splitmix64(seed_++) >> 11) * 0x1p-53;
    return static_cast<float>(low + (high - low) * unit);
  }

 private:
  uint64_t seed_;
};

inline SplatCloud random_cloud(int64_t count, int degree, uint64_t seed = 1) {
  SplatCloud cloud;
  cloud.sh_degree = degree;
  cloud.resize(count);
  Numbers numbers(seed);
  const auto fill = [&](std::vector<float>& values, double low, double high) {
    for (float& value : values) value = numbers.next(low, high);
  };
  fill(cloud.position, -4, 4);
  fill(cloud.sh0, -1.5, 1.5);
  fill(cloud.sh_rest, -0.4, 0.4);
  fill(cloud.opacity_logit, -4, 4);
  fill(cloud.log_scale, -7, -1);
  fill(cloud.rotation, -1, 1);
  return cloud;
}

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// Cosine of half the angle between two rotations; 1 when they are the same.
inline double rotation_agreement(const float* a, const float* b) {
  double dot = 0, aa = 0, bb = 0;
  for (int i = 0; i < 4; ++i) {
    dot += double{a[i]} * b[i];
    aa += double{a[i]} * a[i];
    bb += double{b[i]} * b[i];
  }
  return std::abs(dot) / std::sqrt(aa * bb);
}

inline void expect_same(const SplatCloud& a, const SplatCloud& b) {
  EXPECT_EQ(a.sh_degree, b.sh_degree);
  EXPECT_EQ(a.antialiased, b.antialiased);
  EXPECT_EQ(a.position, b.position);
  EXPECT_EQ(a.sh0, b.sh0);
  EXPECT_EQ(a.sh_rest, b.sh_rest);
  EXPECT_EQ(a.opacity_logit, b.opacity_logit);
  EXPECT_EQ(a.log_scale, b.log_scale);
  EXPECT_EQ(a.rotation, b.rotation);
}

/// The text of the Error{code} that `call` throws; the test fails when it throws none.
template <class Call>
std::string refusal(Call call, ErrorCode code = ErrorCode::input, uint64_t size = UINT64_MAX) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_LE(error.byte().value_or(0), size) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

inline void expect_holds(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" is not in: " << text;
}

}  // namespace vane::testing
