// SPDX-License-Identifier: Apache-2.0
// Oracle: plain loops in float64 (scalar_network.h).
#include "generators/enhance/enhancement_network.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "tests/enhance/named_network.h"
#include "tests/enhance/scalar_network.h"
#include "tests/support/gradient_check.h"

namespace vane::testing {
namespace {

constexpr double kTolerance = 1e-5;

ScalarWeights scalar_weights(EnhancementNetwork network) {
  ScalarWeights weights;
  visit_parameters(network,
                   [&](const std::string& name, Tensor& tensor, const std::vector<int64_t>&) {
                     const Tensor flat = tensor.to(at::kDouble).flatten().contiguous();
                     const double* data = flat.const_data_ptr<double>();
                     weights[name].assign(data, data + flat.numel());
                   });
  return weights;
}

/// The map of the oracle for picture 0 of a batch.
Tensor scalar_map(const EnhancementNetwork& network, const Tensor& image,
                  const ScalarVariant& variant) {
  Planes planes(3, image.size(2), image.size(3));
  const Tensor flat = image.select(0, 0).to(at::kDouble).flatten().contiguous();
  std::copy_n(flat.const_data_ptr<double>(), planes.values.size(), planes.values.begin());
  Planes map = scalar_illumination(scalar_weights(network), planes, variant);
  return at::from_blob(map.values.data(), {1, 1, map.height, map.width}, at::kDouble).clone();
}

double difference(const Tensor& a, const Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

struct Size {
  int64_t width, height;
};

class EnhanceNetworkSizes : public ::testing::TestWithParam<Size> {};

TEST_P(EnhanceNetworkSizes, EqualsScalarLoopsInBothPaddings) {
  const at::NoGradGuard no_grad;
  const EnhancementNetwork network = named_network();
  const Tensor image = test_picture(GetParam().height, GetParam().width);
  for (const bool reflect : {true, false}) {
    const Tensor expected = scalar_map(network, image, {.reflect = reflect});
    const Tensor map =
        illumination_map(network, image, reflect ? EnhancePadding::reflect : EnhancePadding::zeros);
    EXPECT_LT(difference(map, expected), kTolerance) << "reflect " << reflect;
    // A map that is all zero or all alike would show little.
    EXPECT_GT(expected.max().item<double>(), 0.2);
    EXPECT_GT((expected.max() - expected.min()).item<double>(), 0.2);
    RecordProperty(reflect ? "reflect" : "zeros", std::to_string(difference(map, expected) * 1e6));
  }
}

INSTANTIATE_TEST_SUITE_P(Sheet, EnhanceNetworkSizes,
                         ::testing::Values(Size{7, 5}, Size{12, 12}, Size{37, 23}, Size{64, 48}),
                         [](const auto& entry) {
                           return std::to_string(entry.param.width) + "x" +
                                  std::to_string(entry.param.height);
                         });

// Each mistake that a port makes easily lies far beyond the tolerance of the comparison above.
TEST(EnhanceNetwork, MistakesWouldBeSeen) {
  const at::NoGradGuard no_grad;
  const EnhancementNetwork network = named_network();
  const Tensor image = test_picture(23, 37);
  const Tensor map = illumination_map(network, image);
  ASSERT_LT(difference(map, scalar_map(network, image, {})), kTolerance);
  const std::vector<std::pair<std::string, ScalarVariant>> mistakes{
      {"half-pixel corners", {.align_corners = false}},
      {"cells that do not overlap", {.overlapping_cells = false}},
      {"zero padding at inference", {.reflect = false}},
      {"residual blocks padded by zero", {.residual_reflect = false}},
      {"the fuse convolution reflected", {.fuse_reflect = true}}};
  for (const auto& [name, variant] : mistakes) {
    const double off = difference(map, scalar_map(network, image, variant));
    EXPECT_GT(off, 100 * kTolerance) << name;
    RecordProperty(name, std::to_string(off));
  }
}

TEST(EnhanceNetwork, TreatsEachPictureOfABatchAlone) {
  const at::NoGradGuard no_grad;
  const EnhancementNetwork network = named_network();
  const Tensor images = test_picture(15, 18, 3);
  const Tensor together = illumination_map(network, images);
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_LT(
        difference(together.narrow(0, i, 1), illumination_map(network, images.narrow(0, i, 1))),
        3e-6);  // another blocking of the sums
  }
}

TEST(EnhanceNetwork, HasThePublishedParameters) {
  EnhancementNetwork network = named_network();
  int64_t count = 0, tensors = 0;
  visit_parameters(network,
                   [&](const std::string&, Tensor& tensor, const std::vector<int64_t>& shape) {
                     EXPECT_EQ(tensor.sizes(), at::IntArrayRef(shape));
                     count += tensor.numel();
                     ++tensors;
                   });
  EXPECT_EQ(tensors, 30);
  EXPECT_EQ(count, 278790);  // the sheet, measured on the published files
}

TEST(EnhanceNetwork, GradientsAgreeWithDifferences) {
  EnhancementNetwork network = named_network();
  visit_parameters(network, [](const std::string&, Tensor& tensor, const std::vector<int64_t>&) {
    tensor = tensor.to(at::kDouble);
  });
  const Tensor image = test_picture(5, 4).to(at::kDouble);
  for (const EnhancePadding padding : {EnhancePadding::reflect, EnhancePadding::zeros}) {
    const auto of_image = [&](const Tensor& x) {
      return illumination_map(network, x, padding).square().sum();
    };
    EXPECT_LT(gradient_error(of_image, image, 1e-6), 1e-4);
    const auto of_slope = [&](const Tensor& slope) {
      EnhancementNetwork moved = network;
      moved.pyramid[2].slope = slope;
      return illumination_map(moved, image, padding).square().sum();
    };
    EXPECT_LT(gradient_error(of_slope, network.pyramid[2].slope, 1e-6), 1e-4);
    const auto of_fuse = [&](const Tensor& scale) {
      EnhancementNetwork moved = network;
      moved.fuse_weight = network.fuse_weight * scale;
      return illumination_map(moved, image, padding).square().sum();
    };
    EXPECT_LT(gradient_error(of_fuse, at::ones({32, 1, 1, 1}, at::kDouble), 1e-6), 1e-4);
  }
}

TEST(EnhanceNetwork, StartsAsPublishedTrainingDoes) {
  EnhancementNetwork network = initial_enhancement_network(Rng(3));
  EXPECT_NEAR(network.residuals[2].conv1.std().item<double>(), 0.02, 0.0005);
  EXPECT_NEAR(network.residuals[2].conv1.mean().item<double>(), 0, 0.0005);
  const double bound = 1 / std::sqrt(9.0 * 64);
  EXPECT_LE(network.condy.bias.abs().max().item<double>(), bound);
  EXPECT_GT(network.condy.bias.abs().max().item<double>(), 0.7 * bound);
  EXPECT_EQ(network.fuse_slope.item<double>(), 0.25);
  EXPECT_TRUE(at::equal(initial_enhancement_network(Rng(3)).cond1.weight, network.cond1.weight));
  EXPECT_FALSE(at::equal(network.residuals[2].conv1, network.residuals[2].conv2));
}

TEST(EnhanceNetwork, RefusesWhatItCannotReflect) {
  const EnhancementNetwork network = named_network();
  for (const std::vector<int64_t>& shape :
       std::vector<std::vector<int64_t>>{{1, 3, 1, 8}, {1, 3, 8, 1}, {1, 1, 8, 8}, {3, 8, 8}}) {
    try {
      illumination_map(network, at::zeros(shape));
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::usage);
    }
  }
  EXPECT_EQ(illumination_map(network, at::zeros({1, 3, 2, 2})).sizes(),
            at::IntArrayRef({1, 1, 2, 2}));
}

}  // namespace
}  // namespace vane::testing
