// SPDX-License-Identifier: Apache-2.0
#include "editing/gaussians/splat_edit.h"

#include "editing/start_search.h"
#include "guidance/edge_structure.h"
#include "guidance/objective_stack.h"

namespace vane {
namespace {

/// Term "background": mean square change of what does not come from the chosen Gaussians.
class Background : public Objective {
 public:
  static constexpr const char* kName = "background";

  explicit Background(Tensor share) : rest_(1 - share) {}
  Score evaluate(const Evaluation& evaluation) override {
    const Tensor source = source_of(evaluation, kName);
    return score_of(kName, (rest_ * (evaluation.image - source).square()).mean());
  }
  bool needs_source() const override { return true; }

 private:
  Tensor rest_;  // [V,1,H,W]
};

Tensor shares_of(const SplatCloud& cloud, const std::vector<int64_t>& rows,
                 const std::vector<Camera>& views) {
  std::vector<Tensor> shares;
  for (const Camera& camera : views) {
    const std::vector<float> share = share_of_rows(cloud, rows, camera);
    Tensor picture = at::empty({1, 1, camera.height, camera.width}, at::kFloat);
    std::copy(share.begin(), share.end(), picture.mutable_data_ptr<float>());
    shares.push_back(picture.clamp(0, 1));
  }
  return at::cat(shares);
}

}  // namespace

SplatEdit edit_splats(const SplatCloud& cloud, const std::vector<int64_t>& rows,
                      const EditViews& views, const std::vector<DirectionalGuide>& guides,
                      const SplatEditConfig& config, Job& job) {
  const GaussianGenerator generator(cloud, rows, views.guiding, config.groups,
                                    extent_of_rows(cloud, rows));
  ClipDirectionalConfig directional;
  directional.views.cutouts.count = config.crops;
  directional.views.cutouts.smallest = config.smallest_crop;
  directional.form = "gain";
  directional.tolerance = config.tolerance;
  directional.target = config.target;
  ObjectiveStack objective;
  objective.add(ClipDirectional::kName, std::make_unique<ClipDirectional>(guides, directional));
  if (config.edges > 0) {
    objective.add(EdgeStructure::kName, std::make_unique<EdgeStructure>(), config.edges);
  }
  if (!config.groups.keep_geometry() && static_cast<int64_t>(rows.size()) < cloud.size()) {
    objective.add(Background::kName,
                  std::make_unique<Background>(shares_of(cloud, rows, views.guiding)),
                  config.background);
  }
  Evaluation evaluation;
  Latent start = generator.initial();
  {
    const at::NoGradGuard no_grad;
    evaluation.source = generator.render(start, config.optimise.view_long_side);
  }
  if (config.optimise.probe) {
    start = search_start(generator, start, objective, evaluation, config.optimise, job);
  }
  SplatEdit edit;
  edit.search = optimise(generator, start, objective, evaluation, config.optimise, job);
  edit.moved = generator.moved(edit.search.latent);
  return edit;
}

}  // namespace vane
