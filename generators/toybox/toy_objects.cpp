// SPDX-License-Identifier: Apache-2.0
#include "generators/toybox/toy_objects.h"

#include <algorithm>
#include <array>

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr float kPi = 3.1415927f;

// Colours that several objects share; `main` is the named one.
struct Palette {
  uint16_t main, dark, metal, cream, wood, leaf, black, glass;
};

Mat3 upright() { return rotation_x(kPi / 2); }

void ball(ToyBuilder& b, const Palette&) { b.ball({0, 0, 0.45f}, 0.45f); }

void cube(ToyBuilder& b, const Palette&) { b.box({0, 0, 0.38f}, {0.38f, 0.38f, 0.38f}, 0.05f); }

void cylinder(ToyBuilder& b, const Palette&) {
  b.frustum({0, 0, 0.45f}, 0.33f, 0.33f, 0.45f, 0.05f);
}

void cone(ToyBuilder& b, const Palette&) { b.frustum({0, 0, 0.5f}, 0.42f, 0.06f, 0.5f, 0.045f); }

void ring(ToyBuilder& b, const Palette&) {
  b.torus({0, 0, 0.46f}, 0.32f, 0.14f, rotation_x(kPi / 2 - 0.12f));
}

void mug(ToyBuilder& b, const Palette& p) {
  b.torus({0.36f, 0, 0.4f}, 0.19f, 0.05f, upright());
  ToyShape& cup = b.frustum({0, 0, 0.41f}, 0.33f, 0.36f, 0.41f, 0.04f);
  cup.shell = 0.05f;
  cup.has_cut = true;
  cup.cut = 0.36f;
  b.use(p.wood, ToyPart::detail);
  b.frustum({0, 0, 0.62f}, 0.3f, 0.3f, 0.02f, 0.005f);
}

void teapot(ToyBuilder& b, const Palette& p) {
  b.ellipsoid({0, 0, 0.36f}, {0.44f, 0.44f, 0.36f});
  b.frustum({0, 0, 0.04f}, 0.26f, 0.24f, 0.04f, 0.02f);
  b.blob({{{0.3f, 0, 0.28f}, {0.52f, 0, 0.4f}, 0.13f, 0.075f},
          {{0.52f, 0, 0.4f}, {0.66f, 0, 0.64f}, 0.075f, 0.05f}},
         0.08f);
  b.torus({-0.42f, 0, 0.4f}, 0.2f, 0.045f, upright() * rotation_z(kPi / 2), 2.2f);
  ToyShape& lid = b.ellipsoid({0, 0, 0.62f}, {0.25f, 0.25f, 0.13f});
  lid.has_cut = true;
  lid.cut_normal = {0, 0, -1};
  lid.cut = 0;
  b.torus({0, 0, 0.635f}, 0.25f, 0.025f);
  b.use(p.cream, ToyPart::detail);
  b.ball({0, 0, 0.79f}, 0.065f);
}

void apple(ToyBuilder& b, const Palette& p) {
  b.torus({0, 0, 0.36f}, 0.13f, 0.32f).size.z = kPi;
  b.limb({0, 0, 0.3f}, {0, 0, 0.16f}, 0.24f, 0.15f);
  b.use(p.wood, ToyPart::detail);
  b.limb({0, 0, 0.58f}, {0.05f, 0, 0.82f}, 0.025f, 0.032f);
  b.use(p.leaf, ToyPart::detail);
  b.ellipsoid({0.17f, 0, 0.79f}, {0.15f, 0.07f, 0.025f}, rotation_y(-0.35f));
}

void pear(ToyBuilder& b, const Palette& p) {
  b.blob({{{0, 0, 0.34f}, {0, 0, 0.34f}, 0.34f, 0.34f},
          {{0, 0, 0.6f}, {0.02f, 0, 0.78f}, 0.19f, 0.14f}},
         0.22f);
  b.use(p.wood, ToyPart::detail);
  b.limb({0.02f, 0, 0.86f}, {0.08f, 0, 1.04f}, 0.022f, 0.03f);
  b.use(p.leaf, ToyPart::detail);
  b.ellipsoid({0.18f, 0, 1.0f}, {0.13f, 0.06f, 0.022f}, rotation_y(-0.4f));
}

