// SPDX-License-Identifier: Apache-2.0
#include "enhance/classical/lime.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr int kTaps = 15, kReach = kTaps / 2;
constexpr double kSigma = 2;
constexpr int kMostSteps = 2000;

std::array<double, kTaps> gaussian_taps() {
  std::array<double, kTaps> taps{};
  double sum = 0;
  for (int i = 0; i < kTaps; ++i) {
    const double d = i - kReach;
    sum += taps[static_cast<size_t>(i)] = std::exp(-d * d / (2 * kSigma * kSigma));
  }
  for (double& tap : taps) tap /= sum;
  return taps;
}

/// One pass along lines of `length` samples that lie `step` apart.
std::vector<double> blurred_along(const std::vector<double>& plane, int lines, int line_step,
                                  int length, int step) {
  static const std::array<double, kTaps> kGaussian = gaussian_taps();
  std::vector<double> out(plane.size());
  for (int line = 0; line < lines; ++line) {
    const auto start = static_cast<size_t>(line) * static_cast<size_t>(line_step);
    for (int i = 0; i < length; ++i) {
      double sum = 0;
      for (int k = 0; k < kTaps; ++k) {
        const auto from = static_cast<size_t>(std::clamp(i + k - kReach, 0, length - 1));
        sum += kGaussian[static_cast<size_t>(k)] * plane[start + from * static_cast<size_t>(step)];
      }
      out[start + static_cast<size_t>(i) * static_cast<size_t>(step)] = sum;
    }
  }
  return out;
}

std::vector<double> blurred(const std::vector<double>& plane, int width, int height) {
  return blurred_along(blurred_along(plane, height, width, width, 1), width, 1, height, width);
}

std::vector<double> weights_of(const std::vector<double>& gradient, int width, int height,
                               double epsilon) {
  std::vector<double> inverse = blurred(gradient, width, height);
  for (double& value : inverse) value = 1 / (value + epsilon);
  std::vector<double> weights = blurred(inverse, width, height);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] /= gradient[i] + epsilon;
  return weights;
}

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// The five-point matrix, and its modified incomplete Cholesky factor (Gustafsson 1978; written as
/// in Bridson, Fluid Simulation, 2nd edition, section 5.3.2). All of the fill is put on the
/// diagonal and the safety is low, as rows sum to 1 while weights reach 1e5: with Bridson's .97 and
/// .25 ten times as many steps are needed.
class System {
 public:
  System(const LimeWeights& weights, double smoothness, int width)
      : width_(static_cast<size_t>(width)),
        right_(weights.right),
        down_(weights.down),
        diagonal_(weights.right.size(), 1) {
    for (size_t i = 0; i < diagonal_.size(); ++i) {
      const size_t x = i % width_;
      right_[i] = x + 1 < width_ ? smoothness * right_[i] : 0;
      down_[i] = i + width_ < diagonal_.size() ? smoothness * down_[i] : 0;
    }
    for (size_t i = 0; i < diagonal_.size(); ++i) {
      diagonal_[i] += right_[i] + down_[i];
      if (i >= 1) diagonal_[i] += right_[i - 1];  // 0 across the end of a row
      if (i >= width_) diagonal_[i] += down_[i - width_];
    }
    factorise();
  }

  void multiply(const std::vector<double>& x, std::vector<double>& out) const {
    for (size_t i = 0; i < x.size(); ++i) {
      double sum = diagonal_[i] * x[i];
      if (i >= 1) sum -= right_[i - 1] * x[i - 1];
      if (i + 1 < x.size()) sum -= right_[i] * x[i + 1];
      if (i >= width_) sum -= down_[i - width_] * x[i - width_];
      if (i + width_ < x.size()) sum -= down_[i] * x[i + width_];
      out[i] = sum;
    }
  }

  void precondition(const std::vector<double>& residual, std::vector<double>& out) const {
    for (size_t i = 0; i < residual.size(); ++i) {
      double sum = residual[i];
      if (i >= 1) sum += right_[i - 1] * factor_[i - 1] * out[i - 1];
      if (i >= width_) sum += down_[i - width_] * factor_[i - width_] * out[i - width_];
      out[i] = sum * factor_[i];
    }
    for (size_t i = residual.size(); i-- > 0;) {
      double sum = out[i];
      if (i + 1 < residual.size()) sum += right_[i] * factor_[i] * out[i + 1];
      if (i + width_ < residual.size()) sum += down_[i] * factor_[i] * out[i + width_];
      out[i] = sum * factor_[i];
    }
  }

 private:
  void factorise() {
    constexpr double kShare = 1, kSafety = 0.01;
    factor_.resize(diagonal_.size());
    for (size_t i = 0; i < factor_.size(); ++i) {
      double e = diagonal_[i];
      if (i >= 1) {
        const double left = right_[i - 1] * factor_[i - 1];
        e -= left * left + kShare * left * down_[i - 1] * factor_[i - 1];
      }
      if (i >= width_) {
        const double above = down_[i - width_] * factor_[i - width_];
        e -= above * above + kShare * above * right_[i - width_] * factor_[i - width_];
      }
      if (e < kSafety * diagonal_[i]) e = diagonal_[i];
      factor_[i] = 1 / std::sqrt(e);
    }
  }

  size_t width_;
  std::vector<double> right_, down_, diagonal_, factor_;
};

}  // namespace

LimeWeights lime_weights(const std::vector<double>& brightest, int width, int height,
                         double epsilon) {
  std::vector<double> right(brightest.size()), down(brightest.size());
  const auto w = static_cast<size_t>(width);
  for (size_t i = 0; i < brightest.size(); ++i) {
    if (i % w + 1 < w) right[i] = std::abs(brightest[i + 1] - brightest[i]);
    if (i + w < brightest.size()) down[i] = std::abs(brightest[i + w] - brightest[i]);
  }
  return {weights_of(right, width, height, epsilon), weights_of(down, width, height, epsilon)};
}

std::vector<double> lime_illumination(const std::vector<double>& brightest, int width, int height,
                                      const LimeOptions& options, Job& job) {
  const System system(lime_weights(brightest, width, height, options.epsilon), options.smoothness,
                      width);
  // The brightness itself is a good start: most of it is illumination.
  std::vector<double> t = brightest, product(t.size()), residual(t.size()), z(t.size());
  system.multiply(t, product);
  for (size_t i = 0; i < t.size(); ++i) residual[i] = brightest[i] - product[i];
  system.precondition(residual, z);
  std::vector<double> direction = z;
  double along = dot(residual, z);
  const double wanted = options.tolerance * std::sqrt(dot(brightest, brightest));
  for (int step = 0; std::sqrt(dot(residual, residual)) > wanted; ++step) {
    job.check_cancelled();
    if (step == kMostSteps) {
      throw Error(ErrorCode::numeric, "the illumination map of LIME did not converge");
    }
    system.multiply(direction, product);
    const double length = along / dot(direction, product);
    for (size_t i = 0; i < t.size(); ++i) {
      t[i] += length * direction[i];
      residual[i] -= length * product[i];
    }
    system.precondition(residual, z);
    const double next = dot(residual, z);
    for (size_t i = 0; i < t.size(); ++i) direction[i] = z[i] + next / along * direction[i];
    along = next;
  }
  return t;
}

}  // namespace vane
