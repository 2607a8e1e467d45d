// SPDX-License-Identifier: Apache-2.0
#pragma once
// The words that the captions of a procedural source are made of.

#include <string>
#include <utility>
#include <vector>

#include "engine/data/photo_library.h"

namespace vane {

/// A word a line with the caption that stands for it after a tab ("bright\ta bright photo"),
/// sorted: adjectives of looks, what the photographs show, the cut-out things and their kinds, and
/// `more` words with their captions. A
/// model that saw only these captions knows no other word, so they are what its directions are
/// explained by.
std::string training_vocabulary(const PhotoLibrary& library,
                                const std::vector<std::pair<std::string, std::string>>& more = {});

}  // namespace vane
