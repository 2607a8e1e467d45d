// SPDX-License-Identifier: Apache-2.0
#include "editing/latent/trained_for.h"

#include <fmt/format.h>

#include "engine/base/error.h"

namespace vane {
namespace {

std::string how_to_train(const std::string& component) {
  return fmt::format("train one: vane train {} CONFIG.yaml", component);
}

}  // namespace

std::filesystem::path trained_file(const std::filesystem::path& asked,
                                   const std::string& component) {
  if (asked.empty()) {
    throw Error(ErrorCode::usage,
                fmt::format("the method {} needs what was trained for it", component))
        .at_key("--mapper")
        .with_hint(how_to_train(component));
  }
  return std::filesystem::is_directory(asked) ? asked / (component + ".safetensors") : asked;
}

void check_trained_for(const std::map<std::string, std::string>& facts, const std::string& thing,
                       const std::string& own_hash, const std::filesystem::path& file,
                       const std::string& component) {
  const auto found = facts.find(thing);
  if (found == facts.end() || found->second == own_hash) return;
  throw Error(ErrorCode::checkpoint, fmt::format("was trained with another {}", thing))
      .in_file(file)
      .with_hint(how_to_train(component));
}

}  // namespace vane
