// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane enhance` as a test calls it: a folder of its own and a tiny network that PyTorch wrote.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/image/codec.h"
#include "tests/cli/run_program.h"
#include "tests/image/test_images.h"
#include "tests/support/gzip.h"

namespace vane::testing {

namespace fs = std::filesystem;

inline std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline Image stored(const fs::path& path) {
  DecodeOptions options;
  options.apply_orientation = false;
  return read_image(path, options);
}

/// Dark shades in 16 bit, so that nothing clips and rounding is small.
inline Image dark_image(int width, int height, int channels) {
  Image image = noise_image(width, height, channels, 16, 5);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        uint16_t& sample = image.u16[size_t((y * width + x) * channels + c)];
        sample = uint16_t(3000 + 40 * y + 90 * x + 1500 * c + sample / 64);
      }
    }
  }
  return image;
}

class EnhanceProgram : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  std::string picture(const std::string& name, const Image& image,
                      const EncodeOptions& options = {}) const {
    write_image(path(name), image, options);
    return path(name);
  }

  Outcome enhance(const std::string& input, const std::string& output,
                  const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"enhance", input,  "-o",        output,
                                       "--model", model_, "--threads", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_vane(arguments);
  }

  /// The enhanced picture in stored order; the run must succeed.
  Image enhanced(const std::string& input, const std::string& output,
                 const std::vector<std::string>& more = {}) const {
    const Outcome outcome = enhance(input, path(output), more);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return stored(path(output));
  }

  void expect_refused(const std::string& input, const std::string& output,
                      const std::vector<std::string>& more, int code,
                      const std::string& words) const {
    const Outcome outcome = enhance(input, output, more);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err.find("vane: error: "), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find(words), std::string::npos) << outcome.err;
  }

  TemporaryFolder folder_;
  std::string model_ = folder_.file(
      "network.pth",
      read_gzip(std::string(VANE_TEST_DATA) + "/enhance/fixtures/published_layout.pth.gz"));
};

}  // namespace vane::testing
