// SPDX-License-Identifier: Apache-2.0
#pragma once
// What edits did to faces, counted: attributes reached, everything else left alone, the same
// person. No torch here, and nothing that measures: observations come from the service.

#include <span>
#include <string>
#include <vector>

#include "editing/training/edit_evaluation_config.h"
#include "engine/data/face_attributes.h"

namespace vane {

/// One source under one prompt.
struct EditObservation {
  FaceMeasures before{}, after{};
  /// face_identity() of the edit against the unedited picture.
  double identity = 0;
  /// Cosine gain along the direction, of the guide and of the auditor.
  double gain = 0, audit_gain = 0;
  /// Mean change of the samples at the left and right edge, in [0,1].
  double background = 0;
  double seconds = 0;
};

/// A mean over sources and its 95 % interval by bootstrap; NaN where nothing was counted.
struct Estimate {
  double value, low, high;
  int64_t count = 0;
};

/// Of one prompt, or of the prompts of one kind together.
struct EditScores {
  std::string name;
  /// Of the sources that clearly lacked the attributes (none is there, and one is clearly absent):
  /// the share that has them all afterwards rather than not (face_leaning()), and the share that
  /// clearly has them all (face_truth()).
  Estimate hit, clear;
  /// Mean over the measures that the prompt should not move of |change| / range; the range is that
  /// between the 5th and 95th percentile of the sources.
  Estimate leakage;
  Estimate identity, gain, audit_gain, background, seconds;
  /// The hit rate when sources are edited with the control phrases instead.
  Estimate control;
};

/// One method on all prompts.
struct EditMethodScores {
  std::string method;
  std::vector<EditScores> prompts;
  EditScores single, several;  // over prompts of one attribute, and of more than one
  /// Edits at strength 0 whose picture is bit for bit the unedited one, of so many.
  int64_t unchanged = 0, unchanged_of = 0;
  /// Mean rank correlation of strength and the guide's score, and the share of sources and prompts
  /// in which the score never falls.
  double monotone = 0, never_falls = 0;
};

/// Attribute and answer of "smile" or "not smile". Throws Error{config} with what there is.
std::pair<FaceAttribute, Answer> wanted_answer(const std::string& name);
/// Throws Error{config} with what there is.
FaceMeasure measure_named(const std::string& name);
/// Throws Error{config} for unknown names, no prompts, or strengths that do not rise.
void check_edit_evaluation(const EditEvaluationConfig& config);

/// Difference of the 5th and 95th percentile of every measure over faces; NaN measures are left
/// out.
FaceMeasures measure_ranges(std::span<const FaceMeasures> faces);

/// `observed` and `controls` (all control phrases, one after another) hold the same sources in the
/// same order.
EditScores edit_scores(const EvaluatedPrompt& prompt, std::span<const EditObservation> observed,
                       std::span<const EditObservation> controls, const FaceMeasures& ranges);
/// The scores of several prompts: every source under every prompt counts once, and intervals
/// resample prompts together with sources.
EditScores pooled_scores(const std::string& name, std::span<const EvaluatedPrompt> prompts,
                         std::span<const std::vector<EditObservation>> observed,
                         std::span<const EditObservation> controls, const FaceMeasures& ranges);

/// Spearman's rank correlation; ties get their mean rank, and a constant list gives 0.
double spearman(std::span<const double> a, std::span<const double> b);

std::string edit_evaluation_json(const std::string& protocol,
                                 std::span<const EditMethodScores> methods);
/// The protocol and a Markdown table of each method.
std::string edit_evaluation_markdown(const std::string& protocol,
                                     std::span<const EditMethodScores> methods);

}  // namespace vane
