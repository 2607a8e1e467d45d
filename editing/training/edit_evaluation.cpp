// SPDX-License-Identifier: Apache-2.0
#include "editing/training/edit_evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "engine/base/error.h"
#include "engine/base/rng.h"

namespace vane {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr int kResamples = 1000;

double quantile(std::vector<double>& sorted, double q) {
  const auto last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<size_t>(std::lround(q * last))];
}

/// NaN entries are left out.
Estimate estimate(const std::vector<double>& all) {
  std::vector<double> values;
  std::copy_if(all.begin(), all.end(), std::back_inserter(values),
               [](double x) { return !std::isnan(x); });
  if (values.empty()) return {kUnknown, kUnknown, kUnknown, 0};
  const auto count = static_cast<double>(values.size());
  Rng rng(1);
  std::vector<double> means;
  for (int i = 0; i < kResamples; ++i) {
    double sum = 0;
    for (size_t k = 0; k < values.size(); ++k) {
      sum += values[rng.below(static_cast<uint32_t>(values.size()))];
    }
    means.push_back(sum / count);
  }
  std::sort(means.begin(), means.end());
  return {std::accumulate(values.begin(), values.end(), 0.0) / count, quantile(means, 0.025),
          quantile(means, 0.975), static_cast<int64_t>(values.size())};
}

std::string known_names(int count, std::string_view (*name)(int)) {
  std::string names;
  for (int i = 0; i < count; ++i) names += (i ? ", " : "") + std::string(name(i));
  return names;
}

Answer answer_of(const FaceMeasures& measures, FaceAttribute attribute) {
  return face_truth(measures)[static_cast<size_t>(attribute)];
}

Answer opposite(Answer answer) { return static_cast<Answer>(-static_cast<int>(answer)); }

using Wanted = std::vector<std::pair<FaceAttribute, Answer>>;

Wanted wanted_of(const EvaluatedPrompt& prompt) {
  Wanted wanted;
  for (const std::string& name : prompt.attributes) wanted.push_back(wanted_answer(name));
  return wanted;
}

bool lacked(const FaceMeasures& face, const Wanted& wanted) {
  bool clearly = false;
  for (const auto& [attribute, answer] : wanted) {
    const Answer found = answer_of(face, attribute);
    if (found == answer) return false;
    clearly = clearly || found == opposite(answer);
  }
  return clearly;
}

bool has_all(const FaceTruth& face, const Wanted& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& want) {
    return face[static_cast<size_t>(want.first)] == want.second;
  });
}

/// Values of each source under one prompt; NaN where it does not count.
struct Values {
  std::vector<double> hit, clear, leakage, identity, gain, audit_gain, background, seconds, control;

  void add(const EvaluatedPrompt& prompt, std::span<const EditObservation> observed,
           std::span<const EditObservation> controls, const FaceMeasures& ranges) {
    const Wanted wanted = wanted_of(prompt);
    std::array<bool, kFaceMeasureCount> is_free{};
    is_free[static_cast<size_t>(FaceMeasure::detected)] = true;
    is_free[static_cast<size_t>(FaceMeasure::background_evenness)] = true;  // of the measurement
    for (const std::string& name : prompt.moves) {
      is_free[static_cast<size_t>(measure_named(name))] = true;
    }
    for (const EditObservation& one : observed) {
      const bool counts = lacked(one.before, wanted);
      hit.push_back(counts ? double(has_all(face_leaning(one.after), wanted)) : kUnknown);
      clear.push_back(counts ? double(has_all(face_truth(one.after), wanted)) : kUnknown);
      leakage.push_back(leaked(one, is_free, ranges));
      identity.push_back(one.identity);
      gain.push_back(one.gain);
      audit_gain.push_back(one.audit_gain);
      background.push_back(one.background);
      seconds.push_back(one.seconds);
    }
    for (const EditObservation& one : controls) {
      const bool counts = lacked(one.before, wanted);
      control.push_back(counts ? double(has_all(face_leaning(one.after), wanted)) : kUnknown);
    }
  }

