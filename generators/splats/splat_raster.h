// SPDX-License-Identifier: Apache-2.0
#pragma once
// What one camera sees of a cloud of Gaussians: projection (EWA), culling, binning into tiles of 16
// pixels, depth order, and blending front to back (3D Gaussian Splatting, Kerbl et al. 2023,
// section 6; the published rasterizer's thresholds). No torch.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "engine/scene/camera.h"
#include "engine/scene/splat_cloud.h"

namespace vane {

struct RasterOptions {
  int active_sh_degree = 3;  // at most the cloud's own
  float near_plane = 0.2f;   // camera z below which a Gaussian is not drawn
  /// Where the published rasterizer passes the gradient through an opacity capped at 0.99; off: the
  /// true gradient, 0.
  bool gradient_through_cap = false;
  int threads = 0;  // 0: every hardware thread that the process may run on
};

/// Pictures of one view, row-major. Empty vectors were not asked for.
struct SplatPicture {
  int width = 0, height = 0;
  std::vector<float> rgb;    // [H,W,3], over the camera's background; not clamped above
  std::vector<float> alpha;  // [H,W], 1 - the transmittance that is left
  std::vector<float> depth;  // [H,W], sum of weight times camera z (not divided by alpha)
  std::vector<float>
      normal;  // [H,W,3], weighted world normals of the shortest axes, towards the camera
};

/// Derivatives of a loss for every parameter of a cloud, in the layout of SplatCloud.
struct SplatGradients {
  std::vector<float> position, sh0, sh_rest, opacity_logit, log_scale, rotation;
  /// Norm of the derivative for the projected centre in normalised device coordinates ([N]; what
  /// densification compares with its threshold) and whether the Gaussian was drawn ([N], 0 or 1).
  std::vector<float> centre_norm;
  std::vector<uint8_t> drawn;
};

/// The derivatives for one Gaussian: what SplatGradients has in its row.
struct SplatRowGradient {
  std::array<float, 3> position{}, sh0{}, log_scale{};
  std::array<float, 45> sh_rest{};  // the first 3 B of them
  std::array<float, 4> rotation{};
  float opacity_logit = 0;
  float centre_norm = 0;
  bool drawn = false;
};

/// One weight w = alpha T of a Gaussian at a pixel.
struct SplatWeight {
  int32_t gaussian;
  float weight;
};

/// A view that was projected and sorted; drawing it in several ways reuses that. The same bytes for
/// any number of threads. Keeps references to the cloud: do not change it meanwhile.
class SplatRaster {
 public:
  SplatRaster(const SplatCloud& cloud, const Camera& camera, const RasterOptions& options = {});
  ~SplatRaster();
  SplatRaster(SplatRaster&&) noexcept;

  SplatPicture draw(bool with_depth = false, bool with_normal = false) const;

  /// Derivatives for the cloud of a loss whose derivative for the picture's rgb is `d_rgb` [H,W,3]
  /// (and for alpha `d_alpha` [H,W], or null). `picture` is what draw() gave.
  SplatGradients backward(const SplatPicture& picture, const float* d_rgb,
                          const float* d_alpha = nullptr) const;

  /// The same one Gaussian at a time, so that training need not keep the derivatives of all: calls
  /// visitor(row, gradient) once for each row of the cloud, those that are not drawn too (with
  /// zeros), on several threads. The visitor may change that row of the cloud; the view is of no
  /// more use then.
  using GradientVisitor = std::function<void(int64_t row, const SplatRowGradient& gradient)>;
  void visit_gradients(const SplatPicture& picture, const float* d_rgb, const float* d_alpha,
                       const GradientVisitor& visitor) const;

  /// Sum of w f over `channels` values a Gaussian, `features` [N,K] row-major: [H,W,K], not divided
  /// by alpha. `alpha`, if not null, gets [H,W].
  std::vector<float> draw_features(const float* features, int channels,
                                   float* alpha = nullptr) const;

  /// The derivative of draw_features for the features with the geometry held: adds sum over pixels
  /// of w g to `d_features` [N,K]; `d_picture` is [H,W,K].
  void backward_features(const float* d_picture, int channels, float* d_features) const;

  /// The weights of every pixel, front to back, in tiles: calls visitor(tile, pixel index, weights,
  /// count) with pixel = row * width + column. Tiles run in parallel; those of one tile in order.
  using WeightVisitor =
      std::function<void(int tile, int64_t pixel, const SplatWeight* weights, int count)>;
  void visit_weights(const WeightVisitor& visitor) const;

  /// How many tiles there are, for visitors that keep something for each.
  int tiles() const;

  /// Adds, for each pixel p whose label is 0 or more, the weight of each Gaussian there to
  /// table[gaussian][label]: sparse accumulation for label-space lifting. `table` has one row a
  /// Gaussian; in its entries the member `gaussian` holds the label, in the order in which labels
  /// were first met (by view, then by tile).
  void accumulate_labels(const int32_t* labels, std::vector<std::vector<SplatWeight>>& table) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vane
