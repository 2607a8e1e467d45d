// SPDX-License-Identifier: Apache-2.0
// Oracle: the network on the whole picture at once (itself held to plain loops in
// enhancement_network_test.cpp), to the tolerance of the sheet, section 4.1.
#include "generators/enhance/tiled_illumination.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "engine/base/error.h"
#include "tests/enhance/named_network.h"

namespace vane::testing {
namespace {

constexpr double kTolerance = 2e-5;

double difference(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

Tensor tiled(const EnhancementNetwork& network, const Tensor& image, int64_t side) {
  QuietJob job;
  return tiled_illumination(network, image, {.side = side}, job);
}

struct Case {
  int64_t width, height, side;
};

class EnhanceTilesOf : public ::testing::TestWithParam<Case> {};

TEST_P(EnhanceTilesOf, EqualTheWhole) {
  const at::NoGradGuard no_grad;
  const EnhancementNetwork network = named_network();
  const Tensor image = test_picture(GetParam().height, GetParam().width);
  const Tensor map = tiled(network, image, GetParam().side);
  const double off = difference(map, illumination_map(network, image));
  EXPECT_LE(off, kTolerance);
  RecordProperty("difference", std::to_string(off * 1e6));
}

INSTANTIATE_TEST_SUITE_P(Odd, EnhanceTilesOf,
                         ::testing::Values(Case{37, 23, 8}, Case{37, 23, 13}, Case{37, 23, 1000},
                                           Case{101, 67, 16}, Case{131, 77, 33}, Case{3, 90, 7},
                                           Case{61, 2, 20}, Case{19, 17, 1}, Case{259, 231, 128}),
                         [](const auto& entry) {
                           return std::to_string(entry.param.width) + "x" +
                                  std::to_string(entry.param.height) + "by" +
                                  std::to_string(entry.param.side);
                         });

// What plain tiling does instead: each tile with its halo is a picture of its own.
TEST(EnhanceTiles, TilesWithoutGlobalContextWouldBeSeen) {
  const at::NoGradGuard no_grad;
  const EnhancementNetwork network = named_network();
  const Tensor image = test_picture(67, 101);
  const Tensor alone = illumination_map(network, image.narrow(3, 0, 60)).narrow(3, 0, 40);
  EXPECT_GT(difference(alone, illumination_map(network, image).narrow(3, 0, 40)), 1e-3);
}

TEST(EnhanceTiles, CoverThePictureOnceWithinTheirSide) {
  const EnhancementNetwork network = named_network();
  const Tensor image = test_picture(45, 70);
  const Tensor covered = at::zeros({45, 70});
  QuietJob job;
  tiled_illumination(
      network, 45, 70,
      [&](const PixelWindow& w) {
        return image.narrow(2, w.top, w.height).narrow(3, w.left, w.width).contiguous();
      },
      [&](const PixelWindow& w, const Tensor& map) {
        EXPECT_LE(std::max(w.height, w.width), 16);
        EXPECT_EQ(map.sizes(), at::IntArrayRef({1, 1, w.height, w.width}));
        covered.narrow(0, w.top, w.height).narrow(1, w.left, w.width).add_(1);
      },
      {.side = 16}, job);
  EXPECT_TRUE(covered.eq(1).all().item<bool>());
}

int64_t peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

// Pixels come from a formula and the map goes nowhere, so that only the working memory counts.
TEST(EnhanceTiles, MemoryIsBounded) {
  const EnhancementNetwork network = named_network();
  QuietJob job;
  const auto run = [&](int64_t side_of_picture, uint64_t bytes) {
    tiled_illumination(
        network, side_of_picture, side_of_picture,
        [](const PixelWindow& w) {
          return at::full({1, 3, w.height, w.width}, 0.3);
        },
        [](const PixelWindow&, const Tensor&) {}, {.memory_bytes = bytes}, job);
  };
  constexpr uint64_t kBudget = uint64_t{64} << 20;
  run(40, kBudget);  // libraries set themselves up
  const int64_t before = peak_kib();
  run(300, kBudget);
  const int64_t after = peak_kib();
  // The whole would take about 200 MiB.
  EXPECT_LE(after - before, int64_t{kBudget >> 10});
  RecordProperty("grown_kib", std::to_string(after - before));
}

TEST(EnhanceTiles, SideFollowsTheBudget) {
  EXPECT_GT(tile_side(uint64_t{768} << 20), 400);
  EXPECT_GT(tile_side(uint64_t{1} << 30), tile_side(uint64_t{512} << 20));
  try {
    tile_side(uint64_t{40} << 20);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::resource);
    EXPECT_EQ(error.hint(), "it needs at least 43 MiB beside the picture");
  }
  EXPECT_GE(tile_side(uint64_t{43} << 20), 32);  // what the hint asks for is enough
}

TEST(EnhanceTiles, MapThatIsNotFiniteIsAnError) {
  EnhancementNetwork network = named_network();
  network.cond_add1.bias = at::full({1}, std::numeric_limits<float>::infinity());
  try {
    tiled(network, test_picture(20, 20), 8);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::numeric);
  }
}

TEST(EnhanceTiles, RefuseAPictureOfOnePixel) {
  for (const auto& [height, width] : {std::pair{1, 1}, std::pair{1, 9}, std::pair{9, 1}}) {
    try {
      tiled(named_network(), at::zeros({1, 3, height, width}), 8);
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::usage);
    }
  }
}

/// Stops at the n-th question.
class StoppingJob final : public Job {
 public:
  explicit StoppingJob(int after) : left_(after) {}
  bool stop_requested() const noexcept override { return left_-- <= 0; }
  void progress(int64_t, int64_t, std::string_view) override {}
  void metric(std::string_view, int64_t, double) override {}
  void warn(std::string_view) override {}
  void info(std::string_view) override {}

 private:
  mutable int left_;
};

TEST(EnhanceTiles, StopBetweenTiles) {
  const EnhancementNetwork network = named_network();
  const Tensor image = test_picture(20, 30);
  for (const int after : {0, 3, 7}) {  // 6 tiles, two passes
    StoppingJob job(after);
    EXPECT_THROW(tiled_illumination(network, image, {.side = 10}, job), Cancelled);
  }
  StoppingJob patient(12);
  EXPECT_NO_THROW(tiled_illumination(network, image, {.side = 10}, patient));
}

}  // namespace
}  // namespace vane::testing
