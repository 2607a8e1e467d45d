// SPDX-License-Identifier: Apache-2.0
#include "engine/scene/colmap.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/scene/byte_cursor.h"
#include "engine/scene/rigid.h"
#include "engine/scene/scene_layouts.h"

namespace vane {
namespace {

constexpr uint64_t kMostPixels = 65'500;

/// How the parameters of a lens model begin; what follows is distortion.
enum class Lens { one_focal, two_focals, other };

struct LensModel {
  const char* name;
  uint64_t parameters;
  Lens lens;
};

/// By the number that .bin files use.
constexpr LensModel kModels[] = {
    {"SIMPLE_PINHOLE", 3, Lens::one_focal},    {"PINHOLE", 4, Lens::two_focals},
    {"SIMPLE_RADIAL", 4, Lens::one_focal},     {"RADIAL", 5, Lens::one_focal},
    {"OPENCV", 8, Lens::two_focals},           {"OPENCV_FISHEYE", 8, Lens::other},
    {"FULL_OPENCV", 12, Lens::two_focals},     {"FOV", 5, Lens::other},
    {"SIMPLE_RADIAL_FISHEYE", 4, Lens::other}, {"RADIAL_FISHEYE", 5, Lens::other},
    {"THIN_PRISM_FISHEYE", 12, Lens::other},
};

Error fault(std::string message, uint64_t byte) {
  return Error(ErrorCode::input, std::move(message)).at_byte(byte);
}

Camera camera_of(const LensModel& model, uint64_t width, uint64_t height,
                 const std::vector<double>& p, uint64_t byte) {
  const auto refuse = [&](std::string what) {
    return fault(fmt::format("the lens model {}{} is not supported, only pinholes are", model.name,
                             what),
                 byte)
        .with_hint("run colmap image_undistorter and use its output");
  };
  if (model.lens == Lens::other) throw refuse("");
  const size_t focals = model.lens == Lens::one_focal ? 1 : 2;
  for (size_t i = focals + 2; i < p.size(); ++i) {
    if (p[i] != 0) {
      throw refuse(fmt::format(" with distortion (parameter {} is {:.6g})", i + 1, p[i]));
    }
  }
  if (width < 1 || height < 1 || width > kMostPixels || height > kMostPixels) {
    throw fault(
        fmt::format("a camera of {}x{} pixels; sides have 1 to {}", width, height, kMostPixels),
        byte);
  }
  const bool is_finite = std::all_of(p.begin(), p.end(), [](double v) { return std::isfinite(v); });
  if (!is_finite || !(p[0] > 0) || !(p[focals - 1] > 0)) {
    throw fault("a camera whose focal length is not above 0, or that is not finite", byte);
  }
  Camera camera;
  camera.width = static_cast<int>(width);
  camera.height = static_cast<int>(height);
  camera.fx = p[0];
  camera.fy = p[focals - 1];
  camera.cx = p[focals];
  camera.cy = p[focals + 1];
  return camera;
}

ColmapImage image_of(const std::array<double, 4>& q, const std::array<double, 3>& t,
                     uint32_t camera, std::string_view name, uint64_t byte) {
  ColmapImage image;
  try {
    image.name = inner_name(std::string(name));
  } catch (Error& error) {
    throw std::move(error).at_byte(byte);
  }
  const double length = std::sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
  const bool is_placed = std::isfinite(t[0]) && std::isfinite(t[1]) && std::isfinite(t[2]);
  if (!(length >= 0.9 && length <= 1.1) || !is_placed) {
    throw fault("the image " + printable(name) + " has no rotation of length 1, or no place", byte);
  }
  const Matrix3 r = rotation_of(q);
  image.world_to_camera = {r[0], r[1], r[2], t[0], r[3], r[4], r[5], t[1], r[6], r[7], r[8], t[2]};
  image.camera = camera;
  return image;
}

void add_point(const double* position, const double* rgb, std::vector<ScenePoint>& points) {
  ScenePoint point{};
  for (size_t i = 0; i < 3; ++i) {
    point.position[i] = static_cast<float>(position[i]);
    if (!std::isfinite(point.position[i])) return;
    point.rgb[i] = static_cast<float>(std::clamp(rgb[i], 0., 255.) / 255.);
  }
  points.push_back(point);
}

void check_points(uint64_t count, const Limits& limits) {
  if (count <= limits.scene_points) return;
  throw fault(fmt::format("holds {} points, the limit is {}", count, limits.scene_points), 0)
      .with_hint("if the file is trusted, raise --limit scene.points");
}

/// The lines of a .txt file, cut into words; what begins with # is left out.
class TextLines {
 public:
  explicit TextLines(std::span<const std::byte> file) : text_(text_view(file)) {}

