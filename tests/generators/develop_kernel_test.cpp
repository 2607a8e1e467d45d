// SPDX-License-Identifier: Apache-2.0
// The device kernel run by a host emulation of its launch grid, against the CPU loop.
#include "generators/develop/develop_kernel.h"

#include <gtest/gtest.h>

#include "generators/develop/develop_apply.h"
#include "tests/generators/develop_scenes.h"

namespace vane {
namespace {

using testing::noise_image;
using testing::random_settings;

// Every thread of every block in turn, as the device would.
template <class Sample>
void emulate(const develop::DevelopKernel<Sample>& kernel, int64_t blocks, int64_t threads) {
  for (int64_t block = 0; block < blocks; ++block) {
    for (int64_t thread = 0; thread < threads; ++thread) kernel(block, thread, blocks, threads);
  }
}

template <class Sample>
develop::DevelopKernel<Sample> kernel_for(const Image& source, const DevelopSettings& settings,
                                          const std::vector<float>& grid, const Sample* from,
                                          Sample* to) {
  develop::DevelopKernel<Sample> kernel;
  kernel.from = from;
  kernel.to = to;
  kernel.width = source.width;
  kernel.height = source.height;
  kernel.from_channels = kernel.to_channels = source.channels;
  kernel.constants = develop::develop_constants<float>(settings, source.width, source.height, grid);
  return kernel;
}

// Oracle 2: the threaded CPU loop, which looks its curves up in tables and walks rows. Launches
// with too few, exactly enough and too many threads must write every pixel once.
TEST(DevelopKernel, WritesEveryPixelUnderAnyLaunch) {
  QuietJob job;
  const DevelopSettings settings = random_settings(41, 0.5f);
  const std::vector<float> grid = develop::interleaved_grid<float>(settings.grid);
  const Image source = noise_image(37, 29, 4, 8, 42);
  const Image expected = develop_apply(source, settings, job);
  for (const auto& [blocks, threads] :
       {std::pair<int64_t, int64_t>{1, 1}, {3, 32}, {29, 37}, {64, 128}}) {
    std::vector<uint8_t> out(source.u8.size(), 77);
    emulate(kernel_for(source, settings, grid, source.u8.data(), out.data()), blocks, threads);
    for (size_t i = 0; i < out.size(); ++i) {
      ASSERT_NEAR(out[i], expected.u8[i], i % 4 == 3 ? 0 : 1) << blocks << "x" << threads;
    }
  }
}

TEST(DevelopKernel, AgreesInSixteenBits) {
  QuietJob job;
  const DevelopSettings settings = random_settings(43, 0.5f);
  const std::vector<float> grid = develop::interleaved_grid<float>(settings.grid);
  const Image source = noise_image(23, 31, 3, 16, 44);
  const Image expected = develop_apply(source, settings, job);
  std::vector<uint16_t> out(source.u16.size());
  emulate(kernel_for(source, settings, grid, source.u16.data(), out.data()),
          develop::develop_blocks(23 * 31), develop::kDevelopThreads);
  for (size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(out[i], expected.u16[i], 3) << i;
}

// Oracle 1: ceil(pixels / threads), capped.
TEST(DevelopKernel, SizesItsGrid) {
  EXPECT_EQ(develop::develop_blocks(1), 1);
  EXPECT_EQ(develop::develop_blocks(128), 1);
  EXPECT_EQ(develop::develop_blocks(129), 2);
  EXPECT_EQ(develop::develop_blocks(int64_t{1} << 40), develop::kDevelopMaxBlocks);
}

// Oracle 1: black keeps the source, white takes the result.
TEST(DevelopKernel, BlendsByItsMask) {
  DevelopSettings settings;
  settings.exposure = 1;
  const Image source = noise_image(8, 8, 3, 8, 45);
  std::vector<uint8_t> full(192), masked(192);
  std::vector<float> mask(64);
  for (size_t i = 0; i < 64; ++i) mask[i] = i % 2 == 0 ? 1.f : 0.f;
  auto kernel = kernel_for<uint8_t>(source, settings, {}, source.u8.data(), full.data());
  emulate(kernel, 2, 16);
  kernel.to = masked.data();
  kernel.mask = mask.data();
  emulate(kernel, 2, 16);
  for (size_t i = 0; i < 192; ++i) {
    ASSERT_EQ(masked[i], i / 3 % 2 == 0 ? full[i] : source.u8[i]) << i;
  }
}

}  // namespace
}  // namespace vane
