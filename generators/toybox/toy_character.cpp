// SPDX-License-Identifier: Apache-2.0
#include "generators/toybox/toy_character.h"

#include <span>
#include <utility>
#include <vector>

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr float kPi = 3.1415927f;
constexpr Vec3 kHead = kToyHead;
constexpr Vec3 kHeadRadii{0.46f, 0.42f, 0.44f};

std::string pick(Rng& rng, std::span<const char* const> words) {
  return words[rng.below(static_cast<uint32_t>(words.size()))];
}

// The face's surface at (x, z), a little outside of it.
Vec3 on_face(float x, float z, float lift) {
  const float u = x / kHeadRadii.x, v = (z - kHead.z) / kHeadRadii.z;
  const float y = kHeadRadii.y * std::sqrt(std::max(1.f - u * u - v * v, 0.f));
  return {x, -y - lift, z};
}

// A ring or arc lies in the xy plane; this stands it up to face the viewer.
Mat3 upright() { return rotation_x(kPi / 2); }

struct Paint {
  uint16_t skin, hair, clothes, legs, shoes, eye, shine, mouth, teeth, tongue, blush, glasses, lens,
      hat, band;
};

Paint paint_of(ToyBuilder& b, const ToyCharacter& c) {
  Paint p{};
  const Vec3 skin = toy_colour(c.skin);
  ToyMaterial flesh;
  flesh.colour = flesh.second = skin;
  flesh.gloss = 0.12f;
  flesh.soft = 0.8f;
  p.skin = b.material(flesh);
  flesh.colour = flesh.second = mix(skin, skin * Vec3{1.05f, 0.5f, 0.48f}, 0.7f);
  p.blush = b.material(flesh);
  p.hair = b.material(toy_colour(c.hair_colour), 0.3f);
  ToyMaterial cloth;
  cloth.colour = toy_colour(c.clothes_colour);
  cloth.second = toy_colour(c.clothes_colour == "white" ? "grey" : "white");
  cloth.gloss = 0.05f;
  cloth.soft = 0.3f;
  cloth.pattern = c.clothes_pattern == "striped"  ? ToyPattern::stripes
                  : c.clothes_pattern == "dotted" ? ToyPattern::dots
                                                  : ToyPattern::plain;
  cloth.frequency = c.clothes_pattern == "dotted" ? 6.5f : 12.f;
  p.clothes = b.material(cloth);
  p.legs = b.material(linear_from_hex(0x4d5a78), 0.05f);
  p.shoes = b.material(linear_from_hex(0x5a4038), 0.5f);
  p.eye = b.material(linear_from_hex(0x251d1d), 0.9f);
  ToyMaterial shine;
  shine.colour = {0.9f, 0.9f, 0.9f};
  shine.glow = 0.35f;
  p.shine = b.material(shine);
  // A mood is told by shape and teeth; lips are a little redder than the skin, whichever it is.
  p.mouth = b.material(linear_from_hex(c.skin == "dark" || c.skin == "brown" ? 0x8a3f37 : 0x7a2328),
                       0.2f);
  p.teeth = b.material(linear_from_hex(0xf4efe6), 0.4f);
  p.tongue = b.material(linear_from_hex(0xe26d6d), 0.3f);
  p.glasses = b.material(linear_from_hex(c.glasses == "sunglasses" ? 0x1c1c20 : 0x3a2a2a), 0.7f);
  p.lens = b.material(linear_from_hex(0x17171d), 1.f);
  p.hat = b.material(toy_colour(c.hat_colour), 0.12f);
  p.band = b.material(toy_colour(c.hat_colour == "black" ? "red" : "cream"), 0.1f);
  return p;
}