  /// The next line that is no comment; blank ones too when `blank_counts`.
  bool next(bool blank_counts = false) {
    while (position_ < text_.size()) {
      start_ = position_;
      const size_t end = std::min(text_.find('\n', start_), text_.size());
      rest_ = text_.substr(start_, end - start_);
      if (rest_.ends_with('\r')) rest_.remove_suffix(1);
      position_ = std::min(end + 1, text_.size());
      const size_t word = rest_.find_first_not_of(" \t");
      const bool is_blank = word == std::string_view::npos;
      if (is_blank ? blank_counts : rest_[word] != '#') return true;
    }
    return false;
  }
  uint64_t start() const { return start_; }

  std::string_view word(std::string_view part) {
    const size_t begin = std::min(rest_.find_first_not_of(" \t"), rest_.size());
    const size_t end = std::min(rest_.find_first_of(" \t", begin), rest_.size());
    const std::string_view found = rest_.substr(begin, end - begin);
    if (found.empty()) throw fault("the line ends before its " + std::string(part), start_);
    rest_.remove_prefix(end);
    return found;
  }
  template <class T>
  T number(std::string_view part) {
    const std::string_view text = word(part);
    T value{};
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (status != std::errc() || end != text.data() + text.size()) {
      throw fault("\"" + printable(text, 40) + "\" is no " + std::string(part), start_);
    }
    return value;
  }
  /// Whatever is left of the line.
  std::string_view remainder() const {
    const size_t begin = std::min(rest_.find_first_not_of(" \t"), rest_.size());
    const std::string_view text = rest_.substr(begin);
    return text.substr(0, text.find_last_not_of(" \t") + 1);
  }

