// SPDX-License-Identifier: Apache-2.0
#include "editing/photo_edit.h"

#include "editing/start_search.h"
#include "engine/tensor/image_tensor.h"
#include "generators/develop/develop_generator.h"
#include "generators/develop/develop_tensor.h"
#include "guidance/edge_structure.h"
#include "guidance/objective_stack.h"

namespace vane {
namespace {

// Name of the objectives of a guidance file in reports.
constexpr const char* kMore = "guidance";
constexpr int kStructureSteps = 6;  // to within 1/64 of the edit

ObjectiveStack make_objective(const std::vector<DirectionalGuide>& guides,
                              const PhotoEditConfig& config, std::unique_ptr<Objective> more) {
  ClipDirectionalConfig directional;
  directional.views = config.views;
  directional.form = "gain";
  directional.tolerance = config.tolerance;
  directional.target = config.target;
  ObjectiveStack stack;
  if (!guides.empty()) {
    stack.add(ClipDirectional::kName, std::make_unique<ClipDirectional>(guides, directional));
  }
  if (more) stack.add(kMore, std::move(more));
  if (config.edges > 0) {
    stack.add(EdgeStructure::kName, std::make_unique<EdgeStructure>(), config.edges);
  }
  return stack;
}

/// Largest share of `settings` at which the picture still has its edges.
double share_with_structure(const Tensor& working, const Tensor& mask,
                            const DevelopSettings& settings, double least) {
  const at::NoGradGuard no_grad;
  const Tensor opacity =
      mask.defined() ? resize_area(mask, working.size(2), working.size(3)).clamp(0, 1) : Tensor();
  const auto keeps = [&](double share) {
    Tensor edited =
        develop_tensor(working, latent_of_settings(scaled(settings, static_cast<float>(share))));
    if (opacity.defined()) edited = working + opacity * (edited - working);
    edited = at::round(edited * 255) / 255;  // steps of 8 bits cost a flat picture edges as well
    return edge_ssim(working, edited) >= least;
  };
  if (least <= 0 || keeps(1)) return 1;
  double low = 0, high = 1;
  for (int step = 0; step < kStructureSteps; ++step) {
    const double middle = (low + high) / 2;
    (keeps(middle) ? low : high) = middle;
  }
  return low;
}

}  // namespace

PhotoEdit edit_photo(const Tensor& working, const Tensor& mask,
                     const std::vector<DirectionalGuide>& guides, const PhotoEditConfig& config,
                     Job& job, std::unique_ptr<Objective> more) {
  const DevelopGenerator generator(working);
  ObjectiveStack objective = make_objective(guides, config, std::move(more));
  Evaluation evaluation;
  evaluation.source = generator.source_view(config.optimise.view_long_side);
  if (mask.defined()) {
    evaluation.mask =
        resize_area(mask, evaluation.source.size(2), evaluation.source.size(3)).clamp(0, 1);
  }
  PhotoEdit edit;
  if (!guides.empty()) {
    edit.reach = reach_of(generator, generator.initial(), guides.front(),
                          config.optimise.view_long_side, job);
  }
  Latent start = generator.initial();
  if (config.optimise.probe) {
    start = search_start(generator, start, objective, evaluation, config.optimise, job);
  }
  edit.search = optimise(generator, start, objective, evaluation, config.optimise, job);
  if (config.give_up) job.check_cancelled();
  edit.settings =
      scaled(settings_of_latent(edit.search.latent), static_cast<float>(edit.reach.factor));
  edit.kept = share_with_structure(working, mask, edit.settings, config.structure);
  edit.settings = scaled(edit.settings, static_cast<float>(edit.kept));
  return edit;
}

}  // namespace vane
