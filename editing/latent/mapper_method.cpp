// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <optional>

#include "editing/latent/latent_method.h"
#include "editing/latent/trained_for.h"
#include "generators/mappers/latent_mapper.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class MapperMethod final : public LatentEditMethod {
 public:
  std::vector<LatentCandidate> candidates(const LatentScene& scene, const Direction&,
                                          Job& job) override {
    const at::NoGradGuard no_grad;
    if (!mapper_) load(scene, job);
    LatentCandidate candidate;
    candidate.move.w_plus = kMapperStep * latent_step(*mapper_, scene.w_plus);
    return {candidate};
  }

 private:
  void load(const LatentScene& scene, Job& job) {
    const fs::path file = trained_file(scene.options.mapper, "mapper");
    mapper_ = load_latent_mapper(file);
    check_trained_for(mapper_->facts, "generator", scene.generator->content_hash(), file, "mapper");
    check_trained_for(mapper_->facts, "clip", scene.clip->info().hash, file, "mapper");
    const auto phrase = mapper_->facts.find("to");
    if (phrase != mapper_->facts.end()) {
      job.info(fmt::format("this mapper leads to \"{}\" whatever is asked for", phrase->second));
    }
  }

  std::optional<LatentMapper> mapper_;
};

}  // namespace

std::unique_ptr<LatentEditMethod> mapper_method() { return std::make_unique<MapperMethod>(); }

}  // namespace vane
