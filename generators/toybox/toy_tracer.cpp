// SPDX-License-Identifier: Apache-2.0
#include "generators/toybox/toy_tracer.h"

#include <array>
#include <cstring>
#include <limits>
#include <span>

#include "generators/toybox/toy_rows.h"
#include "generators/toybox/toy_shading.h"

namespace vane {
namespace {

constexpr float kFarAway = 1e6f;

struct Sample {
  Vec3 colour;
  ToyHit hit;
};

// All that rays of one picture share.
class View {
 public:
  explicit View(const ToyScene& scene) : camera_(scene.camera), world_(scene) {
    eye_ = camera_.eye();
    const auto& m = camera_.world_to_camera;
    for (size_t i = 0; i < 3; ++i) {
      rows_[i] = {static_cast<float>(m[4 * i]), static_cast<float>(m[4 * i + 1]),
                  static_cast<float>(m[4 * i + 2])};
    }
  }

  /// The ray through image position (x, y) in pixels.
  Sample at(float x, float y) const {
    const float u = (x - static_cast<float>(camera_.cx)) / static_cast<float>(camera_.fl_x);
    const float v = (y - static_cast<float>(camera_.cy)) / static_cast<float>(camera_.fl_y);
    const Vec3 ray = normalised(rows_[0] * u + rows_[1] * v + rows_[2]);
    Sample sample;
    sample.hit = world_.trace(eye_, ray, kFarAway);
    sample.colour = world_.shade(sample.hit, ray);
    return sample;
  }

  float depth(const ToyHit& hit) const { return dot(hit.point - eye_, rows_[2]); }

 private:
  const ToyCamera& camera_;
  ToyWorld world_;
  Vec3 eye_;
  std::array<Vec3, 3> rows_;
};

// sRGB bytes by a table over the square root of linear light: fine where the eye is.
class ByteTable {
 public:
  ByteTable() {
    for (size_t i = 0; i < table_.size(); ++i) {
      const double root = static_cast<double>(i) / static_cast<double>(table_.size() - 1);
      const double x = root * root;
      const double s = x <= 0.0031308 ? 12.92 * x : 1.055 * std::pow(x, 1 / 2.4) - 0.055;
      table_[i] = static_cast<uint8_t>(std::lround(255 * s));
    }
  }
  uint8_t operator()(float linear) const {
    const float root = std::sqrt(clamped(linear));
    return table_[static_cast<size_t>(root * static_cast<float>(table_.size() - 1) + 0.5f)];
  }

