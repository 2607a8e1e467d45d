// SPDX-License-Identifier: Apache-2.0
#include "generators/toybox/toy_builder.h"

#include <span>
#include <utility>

namespace vane {

ToyBuilder::ToyBuilder(ToyScene& scene, std::string kind, const ToyPlace& place)
    : scene_(scene),
      place_(place),
      first_shape_(scene.shapes.size()),
      first_member_(scene.members.size()),
      thing_(scene.things.size()) {
  scene.things.push_back({std::move(kind), {}, {}, 0});
}

uint16_t ToyBuilder::material(const ToyMaterial& material) {
  scene_.materials.push_back(material);
  return static_cast<uint16_t>(scene_.materials.size() - 1);
}

uint16_t ToyBuilder::material(Vec3 colour, float gloss) {
  ToyMaterial plain;
  plain.colour = plain.second = colour;
  plain.gloss = gloss;
  return material(plain);
}

void ToyBuilder::use(uint16_t material, ToyPart part) {
  material_ = material;
  part_ = part;
}

void ToyBuilder::attach(const Mat3& axes, Vec3 pivot) {
  turn_ = axes;
  pivot_ = pivot;
}

ToyShape& ToyBuilder::add(ToyKind kind, Vec3 at, Vec3 size, const Mat3& axes) {
  ToyShape shape;
  shape.kind = kind;
  shape.size = size;
  shape.centre = pivot_ + turn_ * (at - pivot_);
  shape.axes = turn_ * axes;
  shape.material = material_;
  shape.part = static_cast<uint16_t>(part_);
  shape.object = static_cast<uint16_t>(thing_);
  scene_.shapes.push_back(shape);
  return scene_.shapes.back();
}

ToyShape& ToyBuilder::ellipsoid(Vec3 at, Vec3 radii, const Mat3& axes) {
  return add(ToyKind::ellipsoid, at, radii, axes);
}

ToyShape& ToyBuilder::frustum(Vec3 at, float r_low, float r_high, float half_height, float round,
                              const Mat3& axes) {
  ToyShape& shape = add(ToyKind::frustum, at, {r_low, r_high, half_height}, axes);
  shape.round = round;
  return shape;
}

ToyShape& ToyBuilder::box(Vec3 at, Vec3 half, float round, const Mat3& axes) {
  ToyShape& shape = add(ToyKind::box, at, half, axes);
  shape.round = round;
  return shape;
}

ToyShape& ToyBuilder::torus(Vec3 at, float ring, float tube, const Mat3& axes, float half_arc) {
  return add(ToyKind::torus, at, {ring, tube, half_arc}, axes);
}

ToyShape& ToyBuilder::blob(const std::vector<RoundCone>& members, float blend) {
  // Members are kept about the frame's origin, which the turn maps like any other point.
  ToyShape& shape = add(ToyKind::blob, {}, {}, {});
  shape.first = static_cast<uint32_t>(scene_.members.size());
  shape.count = static_cast<uint32_t>(members.size());
  shape.blend = blend;
  scene_.members.insert(scene_.members.end(), members.begin(), members.end());
  return shape;
}

void ToyBuilder::attribute(std::string key, std::string value) {
  scene_.things[thing_].attributes.push_back({std::move(key), std::move(value)});
}

void ToyBuilder::finish() {
  const float s = place_.scale;
  const Mat3 turn = rotation_z(place_.turn);
  for (RoundCone& cone : std::span(scene_.members).subspan(first_member_)) {
    cone = {cone.a * s, cone.b * s, cone.ra * s, cone.rb * s};
  }
  const auto shapes = std::span(scene_.shapes).subspan(first_shape_);
  Vec3 low{1e9f, 1e9f, 1e9f}, high = -low;
  for (ToyShape& shape : shapes) {
    const float angle = shape.size.z;
    shape.size = shape.size * s;
    if (shape.kind == ToyKind::torus) shape.size.z = angle;
    shape.round *= s;
    shape.shell *= s;
    shape.cut *= s;
    shape.blend *= s;
    shape.centre = place_.at + turn * (shape.centre * s);
    shape.axes = turn * shape.axes;
    bound(shape, scene_.members);
    const Vec3 c = shape.bound_centre;
    const float r = shape.bound_radius;
    low = {std::min(low.x, c.x - r), std::min(low.y, c.y - r), std::min(low.z, c.z - r)};
    high = {std::max(high.x, c.x + r), std::max(high.y, c.y + r), std::max(high.z, c.z + r)};
  }
  ToyThing& thing = scene_.things[thing_];
  thing.centre = (low + high) * 0.5f;
  for (const ToyShape& shape : shapes) {
    thing.radius =
        std::max(thing.radius, length(shape.bound_centre - thing.centre) + shape.bound_radius);
  }
}

}  // namespace vane
