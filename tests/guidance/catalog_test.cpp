// SPDX-License-Identifier: Apache-2.0
#include "guidance/catalog.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/config/yaml_document.h"
#include "engine/tensor/weights.h"
#include "guidance/direction.h"
#include "tests/support/linear_clip.h"
#include "tests/support/named_clip.h"

namespace vane {
namespace {

using testing::LinearClip;
using testing::uniform_tensor;

GuidanceContext context(bool resnet) {
  GuidanceContext result;
  WeightedEncoder& encoder = result.encoders.emplace_back();
  if (resnet) {
    encoder.clip = testing::small_clip(true);
  } else {
    encoder.clip = std::make_shared<LinearClip>();
  }
  return result;
}

Evaluation evaluation(int64_t height = 12, int64_t width = 10) {
  Evaluation evaluation;
  evaluation.image = uniform_tensor({1, 3, height, width}, 1).requires_grad_(true);
  evaluation.source = uniform_tensor({1, 3, height, width}, 2);
  return evaluation;
}

std::unique_ptr<Objective> stack_of(const std::string& yaml, bool resnet = false) {
  return objective_stack(objective_registry(), *parse_yaml(yaml, "edit.yaml"), "edit.yaml",
                         context(resnet));
}

// A trunk and layers of the right shapes for lpips.
void save_lpips(const std::filesystem::path& path) {
  std::map<std::string, Tensor> tensors;
  const std::vector<std::pair<int, std::vector<int64_t>>> convolutions{{0, {64, 3, 11, 11}},
                                                                       {3, {192, 64, 5, 5}},
                                                                       {6, {384, 192, 3, 3}},
                                                                       {8, {256, 384, 3, 3}},
                                                                       {10, {256, 256, 3, 3}}};
  int slice = 0;
  for (const auto& [index, shape] : convolutions) {
    const std::string base = "net.slice" + std::to_string(slice + 1) + "." + std::to_string(index);
    tensors[base + ".weight"] = uniform_tensor(shape, 7, -0.05f, 0.05f);
    tensors[base + ".bias"] = at::zeros({shape[0]});
    tensors["lin" + std::to_string(slice) + ".model.1.weight"] = at::ones({1, shape[0], 1, 1});
    ++slice;
  }
  save_tensors(path, tensors);
}

Error error_of(const std::string& yaml) {
  try {
    stack_of(yaml);
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorCode::internal, "nothing was thrown");
}

// Oracle 3 (law): no entry is dead; each one gives a finite value and a gradient from its example.
TEST(ObjectiveCatalog, EveryEntryWorksFromItsExample) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "vane_catalog.safetensors";
  Direction residual =
      residual_direction(testing::normal_tensor({5, 12}, 1), testing::normal_tensor({5, 12}, 2),
                         LinearClip().info().hash);
  save_direction(path, residual);
  const auto lpips = std::filesystem::path(::testing::TempDir()) / "vane_lpips.safetensors";
  save_lpips(lpips);
  const std::set<std::string> need_resnet{"feature_identity", "relevancy_preserve"};
  const std::map<std::string, std::string> examples{
      {"clip_contrastive", "positive: dawn, negatives: [fog, night]"},
      {"clip_prompt_pair", "from: dark, to: bright"},
      {"feature_identity", "stages: [1, 1, 1, 1, 0.5]"},
      {"relevancy_preserve", "text: the sky"},
      {"ms_ssim", ""},
      {"gmsd", ""},
      {"lpips", "weights: " + lpips.string()},
      {"clip_directional", "from: dark, to: bright, views: {cutouts: {count: 2}}"},
      {"clip_global", "prompts: [\"dawn:2\", \"fog:-0.5\"], distance: spherical"},
      {"clip_identity", "views: {average: embeddings}"},
      {"clip_residual", "direction: " + path.string()},
      {"edge_structure", "form: difference"},
      {"pixel_l2", ""},
      {"total_variation", "form: norms"}};
  const ObjectiveRegistry registry = objective_registry();
  ASSERT_EQ(registry.names().size(), examples.size());
  for (const std::string& name : registry.names()) {
    ASSERT_TRUE(examples.contains(name)) << name;
    const std::string& fields = examples.at(name);
    const auto stack =
        stack_of("- {kind: " + name + ", weight: 0.5" + (fields.empty() ? "" : ", " + fields) + "}",
                 need_resnet.contains(name));
    const Evaluation now = name == "lpips" ? evaluation(40, 36) : evaluation();
    const Score score = stack->evaluate(now);
    ASSERT_EQ(score.terms.size(), 1u);
    EXPECT_EQ(score.terms[0].name, name);
    EXPECT_NEAR(score.total.item<double>(), 0.5 * score.terms[0].value.item<double>(), 1e-6);
    const Tensor gradient = torch::autograd::grad({score.total}, {now.image})[0];
    EXPECT_GT(gradient.abs().max().item<double>(), 1e-7) << name;
  }
}

// Oracle 1.
TEST(ObjectiveCatalog, AddsTheEntriesAndNumbersRepeatedNames) {
  const auto stack = stack_of(
      "- {kind: pixel_l2, weight: 2}\n- {kind: pixel_l2, weight: 3}\n"
      "- {kind: total_variation, name: smooth}\n");
  EXPECT_TRUE(stack->needs_source());
  const Score score = stack->evaluate(evaluation());
  ASSERT_EQ(score.terms.size(), 3u);
  EXPECT_EQ(score.terms[0].name, "pixel_l2");
  EXPECT_EQ(score.terms[1].name, "pixel_l2_2");
  EXPECT_EQ(score.terms[2].name, "smooth");
  EXPECT_NEAR(score.total.item<double>(),
              5 * score.terms[0].value.item<double>() + score.terms[2].value.item<double>(), 1e-5);
}

TEST(ObjectiveCatalog, MistakesAreReportedWhereTheyAre) {
  const Error kind = error_of("- {kind: pixel_l2}\n- {kind: clip_globl}\n");
  EXPECT_EQ(kind.code(), ErrorCode::config);
  EXPECT_EQ(kind.line(), 2);
  EXPECT_NE(std::string(kind.what()).find("clip_global"), std::string::npos) << kind.what();
  EXPECT_EQ(error_of("- {kind: pixel_l2, wieght: 2}\n").code(), ErrorCode::config);
  EXPECT_EQ(error_of("- {kind: clip_directional, from: dark}\n").code(), ErrorCode::config);
  EXPECT_EQ(error_of("- {kind: clip_global}\n").code(), ErrorCode::config);
  EXPECT_EQ(error_of("kind: pixel_l2\n").code(), ErrorCode::config);
}

}  // namespace
}  // namespace vane