void add_body(ToyBuilder& b, const ToyCharacter& c, const Paint& p) {
  b.use(p.clothes, ToyPart::clothes);
  b.blob({{{0, 0, 0.42f}, {0, 0, 0.74f}, 0.29f, 0.2f}}, 0.1f);
  b.limb({-0.2f, 0, 0.76f}, {-0.36f, -0.03f, 0.52f}, 0.085f, 0.09f);
  const Vec3 elbow = c.pose == "waving" ? Vec3{0.47f, -0.04f, 0.8f} : Vec3{0.36f, -0.03f, 0.52f};
  b.limb({0.2f, 0, 0.74f}, elbow, 0.085f, 0.09f);
  b.use(p.skin, ToyPart::skin);
  b.ball({-0.39f, -0.05f, 0.42f}, 0.085f);
  if (c.pose == "waving") {
    b.limb({0.5f, -0.05f, 0.86f}, {0.58f, -0.07f, 0.99f}, 0.06f, 0.06f);
    b.ball({0.6f, -0.08f, 1.05f}, 0.09f);
  } else {
    b.ball({0.39f, -0.05f, 0.42f}, 0.085f);
  }
  for (const float side : {-1.f, 1.f}) {
    b.use(p.legs, ToyPart::clothes);
    b.limb({side * 0.13f, 0, 0.36f}, {side * 0.14f, 0, 0.12f}, 0.12f, 0.1f);
    b.use(p.shoes, ToyPart::shoes);
    b.ellipsoid({side * 0.15f, -0.05f, 0.075f}, {0.115f, 0.17f, 0.075f});
  }
}

/// A line on the face from -width to width that bends up by `bend` at its ends.
void add_line(ToyBuilder& b, float width, float z, float bend, float lift, float thickness) {
  constexpr int kParts = 10;
  const auto at = [&](int i) {
    const float share = 2.f * static_cast<float>(i) / kParts - 1;
    return on_face(share * width, z + bend * share * share, lift);
  };
  std::vector<RoundCone> parts;
  for (int i = 0; i < kParts; ++i) parts.push_back({at(i), at(i + 1), thickness, thickness});
  b.blob(parts, 0.01f);
}

void add_mouth(ToyBuilder& b, const ToyCharacter& c, const Paint& p) {
  b.use(p.mouth, ToyPart::mouth);
  constexpr float kZ = 1.13f;
  if (c.mouth == "open") {
    b.ellipsoid(on_face(0, kZ - 0.01f, -0.02f), {0.12f, 0.045f, 0.135f}, rotation_x(0.4f));
    b.use(p.tongue, ToyPart::mouth);
    b.ellipsoid(on_face(0, kZ - 0.075f, 0.004f), {0.08f, 0.035f, 0.05f}, rotation_x(0.5f));
  } else if (c.mouth == "smile") {
    add_line(b, 0.19f, kZ - 0.05f, 0.1f, -0.008f, 0.026f);
    b.use(p.teeth, ToyPart::mouth);
    add_line(b, 0.15f, kZ - 0.02f, 0.065f, -0.002f, 0.027f);
  } else {
    add_line(b, c.mouth == "frown" ? 0.17f : 0.11f, kZ, c.mouth == "frown" ? -0.1f : 0.f, 0.f,
             0.024f);
  }
}

void add_face(ToyBuilder& b, const ToyCharacter& c, const Paint& p) {
  b.use(p.skin, ToyPart::skin);
  b.ellipsoid(kHead, kHeadRadii);
  b.limb({0, 0, 0.8f}, {0, 0, 0.95f}, 0.12f, 0.12f);
  b.ellipsoid(on_face(0, 1.25f, 0.015f), {0.05f, 0.05f, 0.042f});
  for (const float side : {-1.f, 1.f}) {
    b.use(p.skin, ToyPart::skin);
    b.ellipsoid({side * 0.455f, 0.02f, 1.28f}, {0.06f, 0.08f, 0.1f});
    b.use(p.blush, ToyPart::skin);
    b.ellipsoid(on_face(side * 0.25f, 1.2f, -0.02f), {0.075f, 0.03f, 0.05f},
                rotation_z(side * 0.55f));
    b.use(p.eye, ToyPart::eye);
    const Vec3 eye = on_face(side * 0.16f, 1.345f, -0.012f);
    b.ellipsoid(eye, {0.052f, 0.035f, 0.07f}, rotation_z(side * 0.35f));
    b.use(p.shine, ToyPart::eye);
    b.ball(eye + Vec3{-0.016f, -0.028f, 0.026f}, 0.016f);
    b.use(c.hair == "bald" || c.hair_colour == "white" ? p.shoes : p.hair, ToyPart::detail);
    const float inner = c.mouth == "frown" ? -0.025f : 0.01f;
    b.limb(on_face(side * 0.09f, 1.475f + inner, 0.004f), on_face(side * 0.22f, 1.475f, 0.004f),
           0.017f, 0.013f);
  }
  add_mouth(b, c, p);
}

