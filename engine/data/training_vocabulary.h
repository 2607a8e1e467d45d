// SPDX-License-Identifier: Apache-2.0
#pragma once
// The words that the captions of a procedural source are made of.

#include <string>
#include <vector>

#include "engine/data/photo_library.h"

namespace vane {

/// A word, the caption that stands for it, and what it tells of.
struct TaughtWord {
  std::string word, caption, kind;
};

/// A word a line with its caption and its kind after tabs ("bright\ta bright photo\tlook"), sorted:
/// adjectives of looks; what three photographs or more show ("place"); what fewer show, and the
/// cut-outs and their kinds ("thing"); and `more`. A model that saw only these captions knows no
/// other word, so they are what its directions are explained by.
std::string training_vocabulary(const PhotoLibrary& library,
                                const std::vector<TaughtWord>& more = {});

}  // namespace vane
