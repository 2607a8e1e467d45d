// SPDX-License-Identifier: Apache-2.0
#include "editing/faces/padded_photo.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"

namespace vane {
namespace {

/// Index of the reflection that does not repeat the edge: … 2 1 | 0 1 2 … n-1 | n-2 ….
int reflected(int i, int n) {
  if (n == 1) return 0;
  const int period = 2 * (n - 1);
  i %= period;
  if (i < 0) i += period;
  return i < n ? i : period - i;
}

/// Index of the reflection that repeats the edge.
int mirrored(int i, int n) {
  i %= 2 * n;
  if (i < 0) i += 2 * n;
  return i < n ? i : 2 * n - 1 - i;
}

RgbField transposed(const RgbField& field) {
  RgbField result(field.height, field.width);
  for (int y = 0; y < field.height; ++y) {
    for (int x = 0; x < field.width; ++x) result.at(y, x) = field.at(x, y);
  }
  return result;
}

RgbField blurred_across(const RgbField& field, double sigma) {
  const int radius = static_cast<int>(4 * sigma + 0.5);
  std::vector<float> weights;
  double sum = 0;
  for (int i = -radius; i <= radius; ++i) sum += std::exp(-0.5 * i * i / (sigma * sigma));
  for (int i = -radius; i <= radius; ++i) {
    weights.push_back(static_cast<float>(std::exp(-0.5 * i * i / (sigma * sigma)) / sum));
  }
  RgbField result(field.width, field.height);
  for (int y = 0; y < field.height; ++y) {
    for (int x = 0; x < field.width; ++x) {
      Rgb mean{};
      for (int i = -radius; i <= radius; ++i) {
        const Rgb& pixel = field.at(mirrored(x + i, field.width), y);
        for (size_t c = 0; c < 3; ++c) mean[c] += weights[size_t(i + radius)] * pixel[c];
      }
      result.at(x, y) = mean;
    }
  }
  return result;
}

RgbField gaussian(const RgbField& field, double sigma) {
  return transposed(blurred_across(transposed(blurred_across(field, sigma)), sigma));
}

float median_of(std::vector<float>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5f * (*middle + *std::max_element(values.begin(), middle));
}

/// How much of the blurred and of the median colour a point gets, by its place between the outer
/// edge (1), the photograph's edge (0) and further inside.
float blur_share(float edge) { return std::clamp(3 * edge + 1, 0.f, 1.f); }
float median_share(float edge) { return std::clamp(edge, 0.f, 1.f); }

void mix(Rgb& colour, const Rgb& other, float share) {
  for (size_t c = 0; c < 3; ++c) colour[c] += share * (other[c] - colour[c]);
}

template <class Sample>
Rgb pixel_of(const Sample* pixel, int channels) {
  if (channels <= 2) return {float(pixel[0]), float(pixel[0]), float(pixel[0])};
  return {float(pixel[0]), float(pixel[1]), float(pixel[2])};
}

}  // namespace

PaddedPhoto::PaddedPhoto(const Image& photo, const FaceCrop& crop) : photo_(photo) {
  const auto refuse = [] { throw Error(ErrorCode::input, "the face lies outside the picture"); };
  const double side = crop.side();
  // Far from where the integers below would overflow.
  if (!(side > 0 && side < 1e6)) refuse();
  double low_x = 1e6, low_y = 1e6, high_x = -1e6, high_y = -1e6;
  for (const CropPoint& p : crop.quad()) {
    if (!(std::abs(p.x) < 1e6 && std::abs(p.y) < 1e6)) refuse();
    low_x = std::min(low_x, p.x), low_y = std::min(low_y, p.y);
    high_x = std::max(high_x, p.x), high_y = std::max(high_y, p.y);
  }
  const auto down = [](double v) { return static_cast<int>(std::floor(v)); };
  const auto up = [](double v) { return static_cast<int>(std::ceil(v)); };
  const int border = std::max(static_cast<int>(std::nearbyint(0.1 * side)), 3);
  left_ = std::max(down(low_x) - border, 0), top_ = std::max(down(low_y) - border, 0);
  width_ = std::min(up(high_x) + border, photo.width) - left_;
  height_ = std::min(up(high_y) + border, photo.height) - top_;
  if (width_ < 1 || height_ < 1) refuse();
  pad_ = {left_ - down(low_x) + border, top_ - down(low_y) + border,
          up(high_x) - left_ - width_ + border, up(high_y) - top_ - height_ + border};
  continued_ = *std::max_element(pad_.begin(), pad_.end()) > border - 4;
  if (continued_) continue_photo(side);
}

void PaddedPhoto::continue_photo(double side) {
  for (int& pad : pad_) pad = std::max(pad, static_cast<int>(std::nearbyint(0.3 * side)));
  // A blurred picture needs few pixels: four or more a standard deviation.
  const double sigma = 0.02 * side;
  cell_ = std::max(1, static_cast<int>(sigma / 4));
  RgbField sharp((padded_width() + cell_ - 1) / cell_, (padded_height() + cell_ - 1) / cell_);
  for (int y = 0; y < sharp.height; ++y) {
    for (int x = 0; x < sharp.width; ++x) sharp.at(x, y) = mean_of_cell(x, y);
  }
  // Cells and looking between them linearly blur, too: by variances of 1/12 and 1/6.
  const double blur = sigma / cell_;
  blurred_ = gaussian(sharp, cell_ == 1 ? blur : std::sqrt(blur * blur - 0.25));
  for (int y = 0; y < sharp.height; ++y) {
    for (int x = 0; x < sharp.width; ++x) {
      const double middle = 0.5 * (cell_ - 1);
      mix(sharp.at(x, y), blurred_.at(x, y),
          blur_share(edge_share(x * cell_ + middle, y * cell_ + middle)));
    }
  }
  std::vector<float> values(sharp.pixels.size());
  for (size_t c = 0; c < 3; ++c) {
    for (size_t i = 0; i < values.size(); ++i) values[i] = sharp.pixels[i][c];
    median_[c] = median_of(values);
  }
}

Rgb PaddedPhoto::mean_of_cell(int column, int row) const {
  Rgb sum{};
  int count = 0;
  for (int y = row * cell_; y < std::min((row + 1) * cell_, padded_height()); ++y) {
    const int line = top_ + reflected(y - pad_[1], height_);
    for (int x = column * cell_; x < std::min((column + 1) * cell_, padded_width()); ++x) {
      const size_t at =
          (size_t(line) * size_t(photo_.width) + size_t(left_ + reflected(x - pad_[0], width_))) *
          size_t(photo_.channels);
      mix(sum,
          photo_.depth == 16 ? pixel_of(&photo_.u16[at], photo_.channels)
                             : pixel_of(&photo_.u8[at], photo_.channels),
          1.f / float(++count));
    }
  }
  for (float& v : sum) v /= photo_.depth == 16 ? 65535.f : 255.f;
  return sum;
}

/// Position in the continued part: 1 at its outer edge, 0 at the photograph's, negative inside.
float PaddedPhoto::edge_share(double x, double y) const {
  const double across = std::min(x / pad_[0], (padded_width() - 1 - x) / pad_[2]);
  const double down = std::min(y / pad_[1], (padded_height() - 1 - y) / pad_[3]);
  return static_cast<float>(1 - std::min(across, down));
}

template <class Sample>
void PaddedPhoto::sample_row_of(const Sample* samples, CropPoint first, CropPoint step,
                                RgbField& row) const {
  const float scale = sizeof(Sample) == 2 ? 1.f / 65535 : 1.f / 255;
  const auto pixel = [&](int x, int y) {
    const size_t at = size_t(top_ + y) * size_t(photo_.width) + size_t(left_ + x);
    return pixel_of(samples + at * size_t(photo_.channels), photo_.channels);
  };
  for (int i = 0; i < row.width; ++i) {
    const double x = first.x + i * step.x - left_, y = first.y + i * step.y - top_;
    const int column = static_cast<int>(std::floor(x)), line = static_cast<int>(std::floor(y));
    const float u = static_cast<float>(x - column), v = static_cast<float>(y - line);
    Rgb a, b, c, d;
    if (column >= 0 && line >= 0 && column + 1 < width_ && line + 1 < height_) {
      a = pixel(column, line), b = pixel(column + 1, line);
      c = pixel(column, line + 1), d = pixel(column + 1, line + 1);
    } else {
      const int x0 = reflected(column, width_), x1 = reflected(column + 1, width_);
      const int y0 = reflected(line, height_), y1 = reflected(line + 1, height_);
      a = pixel(x0, y0), b = pixel(x1, y0), c = pixel(x0, y1), d = pixel(x1, y1);
    }
    Rgb colour;
    for (size_t k = 0; k < 3; ++k) {
      const float upper = a[k] + u * (b[k] - a[k]), lower = c[k] + u * (d[k] - c[k]);
      colour[k] = scale * (upper + v * (lower - upper));
    }
    if (continued_) {
      const double in_x = x + pad_[0], in_y = y + pad_[1];
      const float edge = edge_share(in_x, in_y);
      if (edge > -1.f / 3) {
        const double middle = 0.5 * (cell_ - 1);
        mix(colour, sample_linear(blurred_, (in_x - middle) / cell_, (in_y - middle) / cell_),
            blur_share(edge));
        mix(colour, median_, median_share(edge));
      }
    }
    row.pixels[size_t(i)] = colour;
  }
}

void PaddedPhoto::sample_row(CropPoint first, CropPoint second, RgbField& row) const {
  const CropPoint step{second.x - first.x, second.y - first.y};
  if (photo_.depth == 16) {
    sample_row_of(photo_.u16.data(), first, step, row);
  } else {
    sample_row_of(photo_.u8.data(), first, step, row);
  }
}

}  // namespace vane