 private:
  std::array<uint8_t, 4096> table_;
};

// Straight up to 0.7, then a soft shoulder, so that lights do not burn out.
float shoulder(float x) {
  constexpr float kKnee = 0.7f, kRoom = 1.f - kKnee;
  return x < kKnee ? x : kKnee + kRoom * (1.f - kRoom / (kRoom + (x - kKnee)));
}
Vec3 shouldered(Vec3 c) { return {shoulder(c.x), shoulder(c.y), shoulder(c.z)}; }

// The picture at one ray a pixel, from which edges are found.
struct FirstPass {
  std::vector<Vec3> colour;
  std::vector<int32_t> shape;
};

bool differs(const FirstPass& first, const ToyFrame& frame, size_t a, size_t b) {
  if (first.shape[a] != first.shape[b]) return true;
  if (first.shape[a] != kToySky && dot(frame.normal[a], frame.normal[b]) < 0.85f) return true;
  const Vec3 gap = first.colour[a] - first.colour[b];
  const float seen = std::max({std::abs(gap.x), std::abs(gap.y), std::abs(gap.z)});
  const Vec3 sum = first.colour[a] + first.colour[b];
  return seen > 0.025f + 0.06f * std::max({sum.x, sum.y, sum.z});
}

bool is_edge(const FirstPass& first, const ToyFrame& frame, int x, int y) {
  const size_t w = static_cast<size_t>(frame.width);
  const size_t here = static_cast<size_t>(y) * w + static_cast<size_t>(x);
  return (x > 0 && differs(first, frame, here, here - 1)) ||
         (x + 1 < frame.width && differs(first, frame, here, here + 1)) ||
         (y > 0 && differs(first, frame, here, here - w)) ||
         (y + 1 < frame.height && differs(first, frame, here, here + w));
}

// Mean over a grid of rays that is turned a little, so that steep edges get all its levels.
Vec3 smoothed(const View& view, int x, int y, int side) {
  Vec3 sum;
  const float step = 1.f / static_cast<float>(side);
  constexpr float kTurn = 0.32f;
  for (int j = 0; j < side; ++j) {
    for (int i = 0; i < side; ++i) {
      const float u = (static_cast<float>(i) + 0.5f) * step - 0.5f;
      const float v = (static_cast<float>(j) + 0.5f) * step - 0.5f;
      const Sample sample = view.at(static_cast<float>(x) + 0.5f + u - kTurn * v,
                                    static_cast<float>(y) + 0.5f + v + kTurn * u);
      sum = sum + shouldered(sample.colour);
    }
  }
  return sum * (step * step);
}

void store(ToyFrame& frame, size_t pixel, Vec3 colour) {
  static const ByteTable bytes;
  frame.rgb[3 * pixel] = bytes(colour.x);
  frame.rgb[3 * pixel + 1] = bytes(colour.y);
  frame.rgb[3 * pixel + 2] = bytes(colour.z);
}

ToyFrame empty_frame(const ToyCamera& camera) {
  if (camera.width <= 0 || camera.height <= 0) {
    throw Error(ErrorCode::usage, "a picture needs at least one pixel a side");
  }
  const size_t count = static_cast<size_t>(camera.width) * static_cast<size_t>(camera.height);
  ToyFrame frame;
  frame.width = camera.width;
  frame.height = camera.height;
  frame.rgb.resize(3 * count);
  frame.instance.resize(count);
  frame.part.resize(count);
  frame.depth.resize(count);
  frame.normal.resize(count);
  return frame;
}

}  // namespace

Image ToyFrame::picture() const {
  Image image;
  image.width = width;
  image.height = height;
  image.u8 = rgb;
  return image;
}

ToyFrame render_toybox(const ToyScene& scene, const ToyRenderOptions& options, Job& job) {
  ToyFrame frame = empty_frame(scene.camera);
  const View view(scene);
  FirstPass first;
  first.colour.resize(frame.depth.size());
  first.shape.resize(frame.depth.size());
  const size_t w = static_cast<size_t>(frame.width);
  for_each_row(frame.height, options.threads, job, [&](int y) {
    for (int x = 0; x < frame.width; ++x) {
      const size_t pixel = static_cast<size_t>(y) * w + static_cast<size_t>(x);
      const Sample sample = view.at(static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f);
      const ToyHit& hit = sample.hit;
      first.colour[pixel] = shouldered(sample.colour);
      first.shape[pixel] = hit.shape;
      if (hit.shape == kToySky) continue;
      frame.depth[pixel] = view.depth(hit);
      frame.normal[pixel] = hit.normal;
      if (hit.shape == kToyGround) continue;
      const ToyShape& shape = scene.shapes[static_cast<size_t>(hit.shape)];
      frame.instance[pixel] = static_cast<uint8_t>(shape.object + 1);
      frame.part[pixel] = static_cast<uint8_t>(shape.part);
    }
  });
  for_each_row(frame.height, options.threads, job, [&](int y) {
    for (int x = 0; x < frame.width; ++x) {
      const size_t pixel = static_cast<size_t>(y) * w + static_cast<size_t>(x);
      const bool edge = options.edge_rays > 1 && is_edge(first, frame, x, y);
      store(frame, pixel, edge ? smoothed(view, x, y, options.edge_rays) : first.colour[pixel]);
    }
  });
  return frame;
}

}  // namespace vane