  static double leaked(const EditObservation& one,
                       const std::array<bool, kFaceMeasureCount>& is_free,
                       const FaceMeasures& ranges) {
    double sum = 0;
    int count = 0;
    for (size_t i = 0; i < is_free.size(); ++i) {
      const double change = std::abs(double(one.after[i]) - double(one.before[i]));
      if (is_free[i] || !(ranges[i] > 0) || std::isnan(change)) continue;
      sum += change / double(ranges[i]);
      ++count;
    }
    return count ? sum / count : kUnknown;
  }

  EditScores scores(const std::string& name) const {
    return {name,
            estimate(hit),
            estimate(clear),
            estimate(leakage),
            estimate(identity),
            estimate(gain),
            estimate(audit_gain),
            estimate(background),
            estimate(seconds),
            estimate(control)};
  }
};

nlohmann::ordered_json number(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

nlohmann::ordered_json json_of(const Estimate& e) {
  return {{"value", number(e.value)},
          {"low", number(e.low)},
          {"high", number(e.high)},
          {"count", e.count}};
}

nlohmann::ordered_json json_of(const EditScores& s) {
  return {{"prompt", s.name},
          {"hit", json_of(s.hit)},
          {"clear", json_of(s.clear)},
          {"leakage", json_of(s.leakage)},
          {"identity", json_of(s.identity)},
          {"gain", json_of(s.gain)},
          {"audit_gain", json_of(s.audit_gain)},
          {"background", json_of(s.background)},
          {"control", json_of(s.control)},
          {"seconds", json_of(s.seconds)}};
}

std::string cell(const Estimate& e, int digits = 2) {
  if (e.count == 0) return "-";
  return fmt::format("{:.{}f} ({:.{}f} to {:.{}f})", e.value, digits, e.low, digits, e.high,
                     digits);
}

std::string row(const EditScores& s) {
  return fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", s.name,
                     s.hit.count, cell(s.hit), cell(s.clear), cell(s.leakage), cell(s.identity),
                     cell(s.control), cell(s.gain, 3), cell(s.audit_gain, 3), cell(s.background, 3),
                     s.seconds.count ? fmt::format("{:.2f}", s.seconds.value) : "-");
}

std::vector<double> ranks(std::span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> out(values.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (size_t k = begin; k < end; ++k) out[order[k]] = double(begin + end - 1) / 2;
    begin = end;
  }
  return out;
}

}  // namespace

std::pair<FaceAttribute, Answer> wanted_answer(const std::string& name) {
  const bool is_not = name.starts_with("not ");
  const std::string attribute = is_not ? name.substr(4) : name;
  for (int i = 0; i < kFaceAttributeCount; ++i) {
    const auto candidate = static_cast<FaceAttribute>(i);
    if (face_attribute_name(candidate) == attribute) {
      return {candidate, is_not ? Answer::no : Answer::yes};
    }
  }
  throw Error(ErrorCode::config, "nothing of a face is called \"" + attribute + "\"")
      .at_key("attributes")
      .with_hint("there are " + known_names(kFaceAttributeCount, [](int i) {
                   return face_attribute_name(static_cast<FaceAttribute>(i));
                 }));
}

FaceMeasure measure_named(const std::string& name) {
  for (int i = 0; i < kFaceMeasureCount; ++i) {
    if (face_measure_name(static_cast<FaceMeasure>(i)) == name) return static_cast<FaceMeasure>(i);
  }
  throw Error(ErrorCode::config, "no measure of a face is called \"" + name + "\"")
      .at_key("moves")
      .with_hint("there are " + known_names(kFaceMeasureCount, [](int i) {
                   return face_measure_name(static_cast<FaceMeasure>(i));
                 }));
}

