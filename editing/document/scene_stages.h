// SPDX-License-Identifier: Apache-2.0
#pragma once
// A scene as its edits leave it, in memory, from answers of `vane query` that are known already:
// another threshold, action or colour needs no other question.

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "editing/document/edit_stack.h"
#include "engine/base/job.h"
#include "engine/scene/splat_cloud.h"

namespace vane {

/// What the service said about one text in one state of the scene, whose rows are counted here.
struct SceneAnswer {
  std::string level;
  double score = 0;
  std::vector<float> relevancy, weight;  // as QueryText has them
  /// Why there is none; empty otherwise.
  std::string problem;
};
using SceneAnswers = std::map<std::string, std::shared_ptr<const SceneAnswer>>;

/// What an edit came to. Rows are those of the scene as stored.
struct SceneFinding {
  int64_t edit = 0;
  /// Of the answer.
  std::string key;
  bool known = false, present = false;
  double score = 0;
  std::string level, problem;
  std::shared_ptr<const std::vector<int64_t>> selected;
  /// [rows of the scene as stored]; 0 for those that are gone.
  std::shared_ptr<const std::vector<float>> relevancy;
};

/// The scene after all edits.
struct SceneStage {
  std::shared_ptr<const SplatCloud> cloud;
  /// Row of the scene as stored that each is; null: all are there.
  std::shared_ptr<const std::vector<int64_t>> rows;
  std::vector<SceneFinding> findings;  // one an edit, in order
  /// The edits that changed it.
  std::vector<EditStack::Entry> changed_by;

  /// The first question that nobody answered yet; edits after it may be missing.
  struct Question {
    std::string key;
    EditStack::Entry edit;
    std::vector<EditStack::Entry> before;  // that changed the scene
  };
  std::optional<Question> question;

  /// Null for another edit.
  const SceneFinding* finding(int64_t edit) const;
};

/// Used from one thread.
class SceneStages {
 public:
  /// `key` tells the scene and its field from others.
  SceneStages(std::shared_ptr<const SplatCloud> scene, std::string key);

  /// Throws Cancelled.
  SceneStage after(const EditStack& stack, const SceneAnswers& answers, Job& job);

 private:
  struct State {
    std::string key;
    std::shared_ptr<const SplatCloud> cloud;
    std::shared_ptr<const std::vector<int64_t>> rows;
  };

  SceneFinding find(const Edit& edit, const State& state, const SceneAnswers& answers);
  State changed(const Edit& edit, const State& state, const SceneFinding& finding);
  std::shared_ptr<const std::vector<int64_t>> selected(const SceneFinding& finding,
                                                       const SceneAnswer& answer, double threshold,
                                                       const State& state);

  State scene_;
  std::list<State> kept_;  // newest first
  std::map<std::string, std::shared_ptr<const std::vector<int64_t>>> selections_;
  std::map<std::string, std::shared_ptr<const std::vector<float>>> relevancies_;
};

}  // namespace vane
