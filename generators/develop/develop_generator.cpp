// SPDX-License-Identifier: Apache-2.0
#include "generators/develop/develop_generator.h"

#include "engine/base/error.h"
#include "engine/tensor/image_tensor.h"

namespace vane {

DevelopGenerator::DevelopGenerator(Tensor image, Options options)
    : image_(std::move(image)), options_(options) {
  if (!image_.defined() || image_.dim() != 4 || image_.size(0) != 1 || image_.size(1) != 3 ||
      image_.numel() == 0 || !image_.is_floating_point()) {
    throw Error(ErrorCode::usage, "the develop generator needs one picture [1,3,H,W]");
  }
  const bool no_grid = options_.grid_long_side == 0 || options_.grid_depth == 0;
  if (!no_grid && (options_.grid_long_side < 2 || options_.grid_depth < 2)) {
    throw Error(ErrorCode::usage, "a bilateral grid needs at least 2 vertices along each axis");
  }
  image_ = image_.detach();
}

DevelopGenerator::DevelopGenerator(const Image& image, Options options)
    : DevelopGenerator(image_to_tensor(image), options) {}

GeneratorInfo DevelopGenerator::info() const {
  GeneratorInfo info;
  info.name = "develop";
  info.kind = "photo pipeline";
  info.licence = "Apache-2.0";
  info.width = image_.size(3);
  info.height = image_.size(2);
  info.groups = {{"tone",
                  {"exposure", "contrast", "highlights", "shadows", "whites", "blacks", "haze"},
                  0.02f},
                 {"colour", {"temperature", "tint", "saturation", "vibrance"}, 0.02f},
                 {"curve", {"tone_curve"}, 0.02f},
                 {"hues", {"hue_shift", "hue_saturation", "hue_luminance"}, 0.01f},
                 {"split", {"shadow_tint", "highlight_tint"}, 0.01f},
                 {"vignette", {"vignette"}, 0.01f}};
  if (options_.grid_long_side > 0 && options_.grid_depth > 0) {
    info.groups.push_back({"local", {"grid"}, 0.002f});
  }
  return info;
}

Latent DevelopGenerator::initial() const {
  Latent latent = latent_of_settings(DevelopSettings{});
  if (options_.grid_long_side > 0 && options_.grid_depth > 0) {
    const int64_t height = image_.size(2), width = image_.size(3);
    const int64_t longer = std::max(height, width);
    const auto vertices = [&](int64_t side) {
      return std::max<int64_t>(2, (options_.grid_long_side * side + longer / 2) / longer);
    };
    latent.parts["grid"] =
        at::zeros({kAffineCoefficients, options_.grid_depth, vertices(height), vertices(width)});
  }
  return latent;
}

std::vector<Move> DevelopGenerator::moves() const {
  std::vector<Move> moves;
  for (const DevelopField& field : develop_fields()) {
    if (field.scalar) moves.push_back({field.name, 0, static_cast<float>(field.natural())});
  }
  return moves;
}

Tensor DevelopGenerator::source_view(int64_t long_side) const {
  if (long_side < 1) throw Error(ErrorCode::usage, "a view needs a longer side of at least 1 px");
  const int64_t height = image_.size(2), width = image_.size(3);
  const int64_t longer = std::max(height, width);
  if (longer <= long_side) return image_;
  const std::lock_guard lock(mutex_);
  Tensor& view = views_[long_side];
  if (!view.defined()) {
    const at::NoGradGuard no_grad;
    const auto reduced = [&](int64_t side) {
      return std::max<int64_t>(1, (side * long_side + longer / 2) / longer);
    };
    view = resize_area(image_, reduced(height), reduced(width));
  }
  return view;
}

Tensor DevelopGenerator::render(const Latent& latent, int64_t long_side) const {
  return develop_tensor(source_view(long_side), latent);
}

Tensor DevelopGenerator::render_full(const Latent& latent, Job& job) const {
  const at::NoGradGuard no_grad;
  job.check_cancelled();
  return develop_tensor(image_, latent);
}

Tensor DevelopGenerator::prior(const Latent& latent) const { return develop_prior(latent); }

}  // namespace vane
