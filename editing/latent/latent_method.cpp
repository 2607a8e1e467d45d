// SPDX-License-Identifier: Apache-2.0
#include "editing/latent/latent_method.h"

#include "engine/base/error.h"
#include "engine/base/text.h"

namespace vane {
namespace {

struct Entry {
  const char* name;
  std::unique_ptr<LatentEditMethod> (*make)();
};

// One line for each method; the first is the default.
constexpr Entry kMethods[] = {
    {"global", global_method}, {"delta", delta_method},       {"optimise", optimise_method},
    {"mapper", mapper_method}, {"inverter", inverter_method},
};

}  // namespace

std::vector<std::string> latent_method_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kMethods) names.emplace_back(entry.name);
  return names;
}

std::unique_ptr<LatentEditMethod> make_latent_method(const std::string& name) {
  for (const Entry& entry : kMethods) {
    if (entry.name == name) return entry.make();
  }
  const std::vector<std::string> names = latent_method_names();
  const auto nearest = nearest_name(name, names);
  throw Error(ErrorCode::usage, "there is no method \"" + printable(name) + "\" for latents")
      .with_hint(nearest ? "did you mean " + *nearest + "?" : "methods: " + join(names, ", "));
}

Tensor LatentScene::preview(const LatentMove& move) const {
  const Tensor picture = moved_picture(*generator, w_plus, move, side);
  if (!mask.defined()) return picture;
  const Tensor source = moved_picture(*generator, w_plus, {}, side);
  return source + mask * (picture - source);
}

}  // namespace vane