void check_edit_evaluation(const EditEvaluationConfig& config) {
  if (config.prompts.empty()) {
    throw Error(ErrorCode::config, "there is nothing to ask for").at_key("prompts");
  }
  for (const EvaluatedPrompt& prompt : config.prompts) {
    if (prompt.attributes.empty()) {
      throw Error(ErrorCode::config, "\"" + prompt.to + "\" asks for no attribute")
          .at_key("attributes");
    }
    wanted_of(prompt);
    for (const std::string& name : prompt.moves) measure_named(name);
  }
  if (!std::is_sorted(config.strengths.begin(), config.strengths.end())) {
    throw Error(ErrorCode::config, "strengths must rise").at_key("strengths");
  }
}

FaceMeasures measure_ranges(std::span<const FaceMeasures> faces) {
  FaceMeasures ranges{};
  for (size_t i = 0; i < ranges.size(); ++i) {
    std::vector<double> values;
    for (const FaceMeasures& face : faces) {
      if (!std::isnan(face[i])) values.push_back(double(face[i]));
    }
    if (values.empty()) continue;
    std::sort(values.begin(), values.end());
    ranges[i] = static_cast<float>(quantile(values, 0.95) - quantile(values, 0.05));
  }
  return ranges;
}

EditScores edit_scores(const EvaluatedPrompt& prompt, std::span<const EditObservation> observed,
                       std::span<const EditObservation> controls, const FaceMeasures& ranges) {
  Values values;
  values.add(prompt, observed, controls, ranges);
  return values.scores(prompt.to);
}

EditScores pooled_scores(const std::string& name, std::span<const EvaluatedPrompt> prompts,
                         std::span<const std::vector<EditObservation>> observed,
                         std::span<const EditObservation> controls, const FaceMeasures& ranges) {
  Values values;
  for (size_t i = 0; i < prompts.size(); ++i) {
    values.add(prompts[i], observed[i], controls, ranges);
  }
  return values.scores(name);
}

double spearman(std::span<const double> a, std::span<const double> b) {
  const std::vector<double> ra = ranks(a), rb = ranks(b);
  const double middle = (double(ra.size()) - 1) / 2;
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < ra.size(); ++i) {
    ab += (ra[i] - middle) * (rb[i] - middle);
    aa += (ra[i] - middle) * (ra[i] - middle);
    bb += (rb[i] - middle) * (rb[i] - middle);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

std::string edit_evaluation_json(const std::string& protocol,
                                 std::span<const EditMethodScores> methods) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const EditMethodScores& scores : methods) {
    nlohmann::ordered_json prompts = nlohmann::ordered_json::array();
    for (const EditScores& prompt : scores.prompts) prompts.push_back(json_of(prompt));
    rows.push_back({{"method", scores.method},
                    {"single", json_of(scores.single)},
                    {"several", json_of(scores.several)},
                    {"unchanged_at_0", scores.unchanged},
                    {"unchanged_at_0_of", scores.unchanged_of},
                    {"monotone", number(scores.monotone)},
                    {"never_falls", number(scores.never_falls)},
                    {"prompts", std::move(prompts)}});
  }
  return nlohmann::ordered_json{{"schema", 1}, {"protocol", protocol}, {"methods", rows}}.dump();
}

std::string edit_evaluation_markdown(const std::string& protocol,
                                     std::span<const EditMethodScores> methods) {
  std::string text = protocol + "\n";
  for (const EditMethodScores& scores : methods) {
    text += fmt::format(
        "\n{}: at strength 0 {} of {} pictures are the source's bits; rank correlation of strength "
        "and score {:.2f}, never falling in {:.0f} %\n\n| prompt | lacked it | hit | clear | "
        "leakage | identity | control | gain | auditor's gain | background | s |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|\n",
        scores.method, scores.unchanged, scores.unchanged_of, scores.monotone,
        100 * scores.never_falls);
    for (const EditScores& prompt : scores.prompts) text += row(prompt);
    text += row(scores.single);
    if (scores.several.hit.count > 0) text += row(scores.several);
  }
  return text;
}

}  // namespace vane