void book(ToyBuilder& b, const Palette& p) {
  b.box({0, 0, 0.03f}, {0.5f, 0.37f, 0.03f}, 0.02f);
  b.box({0, 0, 0.23f}, {0.5f, 0.37f, 0.03f}, 0.02f);
  b.box({-0.47f, 0, 0.13f}, {0.035f, 0.37f, 0.125f}, 0.03f);
  b.use(p.cream, ToyPart::detail);
  b.box({0.01f, 0, 0.13f}, {0.46f, 0.345f, 0.09f}, 0.01f);
  b.box({0.03f, -0.02f, 0.262f}, {0.26f, 0.06f, 0.006f}, 0.004f);
}

void car(ToyBuilder& b, const Palette& p) {
  b.box({0, 0, 0.3f}, {0.6f, 0.28f, 0.14f}, 0.1f);
  b.box({-0.06f, 0, 0.5f}, {0.33f, 0.24f, 0.17f}, 0.11f);
  b.use(p.glass, ToyPart::detail);
  b.box({-0.06f, 0, 0.52f}, {0.25f, 0.25f, 0.085f}, 0.05f);
  b.box({-0.06f, 0, 0.52f}, {0.34f, 0.17f, 0.085f}, 0.05f);
  for (const float x : {-0.34f, 0.34f}) {
    for (const float y : {-0.27f, 0.27f}) {
      b.use(p.black, ToyPart::detail);
      b.frustum({x, y, 0.16f}, 0.16f, 0.16f, 0.065f, 0.04f, upright());
      b.use(p.metal, ToyPart::detail);
      b.frustum({x, y * 1.2f, 0.16f}, 0.075f, 0.075f, 0.02f, 0.01f, upright());
    }
  }
  b.use(p.cream, ToyPart::detail);
  for (const float y : {-0.17f, 0.17f}) b.ball({0.58f, y, 0.32f}, 0.06f);
}

void lamp(ToyBuilder& b, const Palette& p) {
  ToyShape& shade = b.frustum({0, 0, 0.86f}, 0.4f, 0.22f, 0.24f, 0.015f);
  shade.shell = 0.03f;
  shade.has_cut = true;
  shade.cut_normal = {0, 0, -1};
  shade.cut = 0.21f;
  b.use(p.metal, ToyPart::detail);
  b.frustum({0, 0, 0.04f}, 0.27f, 0.24f, 0.04f, 0.02f);
  b.limb({0, 0, 0.06f}, {0, 0, 0.8f}, 0.035f, 0.03f);
}

void vase(ToyBuilder& b, const Palette& p) {
  ToyShape& pot = b.blob({{{0, 0, 0.3f}, {0, 0, 0.36f}, 0.29f, 0.29f},
                          {{0, 0, 0.5f}, {0, 0, 0.78f}, 0.13f, 0.12f},
                          {{0, 0, 0.86f}, {0, 0, 0.9f}, 0.19f, 0.2f}},
                         0.18f);
  pot.shell = 0.04f;
  pot.has_cut = true;
  pot.cut = 0.88f;
  b.frustum({0, 0, 0.03f}, 0.2f, 0.2f, 0.03f, 0.02f);
  b.use(p.dark, ToyPart::detail);
  b.frustum({0, 0, 0.72f}, 0.1f, 0.1f, 0.02f, 0.01f);
}

