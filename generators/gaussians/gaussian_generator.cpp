// SPDX-License-Identifier: Apache-2.0
#include "generators/gaussians/gaussian_generator.h"

#include <torch/csrc/autograd/custom_function.h>

#include "engine/base/error.h"
#include "generators/splats/splat_raster.h"

namespace vane {
namespace {

// rgb = 0.5 + kBand0 sh0.
constexpr double kBand0 = 0.28209479177387814;
// A step of the tone that a person would call clear.
constexpr float kToneStep = 0.15f;
// Learning rates: the published fine-tuning of colours is meant for thousands of steps, an edit has
// about a hundred.
constexpr float kToneRate = 0.02f, kColourRate = 0.01f, kOpacityRate = 0.02f, kShapeRate = 0.005f,
                kPositionRate = 2e-4f;
// What a clear step of a single Gaussian (0.1 of a colour, a logit, a tenth of a scale) costs
// beside one of the tone: an edit should be of the whole thing first.
constexpr double kTonePrior = 0.05, kColourPrior = 2, kOpacityPrior = 0.02, kShapePrior = 1;

struct Parts {
  Tensor sh0, rest, opacity, scale, position;
};

}  // namespace

/// The scene under the latent that was rendered last.
struct Stage {
  SplatCloud cloud;
  std::vector<int64_t> rows;
  std::vector<int32_t> slot;  // [N]: which of `rows` a Gaussian is; -1: none
  int threads = 0;
  uint64_t version = 0;

  void write(const Parts& parts) {
    ++version;
    const auto copy = [&](const Tensor& values, std::vector<float>& target, size_t width) {
      const Tensor dense = values.detach().contiguous();
      const float* from = dense.const_data_ptr<float>();
      for (size_t k = 0; k < rows.size(); ++k) {
        std::copy_n(from + k * width, width, target.data() + static_cast<size_t>(rows[k]) * width);
      }
    };
    copy(parts.sh0, cloud.sh0, 3);
    copy(parts.rest, cloud.sh_rest, static_cast<size_t>(3 * cloud.rest_coefficients()));
    copy(parts.opacity, cloud.opacity_logit, 1);
    copy(parts.scale, cloud.log_scale, 3);
    copy(parts.position, cloud.position, 3);
  }
};

namespace {

/// What the way back needs of one call.
struct Drawing : torch::CustomClassHolder {
  std::shared_ptr<Stage> stage;
  uint64_t version = 0;
  std::vector<SplatRaster> rasters;
  std::vector<SplatPicture> pictures;
};

Tensor draw(const std::shared_ptr<Stage>& stage, const std::vector<Camera>& cameras,
            Drawing* drawing) {
  const int64_t height = cameras.front().height, width = cameras.front().width;
  Tensor pictures = at::empty({static_cast<int64_t>(cameras.size()), height, width, 3}, at::kFloat);
  RasterOptions options;
  options.active_sh_degree = stage->cloud.sh_degree;
  options.threads = stage->threads;
  float* to = pictures.mutable_data_ptr<float>();
  for (const Camera& camera : cameras) {
    SplatRaster raster(stage->cloud, camera, options);
    SplatPicture picture = raster.draw();
    to = std::copy(picture.rgb.begin(), picture.rgb.end(), to);
    if (!drawing) continue;
    drawing->rasters.push_back(std::move(raster));
    drawing->pictures.push_back(std::move(picture));
  }
  return pictures.permute({0, 3, 1, 2}).contiguous();
}

/// The gradients of one view, added at the rows that may move.
class RowSums {
 public:
  RowSums(const Stage& stage)
      : stage_(stage),
        bands_(static_cast<size_t>(3 * stage.cloud.rest_coefficients())),
        rows_(static_cast<int64_t>(stage.rows.size())),
        sh0_(at::zeros({rows_, 3}, at::kFloat)),
        rest_(at::zeros({rows_, static_cast<int64_t>(bands_) / 3, 3}, at::kFloat)),
        opacity_(at::zeros({rows_}, at::kFloat)),
        scale_(at::zeros({rows_, 3}, at::kFloat)),
        position_(at::zeros({rows_, 3}, at::kFloat)) {}

  // Each row of the cloud is visited once a view, so threads never meet.
  void add(int64_t row, const SplatRowGradient& gradient) {
    const int32_t slot = stage_.slot[static_cast<size_t>(row)];
    if (slot < 0 || !gradient.drawn) return;
    const auto k = static_cast<size_t>(slot);
    const auto sum = [k](Tensor& target, const float* values, size_t width) {
      float* at = target.mutable_data_ptr<float>() + k * width;
      for (size_t i = 0; i < width; ++i) at[i] += values[i];
    };
    sum(sh0_, gradient.sh0.data(), 3);
    sum(rest_, gradient.sh_rest.data(), bands_);
    sum(opacity_, &gradient.opacity_logit, 1);
    sum(scale_, gradient.log_scale.data(), 3);
    sum(position_, gradient.position.data(), 3);
  }

