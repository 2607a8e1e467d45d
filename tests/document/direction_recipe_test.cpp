// SPDX-License-Identifier: Apache-2.0
// Oracle: the commands that a person would type for the same mixture.
#include "editing/document/direction_recipe.h"

#include <gtest/gtest.h>

#include "editing/document/commands.h"
#include "engine/base/error.h"

namespace vane {
namespace {

using Words = std::vector<std::string>;

DirectionPart phrases(const std::string& to, double weight = 1) {
  return {DirectionSource::phrases, "", to, weight};
}

TEST(DirectionRecipe, OneSourceIsOneCommand) {
  const DirectionSteps made =
      direction_steps({{phrases("warm light")}, {}}, "p.jpg", "d/x.safetensors");
  ASSERT_EQ(made.steps.size(), 1u);
  EXPECT_EQ(command_words(made.steps[0]),
            (Words{"direction", "text", "a photo", "warm light", "-o", "d/x.safetensors"}));
  EXPECT_EQ(command_words(made.explain), (Words{"direction", "explain", "d/x.safetensors"}));
  EXPECT_EQ(made.output, "d/x.safetensors");
  EXPECT_TRUE(made.between.empty());
}

TEST(DirectionRecipe, SourcesAreMixedByTheirWeights) {
  const DirectionPart picture{DirectionSource::pictures, "", "beach.jpg", 1};
  const DirectionPart file{DirectionSource::file, "", "saved.safetensors", 2};
  const DirectionSteps made =
      direction_steps({{phrases("warm", 3), picture, file}, {}}, "p.jpg", "d/x.safetensors");
  ASSERT_EQ(made.steps.size(), 4u);
  EXPECT_EQ(command_words(made.steps[1]),
            (Words{"direction", "image", "p.jpg", "beach.jpg", "-o", "d/x-2.safetensors"}));
  EXPECT_EQ(command_words(made.steps[2]),
            (Words{"direction", "mix", "d/x-1.safetensors", "d/x-2.safetensors", "--at", "0.25",
                   "-o", "d/x-3.safetensors"}));
  const auto& last = std::get<DirectionMixRequest>(made.steps[3]);
  EXPECT_EQ(last.b, "saved.safetensors");
  EXPECT_FLOAT_EQ(last.at, 2.f / 6);
  EXPECT_EQ(last.output, "d/x.safetensors");
  EXPECT_EQ(made.between.size(), 3u);
}

TEST(DirectionRecipe, WordsAreTakenOutLast) {
  const DirectionSteps made =
      direction_steps({{phrases("warm")}, {"night", "boats"}}, "p.jpg", "x.safetensors");
  EXPECT_EQ(made.explain.direction, "x-1.safetensors");
  EXPECT_EQ(made.explain.output, "x.safetensors");
  EXPECT_EQ(made.explain.remove, (Words{"night", "boats"}));
  EXPECT_EQ(made.between, (std::vector<std::filesystem::path>{"x-1.safetensors"}));
}

TEST(DirectionRecipe, AFileAloneIsTheDirectionAndIsNotTouched) {
  const DirectionPart file{DirectionSource::file, "", "saved.safetensors", 1};
  const DirectionSteps made =
      direction_steps({{file, phrases("unused", 0)}, {}}, "p.jpg", "x.safetensors");
  EXPECT_TRUE(made.steps.empty());
  EXPECT_TRUE(made.between.empty());
  EXPECT_EQ(made.output, "saved.safetensors");
}

TEST(DirectionRecipe, WhatLacksIsNamed) {
  const auto words_of = [](const DirectionRecipe& recipe) -> std::string {
    try {
      direction_steps(recipe, "p.jpg", "x.safetensors");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::usage);
      return error.what();
    }
    return "nothing";
  };
  EXPECT_NE(words_of({}).find("needs a source"), std::string::npos);
  EXPECT_NE(words_of({{phrases("warm"), phrases("")}, {}}).find("source 2 lacks a phrase"),
            std::string::npos);
  EXPECT_NE(words_of({{{DirectionSource::folders, "a", "", 1}}, {}}).find("a folder"),
            std::string::npos);
  EXPECT_NE(words_of({{phrases("warm", 0)}, {}}).find("weight 0"), std::string::npos);
}

}  // namespace
}  // namespace vane
