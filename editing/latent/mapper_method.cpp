// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <optional>

#include "editing/latent/latent_method.h"
#include "engine/base/error.h"
#include "generators/mappers/latent_mapper.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

void check_same(const LatentMapper& mapper, const char* fact, const std::string& own,
                const fs::path& file) {
  const auto found = mapper.facts.find(fact);
  if (found == mapper.facts.end() || found->second == own) return;
  throw Error(ErrorCode::checkpoint, fmt::format("this mapper was trained with another {}", fact))
      .in_file(file)
      .with_hint("train one: vane train mapper CONFIG.yaml");
}

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
    const fs::path& asked = scene.options.mapper;
    if (asked.empty()) {
      throw Error(ErrorCode::usage, "a latent mapper knows one phrase, and none was named")
          .at_key("--mapper")
          .with_hint("train one: vane train mapper CONFIG.yaml");
    }
    const fs::path file = fs::is_directory(asked) ? asked / "mapper.safetensors" : asked;
    mapper_ = load_latent_mapper(file);
    check_same(*mapper_, "generator", scene.generator->content_hash(), file);
    check_same(*mapper_, "clip", scene.clip->info().hash, file);
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