  torch::autograd::variable_list take() { return {sh0_, rest_, opacity_, scale_, position_}; }

 private:
  const Stage& stage_;
  size_t bands_;
  int64_t rows_;
  Tensor sh0_, rest_, opacity_, scale_, position_;
};

struct DrawViews : torch::autograd::Function<DrawViews> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& sh0,
                        const Tensor& rest, const Tensor& opacity, const Tensor& scale,
                        const Tensor& position, const std::shared_ptr<Stage>& stage,
                        const std::vector<Camera>& cameras) {
    stage->write({sh0, rest, opacity, scale, position});
    auto drawing = c10::make_intrusive<Drawing>();
    drawing->stage = stage;
    drawing->version = stage->version;
    Tensor pictures = draw(stage, cameras, drawing.get());
    context->saved_data["drawing"] = c10::IValue::make_capsule(std::move(drawing));
    return pictures;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto capsule = context->saved_data["drawing"].toCapsule();
    const auto& drawing = static_cast<const Drawing&>(*capsule);
    if (drawing.version != drawing.stage->version) {
      throw Error(ErrorCode::internal, "the scene was drawn again before its gradient was taken");
    }
    const Tensor d_rgb = gradients[0].permute({0, 2, 3, 1}).contiguous();
    const int64_t view = d_rgb.numel() / d_rgb.size(0);
    RowSums sums(*drawing.stage);
    for (size_t v = 0; v < drawing.rasters.size(); ++v) {
      drawing.rasters[v].visit_gradients(
          drawing.pictures[v], d_rgb.const_data_ptr<float>() + static_cast<int64_t>(v) * view,
          nullptr, [&](int64_t row, const SplatRowGradient& g) { sums.add(row, g); });
    }
    torch::autograd::variable_list out = sums.take();
    out.resize(7);  // the stage and the cameras have none
    return out;
  }
};

Tensor rows_of(const std::vector<float>& values, const std::vector<int64_t>& rows, int64_t width) {
  Tensor out = at::empty({static_cast<int64_t>(rows.size()), width}, at::kFloat);
  float* to = out.mutable_data_ptr<float>();
  for (const int64_t row : rows) to = std::copy_n(values.data() + row * width, width, to);
  return out;
}

void copy_out(const Tensor& values, std::vector<float>& target) {
  const Tensor dense = values.detach().contiguous();
  std::copy_n(dense.const_data_ptr<float>(), dense.numel(), target.begin());
}

}  // namespace

struct GaussianGenerator::State {
  std::shared_ptr<Stage> stage = std::make_shared<Stage>();
  std::vector<Camera> views;
  GaussianGroups groups;
  double extent = 1;
  Parts before;  // of the rows

  // Offsets added; differentiable.
  Parts parts(const Latent& latent) const {
    const Tensor& tone = latent.parts.at("tone");
    const Tensor matrix = tone.narrow(1, 0, 3) + at::eye(3, at::kFloat);
    // 0.5 + kBand0 sh0' = matrix (0.5 + kBand0 sh0) + shift.
    const Tensor shift = ((matrix.sum(1) - 1) * 0.5 + tone.select(1, 3)) / kBand0;
    Parts out;
    out.sh0 = before.sh0.matmul(matrix.t()) + shift + latent.parts.at("colour");
    out.rest = before.rest.matmul(matrix.t());
    out.opacity = before.opacity + latent.parts.at("opacity");
    out.scale = before.scale + latent.parts.at("shape");
    out.position = before.position + latent.parts.at("position");
    return out;
  }
};

