// SPDX-License-Identifier: Apache-2.0
#include "editing/latent/evaluated_edit.h"

#include <map>
#include <optional>

#include "editing/latent/delta_edit.h"
#include "editing/latent/delta_strength.h"
#include "editing/latent/latent_projection.h"
#include "engine/base/error.h"
#include "guidance/direction.h"

namespace vane {
namespace {

constexpr int64_t kScoredSide = 128;

class DeltaMethod final : public EvaluatedEdit {
 public:
  explicit DeltaMethod(const EditTools& tools)
      : tools_(tools),
        model_(load_delta_model(delta_model_file(tools.config.delta.model), tools.generator,
                                tools.clip.info().hash, tools.limits)) {
    if (tools.config.delta.in_w) projection_.emplace(model_, tools.generator);
  }

  EditedPicture edit(const EditedSource& source, const std::string& from,
                     const std::string& to) override {
    const EvaluatedDelta& settings = tools_.config.delta;
    const Tensor direction = direction_of(from, to);
    DeltaEditOptions options{settings.relevance, settings.alignment, settings.contrast, 1};
    const StyleCode step = delta_edit(model_, tools_.generator, source.w_plus,
                                      source.image_embedding, direction, options);
    const StyleCode code = tools_.generator.styles(source.w_plus);
    const Tensor in_w =
        projection_ ? projection_->latent_step(moved_styles(model_, step)) : Tensor();
    const auto picture = [&generator = tools_.generator, step, code, in_w, w = source.w_plus](
                             double strength, int64_t side, bool preview) {
      if (in_w.defined()) {
        const Tensor moved = w + in_w * strength;
        return generator.synthesise_styles_at(generator.styles(moved), side,
                                              preview ? moved : Tensor());
      }
      StyleCode moved;
      for (size_t i = 0; i < code.size(); ++i) moved.push_back(code[i] + step[i] * strength);
      return generator.synthesise_styles_at(moved, side, preview ? w : Tensor());
    };
    double full = 1;
    if (settings.reach > 0) {
      const Tensor axis = direction / direction.norm();
      full = strength_that_reaches(
          [&](double strength) {
            const Tensor seen = picture(strength, kScoredSide, true).clamp(0, 1);
            return tools_.clip.image_features(seen)[0].dot(axis).item<double>();
          },
          score_among_pictures(model_, axis, settings.reach), settings.largest);
    }
    return [picture, full, previews = tools_.config.previews](double strength, int64_t side) {
      return picture(strength * full, side, previews);
    };
  }

 private:
  const Tensor& direction_of(const std::string& from, const std::string& to) {
    Tensor& known = directions_[{from, to}];
    if (!known.defined()) {
      const Direction found = text_direction(tools_.clip, from, to, tools_.config.templates,
                                             TemplateAveraging::average_first);
      known = found.vector * found.magnitude;
    }
    return known;
  }

  EditTools tools_;
  DeltaModel model_;
  std::optional<LatentProjection> projection_;
  std::map<std::pair<std::string, std::string>, Tensor> directions_;
};

}  // namespace

const std::vector<std::string>& evaluated_edit_names() {
  static const std::vector<std::string> names{"delta"};
  return names;
}

std::unique_ptr<EvaluatedEdit> make_evaluated_edit(const std::string& name,
                                                   const EditTools& tools) {
  if (name == "delta") return std::make_unique<DeltaMethod>(tools);
  std::string known;
  for (const std::string& other : evaluated_edit_names())
    known += (known.empty() ? "" : ", ") + other;
  throw Error(ErrorCode::config, "no method is called \"" + name + "\"")
      .at_key("methods")
      .with_hint("there are " + known);
}

}  // namespace vane
