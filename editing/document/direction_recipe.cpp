// SPDX-License-Identifier: Apache-2.0
#include "editing/document/direction_recipe.h"

#include <fmt/format.h>

#include "editing/document/request_words.h"
#include "engine/base/error.h"
#include "engine/base/text.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPlainPhotograph = "a photo";

Error lacks(size_t part, const std::string& what) {
  return Error(ErrorCode::usage, fmt::format("source {} lacks {}", part + 1, what));
}

DirectionRequest request_of(const DirectionPart& part, size_t number, const fs::path& photo,
                            const fs::path& output) {
  switch (part.source) {
    case DirectionSource::pictures: {
      if (part.to.empty()) throw lacks(number, "a picture");
      DirectionImageRequest request;
      request.from = part.from.empty() ? photo : fs::path(part.from);
      request.to = part.to;
      request.output = output;
      return request;
    }
    case DirectionSource::folders: {
      if (part.from.empty() || part.to.empty()) throw lacks(number, "a folder");
      DirectionResidualRequest request;
      request.from = part.from;
      request.to = part.to;
      request.output = output;
      return request;
    }
    default: {
      if (part.to.empty()) throw lacks(number, "a phrase");
      DirectionTextRequest request;
      request.from = part.from.empty() ? kPlainPhotograph : part.from;
      request.to = part.to;
      request.output = output;
      return request;
    }
  }
}

/// NAME-N.safetensors beside NAME.safetensors.
fs::path beside(const fs::path& output, size_t number) {
  return output.parent_path() / fmt::format("{}-{}.safetensors", output.stem().string(), number);
}

std::string part_title(const DirectionPart& part) {
  switch (part.source) {
    case DirectionSource::phrases:
      return part.to;
    case DirectionSource::pictures:
      return "like " + fs::path(part.to).filename().string();
    case DirectionSource::folders:
      return "as in " + (fs::path(part.to) / "").parent_path().filename().string();
    case DirectionSource::file:
      return fs::path(part.to).stem().string();
  }
  return {};
}

}  // namespace

DirectionSteps direction_steps(const DirectionRecipe& recipe, const fs::path& photo,
                               const fs::path& output) {
  if (recipe.parts.empty()) {
    throw Error(ErrorCode::usage, "a direction needs a source")
        .with_hint("add phrases, a picture, folders of pictures or a direction file");
  }
  DirectionSteps made;
  made.output = output;
  size_t number = 0;
  const auto next = [&] {
    made.between.push_back(beside(output, ++number));
    return made.between.back();
  };
  fs::path sum;
  double weight = 0;
  for (size_t i = 0; i < recipe.parts.size(); ++i) {
    const DirectionPart& part = recipe.parts[i];
    if (!(part.weight > 0)) continue;
    fs::path own = part.to;
    if (part.source == DirectionSource::file) {
      if (own.empty()) throw lacks(i, "a direction file");
    } else {
      own = next();
      made.steps.push_back(request_of(part, i, photo, own));
    }
    weight += part.weight;
    if (sum.empty()) {
      sum = own;
      continue;
    }
    DirectionMixRequest mix;
    mix.a = sum;
    mix.b = own;
    mix.at = static_cast<float>(part.weight / weight);
    mix.output = sum = next();
    made.steps.push_back(mix);
  }
  if (sum.empty()) throw Error(ErrorCode::usage, "every source has the weight 0");
  made.explain.direction = sum;
  if (!recipe.without.empty()) {
    made.explain.remove = recipe.without;
    made.explain.output = output;
    return made;
  }
  if (!made.between.empty() && sum == made.between.back()) {
    // The last step leaves the direction itself.
    std::visit([&](auto& request) { request.output = output; }, made.steps.back());
    made.between.pop_back();
    made.explain.direction = output;
  } else {
    made.output = sum;  // a file alone is the direction
  }
  return made;
}

std::vector<std::string> command_words(const DirectionRequest& request) {
  struct Speller {
    std::vector<std::string> operator()(const DirectionTextRequest& r) {
      return request_words({"direction", "text"}, r);
    }
    std::vector<std::string> operator()(const DirectionImageRequest& r) {
      return request_words({"direction", "image"}, r);
    }
    std::vector<std::string> operator()(const DirectionResidualRequest& r) {
      return request_words({"direction", "residual"}, r);
    }
    std::vector<std::string> operator()(const DirectionMixRequest& r) {
      return request_words({"direction", "mix"}, r);
    }
  };
  return std::visit(Speller{}, request);
}

std::vector<std::string> command_words(const DirectionExplainRequest& request) {
  return request_words({"direction", "explain"}, request);
}

std::string recipe_title(const DirectionRecipe& recipe) {
  std::vector<std::string> titles;
  for (const DirectionPart& part : recipe.parts) {
    if (part.weight > 0) titles.push_back(part_title(part));
  }
  std::string title = join(titles, " + ");
  if (!recipe.without.empty()) title += " without " + join(recipe.without, ", ");
  return title;
}

}  // namespace vane
