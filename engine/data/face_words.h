// SPDX-License-Identifier: Apache-2.0
#pragma once
// The vocabulary of faces.

#include <string_view>
#include <vector>

#include "engine/data/face_attributes.h"

namespace vane {

struct FaceWords {
  /// Fit "a … person"; may be empty.
  std::vector<std::string_view> adjectives;
  /// Fit "a person …"; empty: this answer is never spoken of.
  std::vector<std::string_view> phrases;
};
const FaceWords& words_of(FaceAttribute attribute, bool value);

}  // namespace vane
