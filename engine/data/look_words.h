// SPDX-License-Identifier: Apache-2.0
#pragma once
// The vocabulary of looks.

#include <string_view>
#include <vector>

#include "engine/data/looks.h"

namespace vane {

struct LookWords {
  /// Fit "a … photo".
  std::vector<std::string_view> adjectives;
  /// Fit "a photo …".
  std::vector<std::string_view> phrases;
  /// Stand alone as a caption.
  std::vector<std::string_view> alone;
  /// As `adjectives`, of one picture against another.
  std::vector<std::string_view> comparatives = {};
};
const LookWords& words_of(Look look);

/// Words that assert several looks at once: "sunny" is bright and warm.
struct BlendWords {
  std::vector<Look> looks;
  std::vector<std::string_view> adjectives;
  /// Fit "in … light"; may be none.
  std::vector<std::string_view> light;
};
const std::vector<BlendWords>& blends();

}  // namespace vane
