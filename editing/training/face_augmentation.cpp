// SPDX-License-Identifier: Apache-2.0
#include "editing/training/face_augmentation.h"

#include "engine/tensor/image_tensor.h"

namespace vane {
namespace {

/// [N,C,1,1] of uniform numbers in (-most, most).
Tensor uniform(int64_t n, int64_t channels, double most, Rng& rng) {
  Tensor values = at::empty({n, channels, 1, 1});
  float* out = values.mutable_data_ptr<float>();
  for (int64_t i = 0; i < values.numel(); ++i) {
    out[i] = rng.uniform(-static_cast<float>(most), static_cast<float>(most));
  }
  return values;
}

Tensor moved(const Tensor& faces, double most, Rng& rng) {
  const int64_t n = faces.size(0);
  Tensor theta = at::zeros({n, 2, 3});
  const auto reach = static_cast<float>(most);
  for (int64_t i = 0; i < n; ++i) {
    const float size = 1 + rng.uniform(-reach, reach), turn = rng.uniform(-reach, reach);
    float* row = theta.mutable_data_ptr<float>() + 6 * i;
    row[0] = row[4] = size;
    row[1] = -turn;
    row[3] = turn;
    row[2] = 2 * rng.uniform(-reach, reach);
    row[5] = 2 * rng.uniform(-reach, reach);
  }
  const Tensor grid = at::affine_grid_generator(theta, faces.sizes(), false);
  constexpr int64_t bilinear = 0, reflection = 2;
  return at::grid_sampler_2d(faces, grid, bilinear, reflection, false);
}

Tensor with_cutouts(const Tensor& faces, double share, Rng& rng) {
  Tensor result = faces;
  const int64_t side = faces.size(2);
  for (int64_t i = 0; i < faces.size(0); ++i) {
    if (!rng.chance(static_cast<float>(share))) continue;
    const auto size = side / 8 + int64_t(rng.below(static_cast<uint32_t>(side / 6)));
    const int64_t y = rng.below(static_cast<uint32_t>(side - size));
    const int64_t x = rng.below(static_cast<uint32_t>(side - size));
    const float grey = rng.uniform();
    result[i].narrow(1, y, size).narrow(2, x, size).fill_(grey);
  }
  return result;
}

}  // namespace

Tensor augmented_faces(const Tensor& faces, const FaceAugmentation& augmentation, const Rng& rng) {
  Rng draw = rng.fork("augmentation");
  const int64_t n = faces.size(0), side = faces.size(2);
  Tensor x = augmentation.shift > 0 ? moved(faces, augmentation.shift, draw) : faces.clone();
  if (draw.chance(static_cast<float>(augmentation.blur))) {
    const auto small = static_cast<int64_t>(draw.uniform(0.35f, 0.9f) * static_cast<float>(side));
    x = resize_bicubic(resize_area(x, small, small), side, side);
  }
  const double colour = augmentation.colour;
  const Tensor gain = 1 + uniform(n, 1, colour, draw) + uniform(n, 3, colour / 2, draw);
  const Tensor gamma = 1 + uniform(n, 1, 2 * colour, draw);
  x = (x.clamp(1e-4, 1).pow(gamma) * gain);
  if (augmentation.noise > 0) {
    const Tensor noise = at::empty_like(x);
    float* out = noise.mutable_data_ptr<float>();
    for (int64_t i = 0; i < noise.numel(); ++i) out[i] = draw.uniform(-1.7f, 1.7f);
    x = x + noise * uniform(n, 1, augmentation.noise, draw);
  }
  return with_cutouts(x.clamp(0, 1), augmentation.cutout, draw);
}

}  // namespace vane
