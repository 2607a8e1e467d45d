// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sentences that are true of a scene.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/rng.h"
#include "engine/data/captioned_source.h"
#include "generators/toybox/toy_scene.h"

namespace vane {

/// A statement that a caption makes: thing < 0 speaks of the whole scene.
struct ToyClaim {
  int thing = -1;
  ToyAttribute attribute;
};

struct ToyCaption {
  std::string text;
  /// Everything that the text says beyond which things there are; all of it holds.
  std::vector<ToyClaim> claims;
  /// The things that it names.
  std::vector<int> things;
};

/// A random true caption in one of many wordings; names every thing, and some attributes of each.
ToyCaption toy_caption(const ToyScene& scene, Rng& rng);

/// A short true caption: one thing with at most one attribute, or the light or the background.
ToyCaption toy_short_caption(const ToyScene& scene, Rng& rng);

/// One attribute as it may be asked of a picture, and the values it can have.
struct ToyQuestion {
  /// "character", "object" (a single one) or "scene".
  std::string of;
  /// "mouth", "light", …; of an object also "kind".
  std::string key;
  std::vector<std::string> values;
  /// The kind of picture (ToyWish::kind) that shows the answer best.
  std::string kind;
};
/// A text for every value, about a thing called `noun` (of scenes: meaningless), in the captions'
/// own words or, `unseen`, in a frame that no caption has.
std::vector<std::string> toy_texts(const ToyQuestion& question, const std::string& noun,
                                   bool unseen);
/// The value that the scene shows against a random other one, in one random wording of the
/// captions. Empty when toy_answer is.
Choice toy_choice(const ToyScene& scene, const ToyQuestion& question, Rng& rng);
/// What captions call a thing of this kind: "character" -> "toy person".
std::string toy_noun(std::string_view kind);
const std::vector<ToyQuestion>& toy_questions();
/// Whether the picture's frame holds what `key` tells of a character: a close-up has no clothes.
bool is_in_frame(const ToyScene& scene, std::string_view key);
/// What a model learns from the captions: word, and a caption that stands for it.
std::vector<std::pair<std::string, std::string>> toy_vocabulary();
/// The value that a picture of this scene shows, empty when the question does not apply to it or
/// the answer cannot be seen: out of the frame, hair under a hat, a mouth behind a beard, the
/// background by night, colours of a character by night or at sunset, its face against the light.
std::string toy_answer(const ToyScene& scene, const ToyQuestion& question);

/// {"kind", "seed", "light", "background", "things": [{"id", "kind", attributes…}]}
nlohmann::ordered_json toy_attributes_json(const ToyScene& scene);

}  // namespace vane