// A cap of hair around the skull, cut away in front of the face.
ToyShape& add_hair_cap(ToyBuilder& b, float thickness, float brow) {
  const float t = thickness;
  ToyShape& cap = b.ellipsoid(kHead + Vec3{0, 0.02f, 0.015f},
                              {kHeadRadii.x + t, kHeadRadii.y + t, kHeadRadii.z + t});
  cap.has_cut = true;
  cap.cut_normal = normalised({0, -0.72f, -0.7f});
  cap.cut = -dot(cap.cut_normal, {0, 0, 0}) + brow;
  return cap;
}

void add_hair(ToyBuilder& b, const ToyCharacter& c, const Paint& p) {
  if (c.hair == "bald") return;
  b.use(p.hair, ToyPart::hair);
  if (c.hair == "curly") {
    for (int i = 0; i < 15; ++i) {
      // A spiral over the top and the back of the skull.
      const float t = (static_cast<float>(i) + 0.5f) / 15.f;
      const float z = 1.f - 1.15f * t, around = 2.399963f * static_cast<float>(i) + 0.4f;
      const float ring = std::sqrt(std::max(1.f - z * z, 0.f));
      Vec3 dir{ring * std::cos(around), ring * std::sin(around), z};
      if (dir.y < -0.35f && z < 0.62f) dir = normalised({dir.x, -dir.y, z});
      b.ball(kHead + dir * Vec3{0.43f, 0.39f, 0.43f}, 0.175f);
    }
    return;
  }
  add_hair_cap(b, 0.055f, 0.07f);
  // A fringe swept to one side.
  b.blob({{on_face(-0.2f, 1.62f, 0.0f), on_face(0.08f, 1.6f, 0.0f), 0.1f, 0.085f},
          {on_face(0.08f, 1.6f, 0.0f), on_face(0.27f, 1.54f, 0.0f), 0.085f, 0.05f}},
         0.06f);
  if (c.hair == "short") return;
  b.blob({{{-0.4f, 0.08f, 1.4f}, {-0.42f, 0.06f, 0.82f}, 0.13f, 0.1f},
          {{0.4f, 0.08f, 1.4f}, {0.42f, 0.06f, 0.82f}, 0.13f, 0.1f},
          {{0, 0.24f, 1.4f}, {0, 0.24f, 0.84f}, 0.26f, 0.24f},
          {{-0.2f, 0.22f, 1.2f}, {-0.25f, 0.2f, 0.8f}, 0.22f, 0.18f},
          {{0.2f, 0.22f, 1.2f}, {0.25f, 0.2f, 0.8f}, 0.22f, 0.18f}},
         0.1f);
}

void add_glasses(ToyBuilder& b, const ToyCharacter& c, const Paint& p) {
  if (c.glasses == "none") return;
  const bool dark = c.glasses == "sunglasses";
  b.use(p.glasses, ToyPart::glasses);
  constexpr float kZ = 1.34f, kY = -0.43f, kRing = 0.125f;
  for (const float side : {-1.f, 1.f}) {
    const Mat3 axes = rotation_z(side * 0.25f) * upright();
    const Vec3 at{side * 0.165f, kY, kZ};
    b.torus(at, kRing, 0.02f, axes);
    b.limb({side * 0.285f, kY + 0.035f, kZ + 0.03f}, {side * 0.465f, 0.0f, kZ + 0.03f}, 0.017f,
           0.017f);
    if (dark) {
      b.use(p.lens, ToyPart::glasses);
      b.frustum(at, kRing, kRing, 0.014f, 0.01f, axes);
      b.use(p.glasses, ToyPart::glasses);
    }
  }
  b.limb({-0.045f, kY - 0.015f, kZ + 0.03f}, {0.045f, kY - 0.015f, kZ + 0.03f}, 0.018f, 0.018f);
}

