// SPDX-License-Identifier: Apache-2.0
#include "editing/document/scene_stages.h"

#include <fmt/format.h>

#include <algorithm>

#include "editing/document/scene_steps.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/text.h"
#include "generators/language/found_splats.h"
#include "generators/splats/splat_recolour.h"

namespace vane {
namespace {

// A state may have a million Gaussians.
constexpr size_t kMostStates = 2, kMostSelections = 64, kMostRelevancies = 16;

std::string question_key(const std::string& state, const Edit& edit) {
  const SceneParameters& asked = edit.scene;
  return hex64(xxh64(fmt::format("{}|{}|{}|{}|{}", state, asked.text, join(asked.negative, "\n"),
                                 asked.level, asked.contrast)));
}

std::string state_key(const SceneFinding& finding, const Edit& edit) {
  return hex64(
      xxh64(fmt::format("{}|{}|{}|{}", finding.key, edit.scene.threshold, edit.scene.action,
                        edit.scene.action == "recolour" ? edit.scene.colour : "")));
}

}  // namespace

const SceneFinding* SceneStage::finding(int64_t edit) const {
  for (const SceneFinding& one : findings) {
    if (one.edit == edit) return &one;
  }
  return nullptr;
}

SceneStages::SceneStages(std::shared_ptr<const SplatCloud> scene, std::string key)
    : scene_{std::move(key), std::move(scene), nullptr} {}

SceneStage SceneStages::after(const EditStack& stack, const SceneAnswers& answers, Job& job) {
  SceneStage stage;
  State state = scene_;
  for (const EditStack::Entry& edit : stack.edits()) {
    if (edit->kind != EditKind::scene) continue;
    job.check_cancelled();
    stage.findings.push_back(find(*edit, state, answers));
    SceneFinding& finding = stage.findings.back();
    if (!finding.known && finding.problem.empty() && !stage.question) {
      stage.question = {finding.key, edit, stage.changed_by};
    }
    if (!changes_scene(*edit)) continue;
    if (!finding.known && finding.problem.empty()) break;  // nobody knows what comes after it
    if (!finding.present) continue;
    try {
      state = changed(*edit, state, finding);
      stage.changed_by.push_back(edit);
    } catch (const Error& problem) {
      finding.problem = problem.what();
    }
  }
  stage.cloud = state.cloud;
  stage.rows = state.rows;
  return stage;
}

SceneFinding SceneStages::find(const Edit& edit, const State& state, const SceneAnswers& answers) {
  SceneFinding finding;
  finding.edit = edit.id;
  finding.key = question_key(state.key, edit);
  if (edit.scene.text.empty()) {
    finding.problem = "there is no phrase to look for";
    return finding;
  }
  const auto known = answers.find(finding.key);
  if (known == answers.end()) return finding;
  const SceneAnswer& answer = *known->second;
  if (!answer.problem.empty()) {
    finding.problem = answer.problem;
    return finding;
  }
  finding.known = true;
  finding.score = answer.score;
  finding.level = answer.level;
  finding.selected = selected(finding, answer, edit.scene.threshold, state);
  finding.present = !finding.selected->empty();
  if (const auto spread = relevancies_.find(finding.key); spread != relevancies_.end()) {
    finding.relevancy = spread->second;
    return finding;
  }
  auto all = std::make_shared<std::vector<float>>(static_cast<size_t>(scene_.cloud->size()), 0.f);
  for (size_t i = 0; i < answer.relevancy.size(); ++i) {
    (*all)[state.rows ? static_cast<size_t>((*state.rows)[i]) : i] = answer.relevancy[i];
  }
  if (relevancies_.size() >= kMostRelevancies) relevancies_.clear();
  finding.relevancy = relevancies_[finding.key] = all;
  return finding;
}

std::shared_ptr<const std::vector<int64_t>> SceneStages::selected(const SceneFinding& finding,
                                                                  const SceneAnswer& answer,
                                                                  double threshold,
                                                                  const State& state) {
  const std::string key = fmt::format("{}@{}", finding.key, threshold);
  if (const auto known = selections_.find(key); known != selections_.end()) return known->second;
  std::vector<int64_t> rows =
      found_splats(*state.cloud, answer.weight, answer.relevancy, answer.score, threshold);
  if (state.rows) {
    for (int64_t& row : rows) row = (*state.rows)[static_cast<size_t>(row)];
  }
  if (selections_.size() >= kMostSelections) selections_.clear();
  return selections_[key] = std::make_shared<const std::vector<int64_t>>(std::move(rows));
}

SceneStages::State SceneStages::changed(const Edit& edit, const State& state,
                                        const SceneFinding& finding) {
  const std::string key = state_key(finding, edit);
  for (auto at = kept_.begin(); at != kept_.end(); ++at) {
    if (at->key != key) continue;
    kept_.splice(kept_.begin(), kept_, at);
    return kept_.front();
  }
  // Rows of the state: both lists ascend.
  std::vector<int64_t> inside, outside;
  auto next = finding.selected->begin();
  for (int64_t i = 0; i < state.cloud->size(); ++i) {
    const int64_t row = state.rows ? (*state.rows)[static_cast<size_t>(i)] : i;
    const bool is_selected = next != finding.selected->end() && *next == row;
    if (is_selected) ++next;
    (is_selected ? inside : outside).push_back(i);
  }
  State after{key, nullptr, state.rows};
  if (edit.scene.action == "recolour") {
    const std::vector<float> sh0 =
        recoloured(*state.cloud, inside, colour_named(edit.scene.colour));
    auto cloud = std::make_shared<SplatCloud>(*state.cloud);
    const auto rest = static_cast<size_t>(3 * cloud->rest_coefficients());
    for (size_t i = 0; i < inside.size(); ++i) {
      const auto row = static_cast<size_t>(inside[i]);
      std::copy_n(sh0.begin() + static_cast<ptrdiff_t>(3 * i), 3,
                  cloud->sh0.begin() + static_cast<ptrdiff_t>(3 * row));
      std::fill_n(cloud->sh_rest.begin() + static_cast<ptrdiff_t>(rest * row), rest, 0.f);
    }
    after.cloud = cloud;
  } else {
    const std::vector<int64_t>& left = edit.scene.action == "isolate" ? inside : outside;
    after.cloud = std::make_shared<const SplatCloud>(state.cloud->rows(left));
    std::vector<int64_t> rows = left;
    if (state.rows) {
      for (int64_t& row : rows) row = (*state.rows)[static_cast<size_t>(row)];
    }
    after.rows = std::make_shared<const std::vector<int64_t>>(std::move(rows));
  }
  kept_.push_front(after);
  if (kept_.size() > kMostStates) kept_.pop_back();
  return after;
}

}  // namespace vane
