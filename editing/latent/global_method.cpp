// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "editing/latent/edit_channels.h"
#include "editing/latent/latent_method.h"
#include "editing/latent/relevance.h"

namespace vane {
namespace {

// Deviations of the strongest channel; the sheet's range of alpha ends at 25.
constexpr double kReach = 6;
// Deviations at which a channel is looked at under a mask, StyleCLIP's probes being of 5.
constexpr double kProbe = 3;
// What relevance is verified by: StyleCLIP's probes, in fewer pictures.
constexpr int64_t kProbed = 24, kProbePictures = 2;
constexpr double kPublishedProbe = 5;

class GlobalMethod final : public LatentEditMethod {
 public:
  std::vector<LatentCandidate> candidates(const LatentScene& scene, const Direction& direction,
                                          Job& job) override {
    if (!channels_) {
      channels_ = scene.options.space == "w_plus"
                      ? component_channels(*scene.generator, scene.prior->latents)
                      : style_channels(*scene.generator, scene.prior->latents, job);
      relevance_ = relevance_of(*scene.generator, *channels_, *scene.prior, job);
    }
    const double agreement = scene.options.verify
                                 ? agreement_of(scene, *channels_, relevance_.rows, direction, job)
                                 : std::numeric_limits<double>::quiet_NaN();
    std::vector<LatentCandidate> found;
    for (const double beta : betas(scene, relevance_.rows, direction.vector)) {
      Tensor coordinates = selected_channels(relevance_.rows, direction.vector, beta);
      if (beta == 0 && scene.options.beta < 0) {
        // With all channels kept nothing else tells the strong from the weak.
        coordinates = coordinates * relevance_.lengths;
        coordinates = coordinates / coordinates.abs().max().clamp_min(1e-30);
      }
      if (scene.mask.defined()) coordinates = local(scene, *channels_, coordinates, job);
      const int64_t count = (coordinates != 0).sum().item<int64_t>();
      found.push_back({channels_->move(coordinates), kReach, beta, count, agreement});
    }
    return found;
  }

 private:
  /// Of channels from the least to the most relevant, looked at in samples of the prior.
  static double agreement_of(const LatentScene& scene, const EditChannels& channels,
                             const Tensor& relevance, const Direction& direction, Job& job) {
    const Tensor along = at::mv(relevance, direction.vector);
    const Tensor order = std::get<1>(at::sort(along));
    const int64_t count = std::min(kProbed, order.size(0));
    std::vector<int64_t> which;
    for (int64_t k = 0; k < count; ++k) {
      const int64_t place = k * (order.size(0) - 1) / std::max<int64_t>(1, count - 1);
      which.push_back(order[place].item<int64_t>());
    }
    const Tensor measured =
        at::mv(probe_relevance(*scene.generator, channels, *scene.prior, *scene.clip, which,
                               kProbePictures, kPublishedProbe, job),
               direction.vector);
    std::vector<double> estimates, probes;
    for (size_t k = 0; k < which.size(); ++k) {
      estimates.push_back(along[which[k]].item<double>());
      probes.push_back(measured[static_cast<int64_t>(k)].item<double>());
    }
    return rank_correlation(estimates, probes);
  }

  /// The published rule, half of it, and all channels by the size of their effect: the fewer
  /// channels, the less else is changed, the more, the smaller each change.
  static std::vector<double> betas(const LatentScene& scene, const Tensor& relevance,
                                   const Tensor& direction) {
    if (scene.options.beta >= 0) return {scene.options.beta};
    const double beta = automatic_beta(relevance, direction);
    return {beta, beta / 2, 0};
  }

  /// Keeps the channels that change the inside of the mask more than its share of the picture.
  static Tensor local(const LatentScene& scene, const EditChannels& channels,
                      const Tensor& coordinates, Job& job) {
    constexpr int64_t kMost = 200;
    const Tensor source = moved_picture(*scene.generator, scene.w_plus, {}, scene.side);
    const auto [size, order] = at::sort(coordinates.abs(), 0, /*descending=*/true);
    const int64_t used = std::min(kMost, (size > 0).sum().item<int64_t>());
    const double share = scene.mask.mean().item<double>();
    Tensor kept = at::zeros_like(coordinates);
    double best = 0;
    int64_t most_local = order[0].item<int64_t>();
    for (int64_t k = 0; k < used; ++k) {
      job.check_cancelled();
      job.progress(k, used, "looking where channels act");
      const int64_t channel = order[k].item<int64_t>();
      Tensor probe = at::zeros_like(coordinates);
      probe[channel] = kProbe;
      const Tensor change =
          (moved_picture(*scene.generator, scene.w_plus, channels.move(probe), scene.side) - source)
              .abs();
      const double total = change.sum().item<double>();
      const double inside = total > 0 ? (change * scene.mask).sum().item<double>() / total : 0;
      if (inside > best) {
        best = inside;
        most_local = channel;
      }
      if (inside > share) kept[channel] = coordinates[channel];
    }
    if ((kept != 0).sum().item<int64_t>() == 0) kept[most_local] = coordinates[most_local];
    return kept;
  }

  std::unique_ptr<EditChannels> channels_;
  Relevance relevance_;
};

}  // namespace

std::unique_ptr<LatentEditMethod> global_method() { return std::make_unique<GlobalMethod>(); }

}  // namespace vane