void chair(ToyBuilder& b, const Palette&) {
  b.box({0, 0, 0.46f}, {0.33f, 0.32f, 0.05f}, 0.04f);
  for (const float x : {-0.26f, 0.26f}) {
    b.limb({x, -0.25f, 0.43f}, {x * 1.15f, -0.29f, 0.03f}, 0.045f, 0.035f);
    b.limb({x, 0.25f, 0.43f}, {x * 1.15f, 0.3f, 0.03f}, 0.045f, 0.035f);
    b.limb({x, 0.27f, 0.46f}, {x * 1.05f, 0.34f, 1.1f}, 0.042f, 0.042f);
  }
  b.box({0, 0.325f, 1.0f}, {0.3f, 0.035f, 0.13f}, 0.03f, rotation_x(-0.1f));
  b.box({0, 0.3f, 0.72f}, {0.28f, 0.028f, 0.06f}, 0.025f, rotation_x(-0.1f));
}

void mushroom(ToyBuilder& b, const Palette& p) {
  ToyShape& cap = b.ellipsoid({0, 0, 0.44f}, {0.46f, 0.46f, 0.4f});
  cap.has_cut = true;
  cap.cut_normal = {0, 0, -1};
  cap.cut = 0.04f;
  b.use(p.cream, ToyPart::detail);
  b.limb({0, 0, 0.15f}, {0, 0, 0.5f}, 0.19f, 0.13f);
  for (int i = 0; i < 7; ++i) {
    const float a = 2.399963f * static_cast<float>(i), z = 0.93f - 0.11f * static_cast<float>(i);
    const float r = std::sqrt(1 - z * z);
    const Vec3 n{r * std::cos(a), r * std::sin(a), z};
    b.ball(Vec3{0, 0, 0.44f} + n * Vec3{0.435f, 0.435f, 0.375f}, 0.075f);
  }
}

void duck(ToyBuilder& b, const Palette& p) {
  b.blob({{{0.06f, 0, 0.3f}, {0.06f, 0, 0.3f}, 0.3f, 0.3f},
          {{-0.16f, 0, 0.3f}, {-0.42f, 0, 0.46f}, 0.24f, 0.06f},
          {{0.24f, 0, 0.72f}, {0.24f, 0, 0.72f}, 0.23f, 0.23f}},
         0.12f);
  for (const float y : {-0.27f, 0.27f}) {
    b.ellipsoid({-0.06f, y, 0.34f}, {0.2f, 0.06f, 0.12f}, rotation_y(0.3f));
    b.use(p.black, ToyPart::eye);
    b.ellipsoid({0.38f, y * 0.52f, 0.79f}, {0.04f, 0.04f, 0.05f});
    b.use(p.main, ToyPart::body);
  }
  b.use(p.wood, ToyPart::detail);
  b.ellipsoid({0.5f, 0, 0.69f}, {0.13f, 0.12f, 0.05f}, rotation_y(0.1f));
}

void cactus(ToyBuilder& b, const Palette& p) {
  b.frustum({0, 0, 0.19f}, 0.22f, 0.3f, 0.19f, 0.03f);
  b.frustum({0, 0, 0.37f}, 0.33f, 0.33f, 0.05f, 0.03f);
  b.use(p.leaf, ToyPart::detail);
  b.blob({{{0, 0, 0.4f}, {0, 0, 0.98f}, 0.17f, 0.15f},
          {{0.1f, 0, 0.6f}, {0.33f, 0, 0.66f}, 0.08f, 0.09f},
          {{0.33f, 0, 0.66f}, {0.35f, 0, 0.88f}, 0.09f, 0.08f},
          {{-0.1f, 0, 0.7f}, {-0.3f, 0, 0.76f}, 0.08f, 0.085f},
          {{-0.3f, 0, 0.76f}, {-0.32f, 0, 0.94f}, 0.085f, 0.075f}},
         0.05f);
}

