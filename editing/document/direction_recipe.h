// SPDX-License-Identifier: Apache-2.0
#pragma once
// A direction put together from several sources, as the commands that make it.

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "editing/services/direction.h"

namespace vane {

enum class DirectionSource { phrases, pictures, folders, file };

/// One source. Phrases: from and to; pictures and folders of them: paths; a file: `to` alone.
struct DirectionPart {
  DirectionSource source = DirectionSource::phrases;
  std::string from, to;
  /// Against the weights of the others, above 0.
  double weight = 1;
};

struct DirectionRecipe {
  std::vector<DirectionPart> parts;
  /// Words whose meaning is taken out at the end.
  std::vector<std::string> without;
};

using DirectionRequest = std::variant<DirectionTextRequest, DirectionImageRequest,
                                      DirectionResidualRequest, DirectionMixRequest>;

/// What makes a direction.
struct DirectionSteps {
  /// In order: each part, and the mixture of it with all before it, on the great circle.
  std::vector<DirectionRequest> steps;
  /// Tells what the direction says, and takes words out of it; its `output` is empty when there are
  /// none to take out.
  DirectionExplainRequest explain;
  /// The direction. What lies between the steps is OUTPUT-N.safetensors beside it.
  std::filesystem::path output;
  std::vector<std::filesystem::path> between;
};

/// `photo` stands for an empty `from` of a part of pictures. Throws Error{usage} for a recipe
/// without parts and for a part that lacks something, naming it.
DirectionSteps direction_steps(const DirectionRecipe& recipe, const std::filesystem::path& photo,
                               const std::filesystem::path& output);

/// The words after `vane`, as command_words() of edits.
std::vector<std::string> command_words(const DirectionRequest& request);
std::vector<std::string> command_words(const DirectionExplainRequest& request);

/// A short name for people: "warm light + like beach.jpg".
std::string recipe_title(const DirectionRecipe& recipe);

}  // namespace vane
