// SPDX-License-Identifier: Apache-2.0
#pragma once
// One edit of a photograph or a scene: what it does, how strongly, where, and whether at all.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "editing/services/query.h"
#include "engine/config/fields.h"

namespace vane {

/// Light where it is missing: `vane enhance`.
struct EnhanceParameters {
  std::string method;
  bool auto_strength = true;
  int64_t refine = 0;

  template <class V>
  static void fields(V& v) {
    using C = EnhanceParameters;
    v.field("method", &C::method, "what brightens; vane where nothing is chosen",
            {.choices = {"", "vane", "rave", "clip-lit", "gamma", "auto-gamma", "equalise", "clahe",
                         "msr", "lime", "exposure-fusion"}});
    v.field("auto-strength", &C::auto_strength,
            "let the method vane judge how much light each photograph needs");
    v.field("refine", &C::refine, "steps that the method vane spends on this photograph alone",
            {.min = 0, .max = 1000});
  }
};

/// Settings of the photograph moved along a phrase: `vane edit`.
struct DevelopParameters {
  std::string to, from;
  std::filesystem::path like, unlike, direction;
  int64_t steps = 120;
  uint64_t seed = 0;

  template <class V>
  static void fields(V& v) {
    using C = DevelopParameters;
    v.field("to", &C::to, "what the picture should become", {.placeholder = "TEXT"});
    v.field("from", &C::from, "what it is now; a plain photograph by default",
            {.placeholder = "TEXT"});
    v.field("like", &C::like, "move towards the look of this picture", {.placeholder = "IMAGE"});
    v.field("unlike", &C::unlike, "and away from the look of this one", {.placeholder = "IMAGE"});
    v.field("direction", &C::direction, "a saved direction (vane direction … -o)",
            {.placeholder = "FILE"});
    v.field("steps", &C::steps, "optimisation steps at most", {.min = 1, .max = 1000});
    v.field("seed", &C::seed, "random seed");
  }
};

/// A face of the photograph moved along a phrase: `vane edit --generator faces`.
struct FaceParameters {
  std::string to, from = "a person", face = "largest";
  std::filesystem::path direction, toward;
  std::string rows;
  double gain = 2, least_identity = 0.6;
  uint64_t seed = 0;

  template <class V>
  static void fields(V& v) {
    using C = FaceParameters;
    v.field("to", &C::to, "what the person should become", {.placeholder = "TEXT"});
    v.field("from", &C::from, "what the person is now", {.placeholder = "TEXT"});
    v.field("direction", &C::direction, "a saved direction (vane direction … -o)",
            {.placeholder = "FILE"});
    v.field("toward", &C::toward,
            "another person's photograph: go towards that face instead of a phrase",
            {.placeholder = "PHOTO"});
    v.field("rows", &C::rows,
            "take over only these levels of it, coarse to fine, from 0: pose first, colours last",
            {.placeholder = "A-B"});
    v.field("face", &C::face, "which face is edited; 1 or largest: the largest",
            {.placeholder = "N"});
    v.field("gain", &C::gain, "how far full strength goes", {.min = 0.1, .max = 20});
    v.field("least-identity", &C::least_identity,
            "go no further than where so much of who it is is left", {.min = 0, .max = 1});
    v.field("seed", &C::seed, "random seed");
  }
};

/// Where something is, for the masks of other edits: `vane segment`.
struct MaskParameters {
  std::string text;
  std::vector<std::string> negative;
  double threshold = 0;
  bool hard = false;

  template <class V>
  static void fields(V& v) {
    using C = MaskParameters;
    v.field("text", &C::text, "what to look for; \"sky; clouds\" are one thing",
            {.placeholder = "TEXT"});
    v.field("negative", &C::negative, "what else is there: the background",
            {.placeholder = "TEXT"});
    v.field("threshold", &C::threshold, "less likely places are left out", {.min = 0, .max = 1});
    v.field("hard", &C::hard, "all or nothing instead of a soft edge");
  }
};

/// A thing in a scene of Gaussians, and what becomes of it: `vane query`.
struct SceneParameters {
  std::string text;
  std::vector<std::string> negative;
  /// show: what is found is only pointed at.
  std::string action = "show", colour = "blue", level;
  double threshold = QueryRequest{}.threshold;
  bool contrast = true;

  template <class V>
  static void fields(V& v) {
    using C = SceneParameters;
    v.field("text", &C::text, "what to look for", {.placeholder = "TEXT"});
    v.field("negative", &C::negative, "what it is not: it must beat these too",
            {.placeholder = "TEXT"});
    v.field("action", &C::action, "what becomes of it",
            {.choices = {"show", "isolate", "delete", "recolour"}});
    v.field("colour", &C::colour, "of recolour: #rrggbb or a name", {.placeholder = "#RRGGBB"});
    v.field("level", &C::level,
            "s: parts, m: things, l: groups; the one that fits best where nothing is chosen",
            {.choices = {"", "s", "m", "l"}});
    v.field("threshold", &C::threshold, "a thing with less relevancy is not there",
            {.min = 0, .max = 1});
    v.field("contrast", &C::contrast,
            "let the text compete with the words that the model knows, too");
  }
};

enum class EditKind { enhance, develop, face, mask, scene };

/// "enhance", "develop", "face", "mask", "scene".
std::string_view edit_kind_name(EditKind kind);
/// Throws Error{config} for another word.
EditKind edit_kind(std::string_view name);

/// The version of each kind that is written now. A file of a newer one is refused.
inline constexpr int64_t kEditVersion = 1;

struct Edit {
  int64_t id = 0;
  EditKind kind = EditKind::develop;
  int64_t version = kEditVersion;
  bool enabled = true;
  /// 0 changes nothing, 1 is what was asked for. Has no meaning for masks and scenes.
  double strength = 1;
  /// Empty: everywhere; a phrase; a picture file; "#3": the mask edit of that number.
  std::string mask;
  /// What a search found, in the document's folder: settings, a recipe, a mask. Empty: not yet.
  std::filesystem::path found;

  EnhanceParameters enhance;
  DevelopParameters develop;
  FaceParameters face;
  MaskParameters region;
  SceneParameters scene;
};

/// What a kind accepts as strength; the window's slider.
struct StrengthRange {
  double least = 0, most = 2;
};
StrengthRange strength_range(EditKind kind);

/// Kinds of photographs that have to be searched for once before they show anything.
bool needs_search(EditKind kind);
/// One line for a person: "Develop: warm light".
std::string edit_title(const Edit& edit);
/// The phrase of a kind that has one; empty otherwise.
std::string edit_phrase(const Edit& edit);

}  // namespace vane