struct Entry {
  std::string_view name;
  void (*build)(ToyBuilder&, const Palette&);
  bool patterned;
  float gloss;
};
constexpr Entry kObjects[] = {
    {"apple", apple, false, 0.6f},       {"ball", ball, true, 0.5f},
    {"book", book, false, 0.2f},         {"cactus", cactus, true, 0.15f},
    {"car", car, false, 0.8f},           {"chair", chair, false, 0.25f},
    {"cone", cone, true, 0.3f},          {"cube", cube, true, 0.3f},
    {"cylinder", cylinder, true, 0.3f},  {"duck", duck, false, 0.6f},
    {"lamp", lamp, true, 0.1f},          {"mug", mug, true, 0.6f},
    {"mushroom", mushroom, false, 0.3f}, {"pear", pear, false, 0.4f},
    {"ring", ring, false, 0.6f},         {"teapot", teapot, true, 0.8f},
    {"vase", vase, true, 0.7f},
};

const Entry& entry_of(std::string_view name) {
  for (const Entry& entry : kObjects) {
    if (entry.name == name) return entry;
  }
  throw Error(ErrorCode::usage, "no object of the toybox is called so").at_key(std::string(name));
}

Palette palette_of(ToyBuilder& b, const ToyObject& object, const Entry& entry) {
  Palette p{};
  ToyMaterial main;
  main.colour = toy_colour(object.colour);
  main.second = toy_colour(object.colour == "white" ? "grey" : "white");
  main.gloss = entry.gloss;
  main.pattern = object.pattern == "striped"   ? ToyPattern::stripes
                 : object.pattern == "dotted"  ? ToyPattern::dots
                 : object.pattern == "checked" ? ToyPattern::checker
                                               : ToyPattern::plain;
  main.frequency = object.pattern == "striped" ? 6.5f : object.pattern == "dotted" ? 5.f : 4.f;
  if (entry.name == "lamp") main.glow = 0.3f;
  p.main = b.material(main);
  p.dark = b.material(linear_from_hex(0x2c2622), 0.1f);
  p.metal = b.material(linear_from_hex(0xc9b48a), 0.9f);
  p.cream = b.material(toy_colour("cream"), 0.2f);
  p.wood = b.material(linear_from_hex(entry.name == "duck" ? 0xf08a24 : 0x6b4226), 0.3f);
  p.leaf = b.material(linear_from_hex(0x5ba84c), 0.2f);
  p.black = b.material(linear_from_hex(0x26262b), 0.5f);
  p.glass = b.material(linear_from_hex(0x2b3f55), 1.f);
  return p;
}

}  // namespace

std::span<const std::string_view> toy_object_names() {
  static constexpr auto names = [] {
    std::array<std::string_view, std::size(kObjects)> out{};
    for (size_t i = 0; i < out.size(); ++i) out[i] = kObjects[i].name;
    return out;
  }();
  return names;
}

std::span<const std::string_view> toy_object_colours() {
  static constexpr std::string_view kColours[] = {"red",    "orange", "yellow", "green", "blue",
                                                  "purple", "pink",   "brown",  "white", "black"};
  return kColours;
}

void set_attribute(ToyObject& object, std::string_view key, const std::string& value) {
  if (key == "colour") {
    object.colour = value;
  } else if (key == "size") {
    object.size = value;
  } else if (key == "pattern") {
    if (takes_pattern(object.name)) object.pattern = value;
  } else {
    throw Error(ErrorCode::usage, "a toy object has no attribute of this name")
        .at_key(std::string(key));
  }
}

bool takes_pattern(std::string_view object) { return entry_of(object).patterned; }

void add_object(ToyScene& scene, const ToyObject& object, const ToyPlace& place) {
  const Entry& entry = entry_of(object.name);
  ToyPlace scaled = place;
  if (object.size == "small") scaled.scale *= 0.6f;
  ToyBuilder b(scene, object.name, scaled);
  const Palette palette = palette_of(b, object, entry);
  b.use(palette.main, ToyPart::body);
  entry.build(b, palette);
  b.attribute("colour", object.colour);
  b.attribute("pattern", object.pattern);
  b.attribute("size", object.size);
  b.finish();
}

}  // namespace vane
