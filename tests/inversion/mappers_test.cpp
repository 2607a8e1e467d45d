// SPDX-License-Identifier: Apache-2.0
// Oracle: the published implementations on the same weights (tests/oracles/record_inversion.py);
// laws of the sheet, sections 6 and 12.
#include <gtest/gtest.h>

#include <numbers>

#include "engine/base/error.h"
#include "tests/inversion/named_networks.h"
#include "tests/support/gradient_check.h"

namespace vane::testing {
namespace {

constexpr double kTolerance = 1e-4;

template <class Call>
void expect_usage_error(Call call) {
  try {
    call();
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage) << error.what();
  }
}

TEST(DeltaMapper, EqualsTheReference) {
  const at::NoGradGuard no_grad;
  const std::vector<ConvStyle> convs = published_conv_styles();
  const DeltaMapper mapper =
      filled(make_delta_mapper(delta_mapper_shape(convs)), "delta.", named_mapper_value);
  const Weights expected = recorded("delta_mapper");
  const Tensor styles = named_values("delta styles", {2, 6048}, 1.0, 0.6);
  const Tensor condition =
      delta_condition(named_values("delta image", {2, 512}), named_values("delta step", {2, 512}));
  const Tensor delta = style_delta(mapper, styles, condition);
  const Tensor reference = expected.take("delta", {2, 6048});
  EXPECT_LT(difference(delta, reference), kTolerance);
  RecordProperty("delta", std::to_string(difference(delta, reference) * 1e6));
  // Normalising channels instead of layers shows in the levels that have layers, and only there.
  const Tensor wrong = expected.take("wrong.channel_norm", {1, 6048});
  EXPECT_GT(difference(wrong.narrow(1, 0, 1536), reference[0].narrow(0, 0, 1536)), 0.1);
  EXPECT_GT(difference(wrong.narrow(1, 1536, 2048), reference[0].narrow(0, 1536, 2048)), 0.1);
  EXPECT_LT(difference(wrong.narrow(1, 3584, 2464), reference[0].narrow(0, 3584, 2464)),
            kTolerance);
}

TEST(DeltaMapper, HasThePublishedLayout) {
  const std::vector<ConvStyle> convs = published_conv_styles();
  ASSERT_EQ(convs.size(), 17u);
  const std::vector<int64_t> starts{0,    512,  1024, 1536, 2048, 2560, 3072, 3584, 4096,
                                    4608, 5120, 5376, 5632, 5760, 5888, 5952, 6016};  // sheet 1.6
  int64_t begin = 0;
  for (size_t i = 0; i < convs.size(); ++i) {
    EXPECT_EQ(begin, starts[i]) << i;
    begin += convs[i].width;
  }
  EXPECT_EQ(begin, 6048);
  DeltaMapper mapper = make_delta_mapper(delta_mapper_shape(convs));
  int64_t count = 0;
  visit_parameters(mapper, [&](const std::string&, Tensor&, const std::vector<int64_t>& shape) {
    count += shape.size() == 2 ? shape[0] * shape[1] : shape[0];
  });
  EXPECT_EQ(count, 82'760'576);  // sheet 6.6
}

TEST(DeltaMapper, SplitsAnyGeneratorByResolution) {
  const std::vector<ConvStyle> small{{4, 128},  {8, 128},  {8, 128},  {16, 128}, {16, 128},
                                     {32, 128}, {32, 128}, {64, 128}, {64, 64}};
  const DeltaMapperShape shape = delta_mapper_shape(small);
  EXPECT_EQ(shape.levels[0].rows, 3);
  EXPECT_EQ(shape.levels[1].rows, 4);
  EXPECT_EQ(shape.levels[1].width, 128);
  EXPECT_EQ(shape.levels[2].rows, 0);
  EXPECT_EQ(shape.levels[2].width, 192);
  EXPECT_EQ(shape.channels(), 1088);  // sheet 8.1
  // Layers of unequal width cannot be rows.
  const std::vector<ConvStyle> uneven{{4, 24}, {8, 24}, {16, 24}, {32, 24}, {32, 16}, {64, 8}};
  EXPECT_EQ(delta_mapper_shape(uneven).levels[1].rows, 0);
  EXPECT_EQ(delta_mapper_shape(uneven).levels[1].width, 64);
  expect_usage_error([&] { delta_mapper_shape(std::span(small).first(7)); });
  const std::vector<ConvStyle> backwards{{64, 8}, {32, 8}, {4, 8}};
  expect_usage_error([&] { delta_mapper_shape(backwards); });
}

const std::vector<ConvStyle> kTiny{{4, 6}, {8, 6}, {16, 6}, {16, 6}, {64, 6}, {64, 3}};

DeltaMapper tiny_delta_mapper() {
  return filled(make_delta_mapper(delta_mapper_shape(kTiny, 8)), "tiny.", named_mapper_value);
}

TEST(DeltaMapper, DependsOnSourceAndCondition) {
  const at::NoGradGuard no_grad;
  const DeltaMapper mapper = tiny_delta_mapper();
  const Tensor styles = named_values("tiny styles", {2, 33}, 1, 0.5);
  const Tensor image = named_values("tiny image", {1, 4}), step = named_values("tiny step", {1, 4});
  const Tensor delta = style_delta(mapper, styles, delta_condition(image, step));
  // One condition serves all sources, and each source gets a delta of its own.
  EXPECT_LT(difference(delta[1], style_delta(mapper, styles.narrow(0, 1, 1),
                                             delta_condition(image, step))[0]),
            1e-5);
  EXPECT_GT(difference(delta[0], delta[1]), 0.05);
  EXPECT_GT(difference(delta, style_delta(mapper, styles, delta_condition(image, -step))), 0.05);
  // Only directions count.
  EXPECT_LT(difference(delta, style_delta(mapper, styles, delta_condition(3 * image, 0.2 * step))),
            1e-5);
  const Tensor none = delta_condition(image, at::zeros({1, 4}));
  EXPECT_EQ(none.narrow(1, 4, 4).abs().max().item<double>(), 0);
  expect_usage_error([&] { style_delta(mapper, styles.narrow(1, 0, 32), none); });
  expect_usage_error([&] { style_delta(mapper, styles, none.narrow(1, 0, 7)); });
}

TEST(DeltaMapper, CanBeTrained) {
  const DeltaMapper mapper = in_double(tiny_delta_mapper());
  const Tensor styles = named_values("tiny styles", {2, 33}, 1, 0.5).to(at::kDouble);
  const Tensor condition = named_values("tiny condition", {2, 8}).to(at::kDouble);
  const auto of_styles = [&](const Tensor& x) {
    return style_delta(mapper, x, condition).square().sum();
  };
  EXPECT_LT(gradient_error(of_styles, styles), 1e-5);
  const auto of_weight = [&](const Tensor& weight) {
    DeltaMapper moved = mapper;
    moved.levels[1].condition.layers[0].weight = weight;
    return style_delta(moved, styles, condition).square().sum();
  };
  EXPECT_LT(gradient_error(of_weight, mapper.levels[1].condition.layers[0].weight, 1e-3), 1e-5);
  const DeltaMapper start = initial_delta_mapper(mapper.shape, Rng(1));
  EXPECT_NEAR(start.levels[2].fusion.layers[0].weight.std().item<double>(), 100, 15);
  EXPECT_EQ(start.levels[2].fusion.layers[0].bias.abs().max().item<double>(), 0);
  EXPECT_FALSE(
      at::equal(start.levels[0].style.layers[1].weight, start.levels[0].style.layers[2].weight));
}

TEST(MapperStack, FollowsItsFormulaWrittenOut) {
  const at::NoGradGuard no_grad;
  MapperStack stack = make_mapper_stack(5, 3, true);
  visit_stack(stack, "s",
              [](const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape) {
                EXPECT_TRUE(name.starts_with("s.mapping.1.") || name.starts_with("s.mapping.2.") ||
                            name.starts_with("s.mapping.3.") || name.starts_with("s.mapping.4."));
                tensor = named_mapper_value("", name, shape);
              });
  const Tensor x = named_values("x", {2, 4, 5});
  const Tensor actual = mapper_stack(stack, x);
  for (int64_t b = 0; b < 2; ++b) {
    for (int64_t row = 0; row < 4; ++row) {
      std::vector<double> y(5);
      for (int64_t c = 0; c < 5; ++c) {
        double square = 0;  // over the rows, not over the channels
        for (int64_t r = 0; r < 4; ++r) square += std::pow(x[b][r][c].item<double>(), 2) / 4;
        y[size_t(c)] = x[b][row][c].item<double>() / std::sqrt(square + 1e-8);
      }
      for (const MapperLayer& layer : stack.layers) {
        std::vector<double> z(3);
        for (int64_t o = 0; o < 3; ++o) {
          double sum = 0.01 * layer.bias[o].item<double>();
          for (size_t i = 0; i < y.size(); ++i) {
            sum += 0.01 / std::sqrt(double(y.size())) * y[i] *
                   layer.weight[o][int64_t(i)].item<double>();
          }
          z[size_t(o)] = std::numbers::sqrt2 * (sum > 0 ? sum : 0.2 * sum);
        }
        y = z;
      }
      for (int64_t o = 0; o < 3; ++o) {
        EXPECT_NEAR(actual[b][row][o].item<double>(), y[size_t(o)], 1e-5);
      }
    }
  }
}

TEST(RelevantChannels, AreThoseAtOrAboveTheThreshold) {
  const Tensor matrix = at::tensor({0.5f, 0.f, 0.f, -0.25f, 0.1f, 0.1f}).view({3, 2});
  const Tensor delta = at::tensor({0.5f, 1.f});
  const Tensor relevant = relevant_channels(matrix, delta, 0.25);  // 0.25, -0.25, 0.15
  EXPECT_TRUE(at::equal(relevant, at::tensor({1, 1, 0}).to(at::kBool)));
  // The delta's length counts: it is not normalised.
  EXPECT_FALSE(relevant_channels(matrix, 0.1 * delta, 0.03).any().item<bool>());
  expect_usage_error([&] { relevant_channels(matrix, at::ones({3})); });
}

TEST(LatentMapper, EqualsTheReference) {
  const at::NoGradGuard no_grad;
  const Tensor w_plus = named_values("mapper w_plus", {2, 10, 512});
  const Weights expected = recorded("latent_mapper");
  LatentMapper levels = filled(make_latent_mapper(), "mapper.", named_mapper_value);
  const Tensor step = latent_step(levels, w_plus);
  EXPECT_LT(difference(step, expected.take("LevelsMapper", {2, 10, 512})), kTolerance);
  LatentMapper single;
  single.whole = make_mapper_stack(512, 512, true);
  single = filled(single, "mapper.", named_mapper_value);
  EXPECT_LT(difference(latent_step(single, w_plus), expected.take("SingleMapper", {2, 10, 512})),
            kTolerance);
  levels.medium.reset();
  const Tensor without = latent_step(levels, w_plus);
  EXPECT_EQ(without.narrow(1, 4, 4).abs().max().item<double>(), 0);
  EXPECT_TRUE(at::equal(without.narrow(1, 8, 2), step.narrow(1, 8, 2)));
  expect_usage_error([&] { latent_step(levels, w_plus.narrow(1, 0, 8)); });
}

TEST(TextAdapter, EqualsTheReference) {
  const at::NoGradGuard no_grad;
  const TextAdapter adapter = filled(make_text_adapter(), "adapter.");
  const Weights expected = recorded("clip_inverter");
  const PyramidFeatures features{.c1 = named_values("inversion feature 0", {2, 128, 6, 6}),
                                 .c2 = named_values("inversion feature 1", {2, 256, 4, 4}),
                                 .c3 = named_values("inversion feature 2", {2, 512, 3, 3})};
  const Tensor texts = named_values("inversion texts", {2, 512}, 0.4);
  const PyramidFeatures adapted = adapted_features(adapter, features, texts);
  EXPECT_LT(difference(adapted.c1, expected.take("c1", {2, 128, 6, 6})), kTolerance);
  EXPECT_LT(difference(adapted.c2, expected.take("c2", {2, 256, 4, 4})), kTolerance);
  EXPECT_LT(difference(adapted.c3, expected.take("c3", {2, 512, 3, 3})), kTolerance);
  // The text comes raw, not as a unit vector.
  const PyramidFeatures unit =
      adapted_features(adapter, features, texts / texts.norm(2, {1}, true));
  EXPECT_GT(difference(unit.c3, adapted.c3), 0.1);
  TextAdapter partial = adapter;
  partial.fine.reset();
  EXPECT_TRUE(at::equal(adapted_features(partial, features, texts).c1, features.c1));
  expect_usage_error([&] { adapted_features(adapter, features, texts.narrow(1, 0, 511)); });
}

TEST(RowRefiner, EqualsWhatTheReferenceFeedsItsConvolutions) {
  const at::NoGradGuard no_grad;
  RowRefiner refiner = filled(make_row_refiner(6), "decoder.");
  const Tensor w_plus = named_values("inversion w_plus", {2, 6, 512});
  const Tensor texts = named_values("inversion texts", {2, 512}, 0.4);
  const Tensor refined = refined_rows(refiner, w_plus, texts);
  const Tensor expected = recorded("clip_inverter").take("convolution_rows", {2, 5, 512});
  EXPECT_LT(difference(refined.narrow(1, 0, 5), expected), kTolerance);
  // The first row and the last, which only ToRGB reads, stay.
  EXPECT_TRUE(at::equal(refined.select(1, 0), w_plus.select(1, 0)));
  EXPECT_TRUE(at::equal(refined.select(1, 5), w_plus.select(1, 5)));
  for (RowProposal& proposal : refiner.proposals) proposal.lambda = at::zeros({});
  EXPECT_TRUE(at::equal(refined_rows(refiner, w_plus, texts), w_plus));
  expect_usage_error([&] { refined_rows(refiner, w_plus.narrow(1, 0, 5), texts); });
}

TEST(TextAdapter, OfNoStrengthLeavesTheInversionAsItIs) {
  const at::NoGradGuard no_grad;
  const InversionEncoder encoder = tiny_encoder();
  const TextAdapter adapter = filled(make_text_adapter({16, 32, 32, 32}, 24, 20), "adapter.");
  Inversion inversion;
  inversion.w_plus = named_values("w", {1, 8, 32});
  inversion.features = {.c1 = named_values("c1", {1, 32, 64, 64}),
                        .c2 = named_values("c2", {1, 32, 32, 32}),
                        .c3 = named_values("c3", {1, 32, 16, 16})};
  const Tensor text = named_values("text", {1, 24});
  EXPECT_TRUE(at::equal(adapted_rows(encoder, adapter, inversion, text, 0), inversion.w_plus));
}

TEST(TextAdapter, CanBeTrained) {
  const TextAdapter adapter =
      in_double(filled(make_text_adapter({16, 32, 32, 32}, 6, 8), "adapter."));
  const PyramidFeatures features{.c1 = named_values("c1", {1, 32, 3, 3}).to(at::kDouble),
                                 .c2 = named_values("c2", {1, 32, 2, 2}).to(at::kDouble),
                                 .c3 = named_values("c3", {1, 32, 2, 2}).to(at::kDouble)};
  const auto energy = [&](const TextAdapter& of, const Tensor& text) {
    const PyramidFeatures out = adapted_features(of, features, text);
    return out.c1.square().sum() + out.c2.square().sum() + out.c3.square().sum();
  };
  const Tensor text = named_values("text", {1, 6}).to(at::kDouble);
  EXPECT_LT(gradient_error([&](const Tensor& x) { return energy(adapter, x); }, text), 1e-5);
  const auto of_weight = [&](const Tensor& weight) {
    TextAdapter moved = adapter;
    moved.medium->gamma.in_weight = weight;
    return energy(moved, text);
  };
  EXPECT_LT(gradient_error(of_weight, adapter.medium->gamma.in_weight), 1e-5);
}

}  // namespace
}  // namespace vane::testing