void add_beard(ToyBuilder& b, const ToyCharacter& c, const Paint& p) {
  if (c.beard == "none") return;
  b.use(p.hair, ToyPart::beard);
  for (const float side : {-1.f, 1.f}) {
    b.blob({{on_face(side * 0.025f, 1.195f, 0.004f), on_face(side * 0.19f, 1.17f, 0.0f), 0.046f,
             0.022f}},
           0.02f);
  }
  if (c.beard == "moustache") return;
  b.blob({{{-0.4f, -0.07f, 1.24f}, {-0.28f, -0.24f, 1.04f}, 0.06f, 0.13f},
          {{-0.28f, -0.24f, 1.04f}, {0, -0.31f, 0.96f}, 0.13f, 0.15f},
          {{0, -0.31f, 0.96f}, {0.28f, -0.24f, 1.04f}, 0.15f, 0.13f},
          {{0.28f, -0.24f, 1.04f}, {0.4f, -0.07f, 1.24f}, 0.13f, 0.06f}},
         0.06f);
}

void add_round_hat(ToyBuilder& b, const ToyCharacter& c, const Paint& p) {
  const float grow = c.hair == "curly" ? 0.14f : 0.085f;
  ToyShape& dome = b.ellipsoid(kHead + Vec3{0, 0.03f, 0.07f},
                               {kHeadRadii.x + grow, kHeadRadii.y + grow, kHeadRadii.z + grow});
  dome.has_cut = true;
  dome.cut_normal = {0, -0.12f, -0.993f};
  dome.cut = -0.16f;
  if (c.hat == "cap") {
    b.ellipsoid(kHead + Vec3{0, -0.5f, 0.25f}, {0.33f, 0.28f, 0.035f}, rotation_x(0.16f));
    b.use(p.band, ToyPart::hat);
    b.ball(kHead + Vec3{0, 0.03f, 0.07f + kHeadRadii.z + grow}, 0.045f);
  } else {
    b.use(p.band, ToyPart::hat);
    b.torus(kHead + Vec3{0, 0.03f, 0.25f}, kHeadRadii.x + grow - 0.045f, 0.07f, rotation_x(-0.1f));
    b.ball(kHead + Vec3{0, 0.04f, 0.12f + kHeadRadii.z + grow}, 0.12f);
  }
}

void add_hat(ToyBuilder& b, const ToyCharacter& c, const Paint& p) {
  if (c.hat == "none") return;
  b.use(p.hat, ToyPart::hat);
  const Vec3 top = kHead + Vec3{0, 0.04f, 0.36f};
  if (c.hat == "cap" || c.hat == "beanie") {
    add_round_hat(b, c, p);
  } else if (c.hat == "top hat") {
    b.frustum(top + Vec3{0, 0, -0.01f}, 0.56f, 0.56f, 0.03f, 0.025f);
    b.frustum(top + Vec3{0, 0, 0.26f}, 0.34f, 0.38f, 0.27f, 0.03f);
    b.use(p.band, ToyPart::hat);
    b.frustum(top + Vec3{0, 0, 0.07f}, 0.355f, 0.362f, 0.05f, 0.005f);
  } else if (c.hat == "party hat") {
    ToyMaterial striped;
    striped.colour = toy_colour(c.hat_colour);
    striped.second = toy_colour("cream");
    striped.pattern = ToyPattern::stripes;
    striped.frequency = 7;
    b.use(b.material(striped), ToyPart::hat);
    b.frustum(top + Vec3{0, 0, 0.3f}, 0.3f, 0.03f, 0.3f, 0.02f);
    b.use(p.band, ToyPart::hat);
    b.ball(top + Vec3{0, 0, 0.62f}, 0.09f);
  } else {  // sun hat
    b.frustum(top + Vec3{0, 0, -0.03f}, 0.76f, 0.7f, 0.035f, 0.03f);
    ToyShape& crown = b.ellipsoid(top + Vec3{0, 0, -0.02f}, {0.42f, 0.4f, 0.32f});
    crown.has_cut = true;
    crown.cut_normal = {0, 0, -1};
    crown.cut = 0;
    b.use(p.band, ToyPart::hat);
    b.frustum(top + Vec3{0, 0, 0.05f}, 0.432f, 0.425f, 0.045f, 0.01f);
  }
}

}  // namespace