 private:
  std::string_view text_, rest_;
  size_t position_ = 0, start_ = 0;
};

template <class Ids>
void check_new(Ids& ids, uint32_t id, std::string_view what, uint64_t byte) {
  if (!ids.insert(id).second) throw fault(fmt::format("a second {} with id {}", what, id), byte);
}

const LensModel& model_of(int32_t number, uint64_t byte) {
  if (number < 0 || static_cast<size_t>(number) >= std::size(kModels)) {
    throw fault(fmt::format("the lens model {} is not known", number), byte);
  }
  return kModels[static_cast<size_t>(number)];
}

const LensModel& model_of(std::string_view name, uint64_t byte) {
  for (const LensModel& model : kModels) {
    if (name == model.name) return model;
  }
  throw fault("the lens model \"" + printable(name, 40) + "\" is not known", byte);
}

}  // namespace

std::map<uint32_t, Camera> parse_colmap_cameras(std::span<const std::byte> file, ColmapForm form,
                                                const Limits& limits) {
  std::map<uint32_t, Camera> cameras;
  std::set<uint32_t> ids;
  const auto add = [&](uint32_t id, const Camera& camera, uint64_t byte) {
    check_new(ids, id, "camera", byte);
    check_views(ids.size(), limits);
    cameras.emplace(id, camera);
  };
  if (form == ColmapForm::binary) {
    constexpr std::string_view kPart = "cameras";
    ByteCursor in(file);
    for (uint64_t left = in.take_count(48, kPart); left > 0; --left) {
      const uint64_t start = in.position();
      const auto id = in.take<uint32_t>(kPart);
      const LensModel& model = model_of(in.take<int32_t>(kPart), start);
      const auto width = in.take<uint64_t>(kPart), height = in.take<uint64_t>(kPart);
      std::vector<double> parameters;
      for (uint64_t i = 0; i < model.parameters; ++i) parameters.push_back(in.take<double>(kPart));
      add(id, camera_of(model, width, height, parameters, start), start);
    }
    return cameras;
  }
  TextLines lines(file);
  while (lines.next()) {
    const auto id = lines.number<uint32_t>("camera id");
    const LensModel& model = model_of(lines.word("lens model"), lines.start());
    const auto width = lines.number<uint64_t>("width"), height = lines.number<uint64_t>("height");
    std::vector<double> parameters;
    for (uint64_t i = 0; i < model.parameters; ++i) {
      parameters.push_back(lines.number<double>("lens parameter"));
    }
    add(id, camera_of(model, width, height, parameters, lines.start()), lines.start());
  }
  return cameras;
}

std::vector<ColmapImage> parse_colmap_images(std::span<const std::byte> file, ColmapForm form,
                                             const Limits& limits) {
  std::vector<ColmapImage> images;
  std::set<uint32_t> ids;
  std::array<double, 4> q{};
  std::array<double, 3> t{};
  if (form == ColmapForm::binary) {
    constexpr std::string_view kPart = "images";
    ByteCursor in(file);
    const uint64_t count = in.take_count(73, kPart);
    check_views(count, limits);
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t start = in.position();
      check_new(ids, in.take<uint32_t>(kPart), "image", start);
      for (double& value : q) value = in.take<double>(kPart);
      for (double& value : t) value = in.take<double>(kPart);
      const auto camera = in.take<uint32_t>(kPart);
      const std::string_view name = in.take_text(kPart);
      images.push_back(image_of(q, t, camera, name, start));
      constexpr uint64_t kPointBytes = 24;  // where a point is seen, which nothing here uses
      in.take_bytes(in.take_count(kPointBytes, "points of an image") * kPointBytes, kPart);
    }
    return images;
  }
  TextLines lines(file);
  while (lines.next()) {
    const uint64_t start = lines.start();
    check_new(ids, lines.number<uint32_t>("image id"), "image", start);
    for (double& value : q) value = lines.number<double>("rotation");
    for (double& value : t) value = lines.number<double>("translation");
    const auto camera = lines.number<uint32_t>("camera id");
    images.push_back(image_of(q, t, camera, lines.remainder(), start));
    check_views(images.size(), limits);
    lines.next(true);  // where its points are seen; the line may be empty
  }
  check_views(images.size(), limits);
  return images;
}

std::vector<ScenePoint> parse_colmap_points(std::span<const std::byte> file, ColmapForm form,
                                            const Limits& limits) {
  std::vector<ScenePoint> points;
  double position[3], rgb[3];
  if (form == ColmapForm::binary) {
    constexpr std::string_view kPart = "points";
    ByteCursor in(file);
    const uint64_t count = in.take_count(51, kPart);
    check_points(count, limits);
    points.reserve(static_cast<size_t>(count));
    for (uint64_t i = 0; i < count; ++i) {
      in.take<uint64_t>(kPart);  // id
      for (double& value : position) value = in.take<double>(kPart);
      for (double& value : rgb) value = in.take<uint8_t>(kPart);
      in.take<double>(kPart);  // reprojection error
      in.take_bytes(in.take_count(8, "views of a point") * 8, kPart);
      add_point(position, rgb, points);
    }
    return points;
  }
  TextLines lines(file);
  while (lines.next()) {
    lines.number<uint64_t>("point id");
    for (double& value : position) value = lines.number<double>("coordinate");
    for (double& value : rgb) value = lines.number<double>("colour");
    add_point(position, rgb, points);
    check_points(points.size(), limits);
  }
  return points;
}

}  // namespace vane
