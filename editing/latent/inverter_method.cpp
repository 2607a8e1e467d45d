// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <optional>

#include "editing/latent/latent_method.h"
#include "editing/latent/trained_for.h"
#include "editing/portraits/face_encoder.h"
#include "engine/base/error.h"
#include "generators/inversion/pyramid_encoder.h"
#include "generators/mappers/clip_inverter.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// Multiples of the published step of 0.1.
constexpr double kReach = 2, kStep = 0.1;

class InverterMethod final : public LatentEditMethod {
 public:
  std::vector<LatentCandidate> candidates(const LatentScene& scene, const Direction& direction,
                                          Job&) override {
    const at::NoGradGuard no_grad;
    if (!inverter_) load(scene);
    const Tensor face = moved_picture(*scene.generator, scene.w_plus, {},
                                      std::min(PyramidEncoder::kSide, scene.generator->size()))
                            .clamp(0, 1);
    const PyramidFeatures features = face_features(*encoder_, face);
    const PyramidFeatures adapted =
        adapted_features(inverter_->adapter, features, text_of(scene, direction, face));
    LatentCandidate candidate;
    candidate.move.w_plus = kStep * feature_rows(*encoder_, adapted);
    candidate.reach = kReach;
    return {candidate};
  }

 private:
  /// [1,E], not unit, as adapters read it.
  static Tensor text_of(const LatentScene& scene, const Direction& direction, const Tensor& face) {
    const auto phrase = direction.origin.find("to");
    if (direction.kind == "text" && phrase != direction.origin.end()) {
      return scene.clip->text_embedding({phrase->second});
    }
    const Tensor seen = scene.clip->image_embedding(face);
    return seen + seen.norm() * direction.magnitude * direction.vector.unsqueeze(0);
  }

  void load(const LatentScene& scene) {
    const fs::path file = trained_file(scene.options.mapper, "inverter");
    inverter_ = load_clip_inverter(file);
    check_trained_for(inverter_->facts, "generator", scene.generator->content_hash(), file,
                      "inverter");
    check_trained_for(inverter_->facts, "clip", scene.clip->info().hash, file, "inverter");
    encoder_ = load_pyramid_encoder(bundled_face_encoder(), *scene.generator);
    check_trained_for(inverter_->facts, "encoder", encoder_->content_hash, file, "inverter");
  }

  std::optional<ClipInverter> inverter_;
  std::optional<PyramidEncoder> encoder_;
};

}  // namespace

std::unique_ptr<LatentEditMethod> inverter_method() { return std::make_unique<InverterMethod>(); }

}  // namespace vane