void set_attribute(ToyCharacter& character, std::string_view key, const std::string& value) {
  using Field = std::string ToyCharacter::*;
  static constexpr std::pair<std::string_view, Field> kFields[] = {
      {"skin", &ToyCharacter::skin},
      {"hair", &ToyCharacter::hair},
      {"hair_colour", &ToyCharacter::hair_colour},
      {"mouth", &ToyCharacter::mouth},
      {"glasses", &ToyCharacter::glasses},
      {"beard", &ToyCharacter::beard},
      {"hat", &ToyCharacter::hat},
      {"hat_colour", &ToyCharacter::hat_colour},
      {"clothes_colour", &ToyCharacter::clothes_colour},
      {"clothes_pattern", &ToyCharacter::clothes_pattern},
      {"pose", &ToyCharacter::pose},
      {"facing", &ToyCharacter::facing},
  };
  for (const auto& [name, field] : kFields) {
    if (name == key) {
      character.*field = value;
      return;
    }
  }
  throw Error(ErrorCode::usage, "a toy character has no attribute of this name")
      .at_key(std::string(key));
}

ToyCharacter random_character(Rng& rng) {
  constexpr const char* kSkins[] = {"pale", "light", "tan", "brown", "dark"};
  constexpr const char* kHair[] = {"short", "short", "long", "long", "curly", "bald"};
  constexpr const char* kHairColours[] = {"black", "brown", "blond", "ginger",
                                          "grey",  "white", "pink",  "blue"};
  constexpr const char* kMouths[] = {"smile", "smile", "neutral", "frown", "open"};
  constexpr const char* kHats[] = {"cap", "top hat", "beanie", "party hat", "sun hat"};
  constexpr const char* kHatColours[] = {"red", "blue", "green", "yellow", "purple", "black"};
  constexpr const char* kClothes[] = {"red",  "orange", "yellow", "green", "blue",
                                      "teal", "purple", "pink",   "white"};
  ToyCharacter c;
  c.skin = pick(rng, kSkins);
  c.hair = pick(rng, kHair);
  c.hair_colour = pick(rng, kHairColours);
  c.mouth = pick(rng, kMouths);
  c.glasses = rng.chance(0.6f) ? "none" : rng.chance(0.6f) ? "glasses" : "sunglasses";
  c.beard = rng.chance(0.7f) ? "none" : rng.chance(0.6f) ? "beard" : "moustache";
  c.hat = rng.chance(0.5f) ? "none" : pick(rng, kHats);
  c.hat_colour = pick(rng, kHatColours);
  c.clothes_colour = pick(rng, kClothes);
  c.clothes_pattern = rng.chance(0.6f) ? "plain" : rng.chance(0.6f) ? "striped" : "dotted";
  c.pose = rng.chance(0.3f) ? "waving" : "standing";
  c.facing = rng.chance(0.5f) ? "forward" : rng.chance(0.5f) ? "left" : "right";
  return c;
}

void add_character(ToyScene& scene, const ToyCharacter& c, const ToyPlace& place) {
  ToyBuilder b(scene, "character", place);
  const Paint paint = paint_of(b, c);
  add_body(b, c, paint);
  add_face(b, c, paint);
  add_hair(b, c, paint);
  add_glasses(b, c, paint);
  add_beard(b, c, paint);
  add_hat(b, c, paint);
  b.attribute("skin", c.skin);
  b.attribute("hair", c.hair);
  // Eyebrows are too small to name a colour by.
  if (c.hair != "bald" || c.beard != "none") b.attribute("hair_colour", c.hair_colour);
  b.attribute("mouth", c.mouth);
  b.attribute("glasses", c.glasses);
  b.attribute("beard", c.beard);
  b.attribute("hat", c.hat);
  if (c.hat != "none") b.attribute("hat_colour", c.hat_colour);
  b.attribute("clothes_colour", c.clothes_colour);
  b.attribute("clothes_pattern", c.clothes_pattern);
  b.attribute("pose", c.pose);
  b.attribute("facing", c.facing);
  b.finish();
}

}  // namespace vane
