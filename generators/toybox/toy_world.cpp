// SPDX-License-Identifier: Apache-2.0
#include "generators/toybox/toy_world.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "engine/base/error.h"
#include "generators/toybox/toy_character.h"
#include "generators/toybox/toy_objects.h"

namespace vane {
namespace {

constexpr float kPi = 3.1415927f;
constexpr double kField = 0.62;  // radians: a long lens, kind to toys

struct Backdrop {
  std::string_view name;
  uint32_t horizon, zenith;
};
constexpr Backdrop kBackdrops[] = {
    {"pink", 0xf6d3da, 0xf3bccb},   {"blue", 0xc3def2, 0x9cc6ea},   {"green", 0xcfe6cf, 0xb2d9ba},
    {"yellow", 0xf9ebbd, 0xf6dc95}, {"purple", 0xddd0ee, 0xc6b3e3}, {"white", 0xf5f2ee, 0xe9e6e4},
    {"grey", 0xb9bcc2, 0xa2a7b0},   {"orange", 0xf8d8bb, 0xf4c095},
};

// Light relative to the backdrop: key colour and strength, sky share, bounce share, backdrop share.
struct LightMood {
  std::string_view name;
  Vec3 towards;
  Vec3 key;
  float spread, sky, bounce, fill, backdrop;
  Vec3 tint, halo;
};
constexpr LightMood kMoods[] = {
    {"front",
     {-0.35f, -1, 0.95f},
     {0.95f, 0.9f, 0.82f},
     0.16f,
     0.46f,
     0.3f,
     0.1f,
     1,
     {1, 1, 1},
     {}},
    {"left",
     {-1, -0.32f, 0.6f},
     {1.15f, 1.08f, 0.97f},
     0.14f,
     0.3f,
     0.17f,
     0.03f,
     0.85f,
     {1, 1, 1},
     {}},
    {"right",
     {1, -0.32f, 0.6f},
     {1.15f, 1.08f, 0.97f},
     0.14f,
     0.3f,
     0.17f,
     0.03f,
     0.85f,
     {1, 1, 1},
     {}},
    {"top",
     {0.05f, -0.12f, 1},
     {1.2f, 1.15f, 1.05f},
     0.16f,
     0.3f,
     0.24f,
     0.05f,
     0.9f,
     {1, 1, 1},
     {}},
    {"back",
     {0.12f, 1, 0.42f},
     {1.6f, 1.5f, 1.3f},
     0.1f,
     0.13f,
     0.09f,
     0.0f,
     1.1f,
     {1, 1, 1},
     {0.9f, 0.8f, 0.6f}},
    {"sunset",
     {-1, -0.45f, 0.32f},
     {1.5f, 0.72f, 0.3f},
     0.1f,
     0.24f,
     0.18f,
     0.03f,
     0.8f,
     {1.25f, 0.72f, 0.52f},
     {0.5f, 0.25f, 0.08f}},
    {"night",
     {0.5f, -0.7f, 0.9f},
     {0.16f, 0.22f, 0.42f},
     0.12f,
     0.09f,
     0.05f,
     0.01f,
     0.14f,
     {0.5f, 0.7f, 1.3f},
     {}},
    {"soft", {-0.2f, -0.6f, 1}, {0.34f, 0.34f, 0.34f}, 0.5f, 0.78f, 0.5f, 0.06f, 1, {1, 1, 1}, {}},
};

const LightMood& mood_of(const std::string& name) {
  std::string known;
  for (const LightMood& mood : kMoods) {
    if (mood.name == name) return mood;
    known += (known.empty() ? "" : ", ") + std::string(mood.name);
  }
  throw Error(ErrorCode::usage, "no light of the toybox is called so")
      .at_key(name)
      .with_hint("choose one of " + known);
}

ToyLight light_of(const LightMood& mood, const Backdrop& backdrop) {
  ToyLight light;
  const Vec3 horizon = linear_from_hex(backdrop.horizon), zenith = linear_from_hex(backdrop.zenith);
  const Vec3 white{0.9f, 0.93f, 1.f};
  light.name = mood.name;
  light.towards = normalised(mood.towards);
  light.colour = mood.key;
  light.spread = mood.spread;
  light.sky = mix(white, zenith, 0.35f) * mood.tint * mood.sky;
  light.bounce = mix({0.8f, 0.75f, 0.7f}, horizon, 0.6f) * mood.tint * mood.bounce;
  light.fill = Vec3{0.9f, 0.95f, 1.f} * mood.fill;
  light.horizon = horizon * mood.tint * mood.backdrop;
  light.zenith = zenith * mood.tint * mood.backdrop;
  light.halo = mood.halo;
  return light;
}

std::string pick(Rng& rng, std::span<const std::string_view> words) {
  return std::string(words[rng.below(static_cast<uint32_t>(words.size()))]);
}

ToyObject random_object(Rng& rng) {
  constexpr std::string_view kPatterns[] = {"striped", "dotted", "checked"};
  ToyObject object;
  object.name = pick(rng, toy_object_names());
  object.colour = pick(rng, toy_object_colours());
  if (takes_pattern(object.name) && rng.chance(0.4f)) object.pattern = pick(rng, kPatterns);
  object.size = rng.chance(0.35f) ? "small" : "big";
  return object;
}

// Toys face the viewer unless the character looks aside; objects are seen a little from the side.
float turn_of(Rng& rng, const std::string& facing) {
  const float jitter = rng.uniform(-0.14f, 0.14f);
  return facing == "left" ? jitter - 0.62f : facing == "right" ? jitter + 0.62f : jitter;
}

void place_objects(ToyScene& scene, Rng& rng, int count, bool beside_character,
                   const std::vector<ToyAttribute>& set) {
  std::vector<ToyObject> objects;
  for (int i = 0; i < count; ++i) {
    ToyObject object = random_object(rng);
    const auto same = [&](const ToyObject& other) { return other.name == object.name; };
    while (std::any_of(objects.begin(), objects.end(), same)) object = random_object(rng);
    for (const ToyAttribute& wish : set) set_attribute(object, wish.key, wish.value);
    objects.push_back(object);
  }
  // Side by side, so that the first camera sees all of them; depth varies.
  const float slot = 1.2f;
  const float start = -0.5f * slot * static_cast<float>(count - 1);
  for (size_t i = 0; i < objects.size(); ++i) {
    ToyPlace place;
    place.at = {start + slot * static_cast<float>(i) + rng.uniform(-0.05f, 0.05f),
                count > 1 ? rng.uniform(-0.35f, 0.3f) : 0.f, 0};
    if (beside_character) {
      place.at = {0, -0.25f, 0};
      place.at.x = (i % 2 == 0 ? -1.f : 1.f) * rng.uniform(1.15f, 1.3f);
      place.scale = 0.85f;
    }
    place.turn = rng.uniform(-0.5f, 0.5f);
    add_object(scene, objects[i], place);
  }
}

/// Fills the picture with a character's head, seen from about its height.
void frame_head(ToyScene& scene, Rng& rng, const ToyWish& wish) {
  const Vec3 head = kToyHead + Vec3{rng.uniform(-0.06f, 0.06f), 0, rng.uniform(-0.02f, 0.16f)};
  float radius = rng.uniform(0.82f, 1.f);
  if (scene.framing == "close-up") radius *= 0.62f;
  const float around = rng.uniform(-0.2f, 0.2f), height = rng.uniform(-0.05f, 0.2f);
  const float distance = radius / std::tan(0.5f * static_cast<float>(kField)) + 0.4f;
  const Vec3 back{std::sin(around) * std::cos(height), -std::cos(around) * std::cos(height),
                  std::sin(height)};
  scene.camera = ToyCamera::looking(head + back * distance, head, kField, wish.width, wish.height);
}

void frame(ToyScene& scene, Rng& rng, const ToyWish& wish) {
  Vec3 low{1e9f, 1e9f, 0}, high{-1e9f, -1e9f, 0};
  for (const ToyShape& shape : scene.shapes) {
    const Vec3 c = shape.bound_centre;
    const float r = shape.bound_radius * 0.8f;
    low = {std::min(low.x, c.x - r), std::min(low.y, c.y - r), 0};
    high = {std::max(high.x, c.x + r), std::max(high.y, c.y + r), std::max(high.z, c.z + r)};
  }
  const Vec3 middle = (low + high) * 0.5f;
  const float radius = 0.5f * std::max(high.x - low.x, high.z) * rng.uniform(1.12f, 1.3f);
  const bool portrait = scene.kind == "character";
  const float around = rng.uniform(-0.22f, 0.22f);
  const float height = portrait ? rng.uniform(0.06f, 0.26f) : rng.uniform(0.2f, 0.55f);
  const float distance = radius / std::tan(0.5f * static_cast<float>(kField)) + 0.4f;
  const Vec3 back{std::sin(around) * std::cos(height), -std::cos(around) * std::cos(height),
                  std::sin(height)};
  scene.camera =
      ToyCamera::looking(middle + back * distance, middle, kField, wish.width, wish.height);
}

void set_stage(ToyScene& scene, Rng& rng, const ToyWish& wish) {
  const Backdrop& backdrop = kBackdrops[rng.below(std::size(kBackdrops))];
  constexpr std::string_view kUsual[] = {"front", "front",  "left",  "right", "top",
                                         "back",  "sunset", "night", "soft",  "soft"};
  const std::string drawn = pick(rng, kUsual);
  scene.light = light_of(mood_of(wish.light == "any" ? drawn : wish.light), backdrop);
  scene.ground.colour = linear_from_hex(backdrop.horizon) * 0.92f;
  scene.ground.second = linear_from_hex(backdrop.zenith) * 0.85f;
  scene.ground.gloss = 0.02f;
  const uint32_t pattern = rng.below(6);
  if (pattern == 0) {
    scene.ground.pattern = ToyPattern::checker;
    scene.ground.frequency = 1.3f;
  } else if (pattern == 1) {
    scene.ground.pattern = ToyPattern::wood;
    scene.ground.frequency = 0.45f;
  }
  scene.attributes = {{"light", scene.light.name}, {"background", std::string(backdrop.name)}};
}

}  // namespace

ToyLight toy_light(const std::string& name) { return light_of(mood_of(name), kBackdrops[5]); }

ToyScene make_toy_scene(uint64_t seed, uint64_t index, const ToyWish& wish) {
  // Each purpose has its own stream, so that one wish does not change what was not wished for.
  const Rng rng = Rng(seed).fork("toybox", index);
  Rng kinds = rng.fork("kind"), stage = rng.fork("stage"), camera = rng.fork("camera"),
      people = rng.fork("people"), objects = rng.fork("objects");
  ToyScene scene;
  scene.seed = seed;
  constexpr std::string_view kKinds[] = {"character", "character", "still-life", "still-life",
                                         "scene"};
  const std::string drawn = pick(kinds, kKinds);
  const bool portrait = wish.kind == "portrait" || wish.kind == "close-up";
  if (portrait) scene.framing = wish.kind;
  scene.kind = wish.kind == "any" ? drawn : portrait ? "character" : wish.kind;
  if (std::find(std::begin(kKinds), std::end(kKinds), scene.kind) == std::end(kKinds)) {
    throw Error(ErrorCode::usage, "no scene of the toybox is called so")
        .at_key(scene.kind)
        .with_hint("choose any, character, portrait, close-up, still-life or scene");
  }
  set_stage(scene, stage, wish);
  if (scene.kind != "still-life") {
    ToyCharacter character = random_character(people);
    for (const ToyAttribute& attribute : wish.set) {
      set_attribute(character, attribute.key, attribute.value);
    }
    add_character(scene, character, {{0, 0, 0}, turn_of(people, character.facing), 1});
  }
  if (scene.kind == "still-life") {
    place_objects(scene, objects, 1 + static_cast<int>(objects.below(3)), false, wish.set);
  } else if (scene.kind == "scene") {
    place_objects(scene, objects, 1 + static_cast<int>(objects.below(2)), true, {});
  }
  if (portrait) {
    frame_head(scene, camera, wish);
  } else {
    frame(scene, camera, wish);
  }
  return scene;
}

std::vector<ToyCamera> toy_orbit(const ToyScene& scene, int count) {
  Vec3 target;
  for (const ToyThing& thing : scene.things) target = target + thing.centre;
  target = target * (1.f / std::max(static_cast<float>(scene.things.size()), 1.f));
  const ToyCamera& own = scene.camera;
  const float distance = length(own.eye() - target) * 1.1f;
  constexpr float kHeights[3] = {0.18f, 0.5f, 0.85f};
  std::vector<ToyCamera> cameras;
  for (int i = 0; i < count; ++i) {
    const float around = 2 * kPi * static_cast<float>(i) / static_cast<float>(count);
    const float up = kHeights[i % 3];
    const Vec3 back{std::sin(around) * std::cos(up), -std::cos(around) * std::cos(up),
                    std::sin(up)};
    cameras.push_back(
        ToyCamera::looking(target + back * distance, target, kField, own.width, own.height));
  }
  return cameras;
}

}  // namespace vane
