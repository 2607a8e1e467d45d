// SPDX-License-Identifier: Apache-2.0
#include "generators/toybox/toybox_source.h"

#include <algorithm>

#include "engine/base/hash.h"
#include "engine/data/face_attributes.h"
#include "generators/toybox/toy_captions.h"
#include "generators/toybox/toy_tracer.h"
#include "generators/toybox/toy_world.h"

namespace vane {
namespace {

/// Longer captions would make every text of a batch as long.
constexpr size_t kLongestCaption = 100;
/// Questions asked about each picture.
constexpr size_t kChoices = 6;

Fact thing_fact(const ToyThing& thing) { return fnv1a("toy:" + thing.kind); }
Fact attribute_fact(const ToyThing& thing, std::string_view key, std::string_view value) {
  return fnv1a("toy:" + thing.kind + ":" + std::string(key) + "=" + std::string(value));
}
Fact scene_fact(std::string_view key, std::string_view value) {
  return fnv1a("toy:" + std::string(key) + "=" + std::string(value));
}

void sort_unique(std::vector<Fact>& facts) {
  std::sort(facts.begin(), facts.end());
  facts.erase(std::unique(facts.begin(), facts.end()), facts.end());
}

ToyCaption told_of(const ToyScene& scene, Rng& rng) {
  ToyCaption told;
  if (rng.chance(0.35f)) told = toy_caption(scene, rng);
  if (told.text.empty() || told.text.size() > kLongestCaption) told = toy_short_caption(scene, rng);
  return told;
}

Caption caption_of(const ToyScene& scene, const ToyCaption& told) {
  Caption caption{told.text, {}};
  for (const int thing : told.things) {
    caption.asserts.push_back(thing_fact(scene.things[static_cast<size_t>(thing)]));
  }
  for (const auto& [thing, attribute] : told.claims) {
    caption.asserts.push_back(thing < 0 ? scene_fact(attribute.key, attribute.value)
                                        : attribute_fact(scene.things[static_cast<size_t>(thing)],
                                                         attribute.key, attribute.value));
  }
  sort_unique(caption.asserts);
  return caption;
}

/// The scene with another value of one thing that the caption says, or another object where it says
/// nothing; the picture of it is never made.
ToyScene with_one_lie(ToyScene scene, const ToyCaption& told, Rng& rng) {
  const auto other_value = [&](std::string_view of, std::string_view key, std::string& value) {
    for (const ToyQuestion& question : toy_questions()) {
      if (question.of != of || question.key != key) continue;
      const std::string before = value;
      const auto n = static_cast<uint32_t>(question.values.size());
      while (value == before) value = question.values[rng.below(n)];
    }
  };
  const auto change = [&](std::vector<ToyAttribute>& attributes, std::string_view of,
                          std::string_view key) {
    for (ToyAttribute& attribute : attributes) {
      if (attribute.key == key) other_value(of, key, attribute.value);
    }
  };
  if (told.claims.empty() || (!told.things.empty() && rng.chance(0.2f))) {
    if (told.things.empty()) return scene;
    const auto place = told.things[rng.below(static_cast<uint32_t>(told.things.size()))];
    ToyThing& thing = scene.things[static_cast<size_t>(place)];
    if (thing.kind != "character") other_value("object", "kind", thing.kind);
    return scene;
  }
  const ToyClaim& claim = told.claims[rng.below(static_cast<uint32_t>(told.claims.size()))];
  if (claim.thing < 0) {
    change(scene.attributes, "scene", claim.attribute.key);
    if (claim.attribute.key == "light") scene.light.name = scene.attribute("light");
  } else {
    ToyThing& thing = scene.things[static_cast<size_t>(claim.thing)];
    change(thing.attributes, thing.kind == "character" ? "character" : "object",
           claim.attribute.key);
  }
  return scene;
}

/// How often a question is asked: what is small or has many values takes longer to learn.
uint32_t frequency(const ToyQuestion& question) {
  if (question.key == "mouth") return 6;
  if (question.key == "hair_colour") return 5;
  if (question.key == "beard") return 3;
  if (question.of == "character" && question.key.ends_with("colour")) return 3;
  return question.key == "pattern" || question.key == "pose" || question.key == "hair" ? 2 : 1;
}

const ToyQuestion& any_question(Rng& rng) {
  const std::vector<ToyQuestion>& all = toy_questions();
  uint32_t total = 0;
  for (const ToyQuestion& question : all) total += frequency(question);
  uint32_t drawn = rng.below(total);
  for (const ToyQuestion& question : all) {
    if (drawn < frequency(question)) return question;
    drawn -= frequency(question);
  }
  return all.back();
}

/// A question about the first thing that has more than one answer for this scene.
const ToyQuestion& random_question(const ToyScene& scene, Rng& rng) {
  const std::string of = scene.things.front().kind == "character" ? "character" : "object";
  for (;;) {
    const ToyQuestion& question = any_question(rng);
    if (question.of == of && question.key != "kind") return question;
  }
}

}  // namespace

std::vector<Fact> toy_facts(const ToyScene& scene) {
  std::vector<Fact> facts;
  for (const ToyThing& thing : scene.things) {
    facts.push_back(thing_fact(thing));
    // Cut-outs of the same kind are captioned by the plain noun.
    const std::string article =
        std::string_view("aeiou").find(thing.kind.front()) == std::string_view::npos ? "a " : "an ";
    facts.push_back(subject_fact(article + thing.kind));
    for (const auto& [key, value] : thing.attributes) {
      facts.push_back(attribute_fact(thing, key, value));
    }
    if (thing.kind != "character") continue;
    // What is said of portraits is not false of a toy that shows it.
    for (const char* name : {"a person", "a face", "a portrait"}) {
      facts.push_back(subject_fact(name));
    }
    const auto mouth = thing.attribute("mouth"), facing = thing.attribute("facing");
    facts.push_back(face_fact(FaceAttribute::smile, mouth == "smile"));
    facts.push_back(face_fact(FaceAttribute::open_mouth, mouth == "open"));
    facts.push_back(face_fact(FaceAttribute::head_turned, facing != "forward"));
    if (facing != "forward")
      facts.push_back(face_fact(FaceAttribute::turned_left, facing == "left"));
    const auto hair = thing.attribute("hair_colour");
    if (hair == "black" || hair == "brown")
      facts.push_back(face_fact(FaceAttribute::dark_hair, true));
    if (hair == "blond" || hair == "white" || hair == "grey") {
      facts.push_back(face_fact(FaceAttribute::dark_hair, false));
    }
  }
  for (const auto& [key, value] : scene.attributes) facts.push_back(scene_fact(key, value));
  sort_unique(facts);
  return facts;
}

ToyScene ToyboxSource::scene(uint64_t index, const std::string& kind,
                             const std::vector<ToyAttribute>& set, const std::string& light) const {
  ToyWish wish;
  wish.kind = kind;
  wish.light = light;
  wish.width = wish.height = config_.size;
  wish.set = set;
  return make_toy_scene(config_.seed + (config_.held_out ? 0x9e3779b9u : 0), index, wish);
}

std::vector<uint8_t> ToyboxSource::picture(const ToyScene& scene) const {
  QuietJob job;
  return render_toybox(scene, {}, job).rgb;
}

CaptionedPicture ToyboxSource::sample(uint64_t index) const {
  const uint64_t group = index / static_cast<uint64_t>(config_.group);
  const Rng root = Rng(config_.seed).fork(config_.held_out ? "toybox held out" : "toybox source");
  Rng shared = root.fork("group", group), own = root.fork("sample", index);
  // A quarter of the groups are unrelated scenes; else the first of the group is varied.
  const float relation = shared.uniform();
  const uint64_t first = group * static_cast<uint64_t>(config_.group);
  // Faces fill many pictures of characters: at this size a mouth is small.
  const auto kind_of = [&](uint64_t i) {
    const float near = root.fork("close", i).uniform();
    const char* kind = near < 0.4f ? "close-up" : near < 0.75f ? "portrait" : "any";
    return scene(i).kind == "character" ? kind : "any";
  };
  ToyScene made;
  if (relation < 0.25f) {
    made = scene(index, kind_of(index));
  } else if (relation < 0.5f) {
    static constexpr const char* kLights[] = {"front", "left",   "right", "top",
                                              "back",  "sunset", "night", "soft"};
    made = scene(first, kind_of(first), {}, kLights[own.below(std::size(kLights))]);
  } else {
    const ToyQuestion& question = random_question(scene(first), shared);
    const auto values = static_cast<uint32_t>(question.values.size());
    std::vector<ToyAttribute> set{{question.key, question.values[own.below(values)]}};
    // What would hide the answer goes away in the whole group.
    if (question.key == "hat_colour") set.push_back({"hat", "cap"});
    if (question.key == "hair") set.push_back({"hat", "none"});
    // Under a hat only long hair shows.
    if (question.key == "hair_colour" && shared.chance(0.6f)) set.push_back({"hair", "long"});
    if (question.key == "mouth") {
      set.push_back({"beard", "none"});
      if (shared.chance(0.4f)) set.push_back({"facing", "forward"});
    }
    const bool person = question.of == "character";
    // An answer that the light hides teaches nothing.
    static constexpr const char* kClearLights[] = {"front", "left", "right", "top", "soft"};
    const char* light = person ? kClearLights[shared.below(std::size(kClearLights))] : "any";
    made = scene(first, person ? question.kind : kind_of(first), set, light);
  }
  CaptionedPicture out;
  out.size = config_.size;
  out.rgb = picture(made);
  Rng again = own;
  const ToyCaption told = told_of(made, own);
  out.caption = caption_of(made, told);
  out.facts = toy_facts(made);
  // The same words but for one.
  const ToyScene lie = with_one_lie(made, told, own);
  const Caption foil = caption_of(lie, told_of(lie, again));
  if (!holds(foil.asserts, out.facts)) out.foil = foil;
  for (int attempt = 0; attempt < 24 && out.choices.size() < kChoices; ++attempt) {
    const Choice choice = toy_choice(made, any_question(own), own);
    if (!choice.right.empty() && choice.right != choice.wrong) out.choices.push_back(choice);
  }
  return out;
}

std::vector<Caption> ToyboxSource::other_captions(uint64_t index, int count) const {
  Rng rng = Rng(config_.seed).fork("toybox captions", index);
  std::vector<Caption> captions;
  for (int i = 0; i < count; ++i) {
    const ToyScene unseen = scene((uint64_t{1} << 40) + rng.next_u32());
    captions.push_back(caption_of(unseen, told_of(unseen, rng)));
  }
  return captions;
}

std::string ToyboxSource::description() const { return "the toybox"; }

}  // namespace vane
