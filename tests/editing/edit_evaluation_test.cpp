// SPDX-License-Identifier: Apache-2.0
// Oracles: observations made by hand.
#include "editing/training/edit_evaluation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"

namespace vane {
namespace {

size_t at_index(FaceMeasure measure) { return static_cast<size_t>(measure); }

/// A frontal face with a closed mouth of that width and that background.
FaceMeasures face(float width, float background = 20) {
  FaceMeasures m{};
  m[at_index(FaceMeasure::detected)] = 1;
  m[at_index(FaceMeasure::mouth_width)] = width;
  m[at_index(FaceMeasure::eye_opening)] = 0.3f;
  m[at_index(FaceMeasure::background_lightness)] = background;
  m[at_index(FaceMeasure::background_evenness)] = 1;
  return m;
}

EditObservation observation(const FaceMeasures& before, const FaceMeasures& after) {
  EditObservation seen;
  seen.before = before;
  seen.after = after;
  seen.identity = 0.5;
  return seen;
}

const EvaluatedPrompt kSmile{"a smiling person", "a person", {"smile"}, {"mouth-width"}};

TEST(EditEvaluation, CountsHitsAmongSourcesThatLacked) {
  const FaceMeasures stern = face(0.8f), vague = face(1.1f), smiling = face(1.3f);
  const std::vector<EditObservation> seen{observation(stern, smiling), observation(stern, vague),
                                          observation(stern, stern), observation(vague, smiling),
                                          observation(smiling, stern)};
  const EditScores scores = edit_scores(kSmile, seen, {}, measure_ranges(std::vector{stern}));
  EXPECT_EQ(scores.hit.count, 3);  // the vague one and the smiling one lacked nothing clearly
  EXPECT_NEAR(scores.clear.value, 1.0 / 3, 1e-12);
  EXPECT_NEAR(scores.hit.value, 2.0 / 3, 1e-12);
  EXPECT_LE(scores.hit.low, scores.hit.value);
  EXPECT_GE(scores.hit.high, scores.hit.value);
  EXPECT_EQ(scores.control.count, 0);
  // A face that is no longer there reaches nothing.
  FaceMeasures lost = smiling;
  lost[at_index(FaceMeasure::detected)] = 0;
  const std::vector<EditObservation> gone{observation(stern, lost)};
  EXPECT_EQ(edit_scores(kSmile, gone, {}, {}).hit.value, 0);
  EXPECT_EQ(edit_scores(kSmile, gone, {}, {}).clear.value, 0);
}

TEST(EditEvaluation, AnEditorThatDoesNothingScoresNothing) {
  const std::vector<EditObservation> seen(4, observation(face(0.8f), face(0.8f)));
  const std::vector<FaceMeasures> faces{face(0.8f, 0), face(1.2f, 50)};
  const EditScores scores = edit_scores(kSmile, seen, seen, measure_ranges(faces));
  EXPECT_EQ(scores.hit.value, 0);
  EXPECT_EQ(scores.control.value, 0);
  EXPECT_EQ(scores.leakage.value, 0);
}

TEST(EditEvaluation, LeakageIsTheChangeOfWhatShouldStay) {
  std::vector<FaceMeasures> faces;
  for (int i = 0; i <= 100; ++i) {
    faces.push_back(face(0.8f + 0.01f * float(i), float(i)));
  }
  const FaceMeasures ranges = measure_ranges(faces);
  EXPECT_NEAR(ranges[at_index(FaceMeasure::background_lightness)], 90, 1e-3);
  EXPECT_EQ(ranges[at_index(FaceMeasure::yaw)], 0);  // no range, no leakage
  const std::vector<EditObservation> seen{observation(face(0.8f, 20), face(1.3f, 38))};
  // Of what varies only the background counts: 18 of 90; the mouth was to move.
  EXPECT_NEAR(edit_scores(kSmile, seen, {}, ranges).leakage.value, 0.2, 1e-5);
  EvaluatedPrompt both = kSmile;
  both.moves.push_back("background-lightness");
  EXPECT_TRUE(std::isnan(edit_scores(both, seen, {}, ranges).leakage.value));
}

TEST(EditEvaluation, SeveralAttributesCountTogether) {
  const EvaluatedPrompt both{"x", "y", {"smile", "bright-background"}, {}};
  const std::vector<EditObservation> seen{observation(face(0.8f, 20), face(1.3f, 90)),
                                          observation(face(0.8f, 20), face(1.3f, 20)),
                                          observation(face(0.8f, 90), face(1.3f, 90))};
  const EditScores scores = edit_scores(both, seen, {}, {});
  EXPECT_EQ(scores.hit.count, 2);  // the third has the background already
  EXPECT_NEAR(scores.hit.value, 0.5, 1e-12);
  const EvaluatedPrompt stern{"x", "y", {"not smile"}, {}};
  EXPECT_EQ(edit_scores(stern, std::vector{observation(face(1.3f), face(0.8f))}, {}, {}).hit.value,
            1);
}

TEST(EditEvaluation, PoolsPromptsOfEqualWeight) {
  const std::vector<EvaluatedPrompt> prompts{kSmile, {"x", "y", {"not smile"}, {}}};
  const std::vector<std::vector<EditObservation>> seen{
      {observation(face(0.8f), face(1.3f)), observation(face(1.3f), face(1.3f))},
      {observation(face(0.8f), face(0.8f)), observation(face(1.3f), face(1.3f))}};
  const EditScores scores = pooled_scores("all", prompts, seen, {}, {});
  EXPECT_EQ(scores.hit.count, 2);
  EXPECT_NEAR(scores.hit.value, 0.5, 1e-12);
  EXPECT_EQ(scores.identity.count, 4);
  EXPECT_NEAR(scores.identity.value, 0.5, 1e-12);
}

TEST(EditEvaluation, RankCorrelationKnowsTies) {
  const std::vector<double> strengths{0, 0.5, 1};
  EXPECT_NEAR(spearman(strengths, std::vector<double>{1, 2, 9}), 1, 1e-12);
  EXPECT_NEAR(spearman(strengths, std::vector<double>{3, 2, 1}), -1, 1e-12);
  EXPECT_EQ(spearman(strengths, std::vector<double>{4, 4, 4}), 0);
  // Ranks 0, 1.5, 1.5 against 0, 1, 2.
  EXPECT_NEAR(spearman(strengths, std::vector<double>{1, 2, 2}), std::sqrt(0.75), 1e-12);
}

TEST(EditEvaluation, RecipesAreCheckedBeforeAnythingIsMeasured) {
  const auto complaint = [](const EditEvaluationConfig& config) {
    try {
      check_edit_evaluation(config);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::config);
      return error.key();
    }
    return std::string("accepted");
  };
  EditEvaluationConfig config;
  EXPECT_EQ(complaint(config), "prompts");
  config.prompts = {kSmile};
  EXPECT_EQ(complaint(config), "accepted");
  config.prompts[0].attributes = {"wings"};
  EXPECT_EQ(complaint(config), "attributes");
  config.prompts[0].attributes = {};
  EXPECT_EQ(complaint(config), "attributes");
  config.prompts[0] = kSmile;
  config.prompts[0].moves = {"wing-span"};
  EXPECT_EQ(complaint(config), "moves");
  config.prompts[0] = kSmile;
  config.strengths = {1, 0};
  EXPECT_EQ(complaint(config), "strengths");
}

TEST(EditEvaluation, ReportsAreParseable) {
  EditMethodScores method;
  method.method = "none";
  method.prompts = {edit_scores(kSmile, {}, {}, {})};
  method.single = method.several = method.prompts[0];
  const auto json = nlohmann::json::parse(edit_evaluation_json("how", std::vector{method}));
  EXPECT_TRUE(json["methods"][0]["prompts"][0]["hit"]["value"].is_null());
  EXPECT_EQ(json["protocol"], "how");
  const std::string table = edit_evaluation_markdown("how", std::vector{method});
  EXPECT_NE(table.find("| a smiling person | 0 | - |"), std::string::npos) << table;
}

}  // namespace
}  // namespace vane
