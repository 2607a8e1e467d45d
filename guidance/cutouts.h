// SPDX-License-Identifier: Apache-2.0
#pragma once
// Random crops of a picture for a CLIP encoder: many views keep an edit from fooling one of them.

#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "engine/clip/clip_encoder.h"
#include "engine/config/fields.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// Which views of a picture an objective looks at (clip sheet 4.6).
struct CutoutConfig {
  int64_t count = 8;
  /// Crop sides are u^power between the smallest and the largest, u uniform.
  float power = 1.f;
  /// Smallest side as a fraction of the shorter side; 0: the encoder's input size.
  float smallest = 0.f;
  bool whole = true;
  float flip = 0.5f;
  float noise = 0.f;
  float jitter = 0.f;
  /// Number of different crop sets that take turns; 0: new crops at every step. With a bank the
  /// features of the source crops are computed once each, which saves a third of the time.
  int64_t bank = 8;

  template <class V>
  static void fields(V& v) {
    using C = CutoutConfig;
    v.field("count", &C::count, "random square crops a step", {.min = 0, .max = 512});
    v.field("power", &C::power, "size distribution; below 1 favours large crops",
            {.min = 0.05, .max = 20, .log_scale = true});
    v.field("smallest", &C::smallest,
            "smallest crop as a fraction of the shorter side; 0: the encoder's input size",
            {.min = 0, .max = 1});
    v.field("whole", &C::whole, "also look at the whole picture");
    v.field("flip", &C::flip, "probability that a crop is mirrored", {.min = 0, .max = 1});
    v.field("noise", &C::noise, "strongest standard deviation of added noise",
            {.min = 0, .max = 1});
    v.field("jitter", &C::jitter, "strongest relative change of brightness and saturation",
            {.min = 0, .max = 0.9});
    v.field("bank", &C::bank, "crop sets that take turns; 0: new crops at every step",
            {.min = 0, .max = 4096});
  }
};

/// One crop and its augmentations, independent of what is cropped.
struct CropWindow {
  int64_t top = 0, left = 0, side = 0;
  bool flip = false;
  float noise = 0.f;                         // standard deviation
  float brightness = 1.f, saturation = 1.f;  // factors
  uint64_t stream = 0;                       // of the noise
};

/// `config.count` crops of an H x W picture for input size R: side = int(u^power (S_max - S_min) +
/// S_min), S_max = min(H,W), S_min = min(S_max, R or smallest * S_max), corners uniform. Crop k
/// draws from rng.fork("cutout", k), so it does not depend on the count.
std::vector<CropWindow> random_cutouts(int64_t height, int64_t width, int64_t input_size,
                                       const CutoutConfig& config, const Rng& rng);

/// The crops of [N,3,H,W] in [0,1] -> [count,N,3,R,R], augmented; differentiable. Crops are reduced
/// by adaptive average pooling (as in VQGAN-CLIP and CLIP-guided diffusion) and enlarged
/// bilinearly. Throws Error{usage} when a crop does not lie inside. Noise is the same for every
/// picture of the batch, so that edit and source see the same disturbance.
Tensor cut(const Tensor& image, const std::vector<CropWindow>& cutouts, int64_t input_size,
           const Rng& rng);

/// Raw embeddings [V,N,D] of the views of [N,3,H,W]: the whole picture first when asked for (as the
/// encoder's own preprocessing sees it), then the crops. Throws Error{usage} for no view at all.
Tensor view_embeddings(const ClipEncoder& clip, const Tensor& image, const CutoutConfig& config,
                       const Rng& rng);

}  // namespace vane
