// SPDX-License-Identifier: Apache-2.0
#include "editing/latent/evaluated_edit.h"

#include <map>

#include "editing/latent/delta_edit.h"
#include "editing/latent/delta_strength.h"
#include "engine/base/error.h"
#include "guidance/direction.h"

namespace vane {
namespace {

constexpr int64_t kScoredSide = 128;

class DeltaMethod final : public EvaluatedEdit {
 public:
  explicit DeltaMethod(const EditTools& tools)
      : tools_(tools),
        editor_(load_delta_editor(delta_model_file(tools.config.delta.model), tools.generator,
                                  tools.clip.info().hash, tools.limits)) {}

  EditedPicture edit(const EditedSource& source, const std::string& from,
                     const std::string& to) override {
    const EvaluatedDelta& settings = tools_.config.delta;
    const Tensor direction = direction_of(from, to);
    DeltaEditOptions options{settings.relevance, settings.alignment, settings.contrast, 1};
    const auto picture = settings.in_w ? of_latents(source, direction, options)
                                       : of_styles(source, direction, options);
    double full = 1;
    if (settings.reach > 0) {
      const Tensor axis = direction / direction.norm();
      full = strength_that_reaches(
          [&](double strength) {
            const Tensor seen = picture(strength, kScoredSide, true).clamp(0, 1);
            return tools_.clip.image_features(seen)[0].dot(axis).item<double>();
          },
          score_among_pictures(editor_.model, axis, settings.reach), settings.largest);
    }
    return [picture, full, previews = tools_.config.previews](double strength, int64_t side) {
      return picture(strength * full, side, previews);
    };
  }

 private:
  using Picture = std::function<Tensor(double strength, int64_t side, bool preview)>;

  Picture of_latents(const EditedSource& source, const Tensor& direction,
                     const DeltaEditOptions& options) const {
    const Tensor step = delta_latent_step(editor_, tools_.generator, source.w_plus,
                                          source.image_embedding, direction, options);
    return [&generator = tools_.generator, step, w = source.w_plus](double strength, int64_t side,
                                                                    bool preview) {
      const Tensor moved = w + step * strength;
      return generator.synthesise_styles_at(generator.styles(moved), side,
                                            preview ? moved : Tensor());
    };
  }

  Picture of_styles(const EditedSource& source, const Tensor& direction,
                    const DeltaEditOptions& options) const {
    const StyleCode step = delta_edit(editor_.model, tools_.generator, source.w_plus,
                                      source.image_embedding, direction, options);
    return [&generator = tools_.generator, step, code = tools_.generator.styles(source.w_plus),
            w = source.w_plus](double strength, int64_t side, bool preview) {
      StyleCode moved;
      for (size_t i = 0; i < code.size(); ++i) moved.push_back(code[i] + step[i] * strength);
      return generator.synthesise_styles_at(moved, side, preview ? w : Tensor());
    };
  }

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
  DeltaEditor editor_;
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