GaussianGenerator::GaussianGenerator(SplatCloud cloud, std::vector<int64_t> rows,
                                     std::vector<Camera> views, GaussianGroups groups,
                                     double extent, int threads)
    : state_(std::make_unique<State>()) {
  if (rows.empty()) throw Error(ErrorCode::usage, "no Gaussian is chosen");
  if (views.empty()) throw Error(ErrorCode::usage, "there is no view of the scene");
  for (const Camera& camera : views) {
    if (camera.width != views.front().width || camera.height != views.front().height) {
      throw Error(ErrorCode::usage, "the views have different sizes");
    }
  }
  Stage& stage = *state_->stage;
  stage.slot.assign(static_cast<size_t>(cloud.size()), -1);
  for (size_t k = 0; k < rows.size(); ++k) {
    if (rows[k] < 0 || rows[k] >= cloud.size() || (k > 0 && rows[k] <= rows[k - 1])) {
      throw Error(ErrorCode::usage, "there is no Gaussian " + std::to_string(rows[k]) +
                                        ", or the list is not ascending");
    }
    stage.slot[static_cast<size_t>(rows[k])] = static_cast<int32_t>(k);
  }
  const int64_t count = static_cast<int64_t>(rows.size()), bands = cloud.rest_coefficients();
  state_->before = {rows_of(cloud.sh0, rows, 3),
                    rows_of(cloud.sh_rest, rows, 3 * bands).view({count, bands, 3}),
                    rows_of(cloud.opacity_logit, rows, 1).view({count}),
                    rows_of(cloud.log_scale, rows, 3), rows_of(cloud.position, rows, 3)};
  stage.cloud = std::move(cloud);
  stage.rows = std::move(rows);
  stage.threads = threads;
  state_->views = std::move(views);
  state_->groups = groups;
  state_->extent = extent;
}

GaussianGenerator::~GaussianGenerator() = default;

GeneratorInfo GaussianGenerator::info() const {
  const GaussianGroups& groups = state_->groups;
  GeneratorInfo info;
  info.name = "splats";
  info.kind = "gaussians";
  info.width = state_->views.front().width;
  info.height = state_->views.front().height;
  info.groups = {{"tone", {"tone"}, kToneRate, groups.tone},
                 {"colour", {"colour"}, kColourRate, groups.colour},
                 {"opacity", {"opacity"}, kOpacityRate, groups.opacity},
                 {"shape", {"shape"}, kShapeRate, groups.shape},
                 {"position",
                  {"position"},
                  kPositionRate * static_cast<float>(state_->extent),
                  groups.position}};
  return info;
}

Latent GaussianGenerator::initial() const {
  const int64_t count = static_cast<int64_t>(state_->stage->rows.size());
  return {"gaussians",
          {{"tone", at::zeros({3, 4}, at::kFloat)},
           {"colour", at::zeros({count, 3}, at::kFloat)},
           {"opacity", at::zeros({count}, at::kFloat)},
           {"shape", at::zeros({count, 3}, at::kFloat)},
           {"position", at::zeros({count, 3}, at::kFloat)}}};
}

Tensor GaussianGenerator::render(const Latent& latent, int64_t long_side) const {
  std::vector<Camera> cameras = state_->views;
  if (long_side > 0) {
    for (Camera& camera : cameras) camera = camera.at_most(long_side);
  }
  const Parts parts = state_->parts(latent);
  const Tensor pictures =
      at::GradMode::is_enabled()
          ? DrawViews::apply(parts.sh0, parts.rest, parts.opacity, parts.scale, parts.position,
                             state_->stage, cameras)
          : (state_->stage->write(parts), draw(state_->stage, cameras, nullptr));
  return pictures.clamp(0, 1);
}

Tensor GaussianGenerator::render_full(const Latent& latent, Job& job) const {
  const at::NoGradGuard no_grad;
  job.check_cancelled();
  return render(latent, 0);
}

std::vector<Move> GaussianGenerator::moves() const {
  if (!state_->groups.tone) return {};
  std::vector<Move> moves;
  for (int64_t channel = 0; channel < 3; ++channel) {
    moves.push_back({"tone", channel * 4 + 3, kToneStep});        // more of a primary
    moves.push_back({"tone", channel * 4 + channel, kToneStep});  // the same where there is some
  }
  return moves;
}

Tensor GaussianGenerator::prior(const Latent& latent) const {
  const auto square = [&](const char* part) { return latent.parts.at(part).square().mean(); };
  Tensor sum = kTonePrior * square("tone");
  sum = sum + kColourPrior * kBand0 * kBand0 * square("colour");
  sum = sum + kOpacityPrior * square("opacity") + kShapePrior * square("shape");
  return sum + square("position") * (100 * kShapePrior / (state_->extent * state_->extent));
}

SplatCloud GaussianGenerator::moved(const Latent& latent) const {
  const at::NoGradGuard no_grad;
  SplatCloud cloud = state_->stage->cloud.rows(state_->stage->rows);
  const Parts parts = state_->parts(latent);
  copy_out(parts.sh0, cloud.sh0);
  copy_out(parts.rest, cloud.sh_rest);
  copy_out(parts.opacity, cloud.opacity_logit);
  copy_out(parts.scale, cloud.log_scale);
  copy_out(parts.position, cloud.position);
  return cloud;
}

const std::vector<int64_t>& GaussianGenerator::rows() const { return state_->stage->rows; }

}  // namespace vane
