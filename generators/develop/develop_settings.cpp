// SPDX-License-Identifier: Apache-2.0
#include "generators/develop/develop_settings.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/base/error.h"

namespace vane {
namespace {

struct Collector {
  std::vector<DevelopField> found;

  void field(const char* name, float DevelopSettings::*member, const char* doc,
             FieldOptions options) {
    found.push_back({name, doc, std::move(options), member, nullptr});
  }
  void field(const char* name, std::vector<float> DevelopSettings::*member, const char* doc,
             FieldOptions options) {
    found.push_back({name, doc, std::move(options), nullptr, member});
  }
};

constexpr const char* kBandNames[kHueBands] = {"red",  "orange", "yellow", "green",
                                               "aqua", "blue",   "purple", "magenta"};

std::string element_name(const DevelopField& field, int64_t index) {
  if (field.scalar != nullptr) return field.name;
  if (field.name.rfind("hue_", 0) == 0) {
    return std::string(kBandNames[index]) + " " + field.name.substr(4);
  }
  if (field.name == "tone_curve")
    return "curve " + std::to_string(index + 1) + "/" + std::to_string(kCurveSegments);
  return field.name + (index == 0 ? " green-red" : " blue-yellow");
}

// "+0.42": two decimals and always a sign.
std::string signed_text(double value) {
  const auto hundredths = std::lround(std::abs(value) * 100);
  const std::string cents = std::to_string(hundredths % 100);
  return (value < 0 ? "-" : "+") + std::to_string(hundredths / 100) + "." +
         (cents.size() < 2 ? "0" : "") + cents;
}

}  // namespace

int64_t DevelopField::size(const DevelopSettings& settings) const {
  return scalar != nullptr ? 1 : static_cast<int64_t>((settings.*vector).size());
}

float* DevelopField::data(DevelopSettings& settings) const {
  return scalar != nullptr ? &(settings.*scalar) : (settings.*vector).data();
}

const float* DevelopField::data(const DevelopSettings& settings) const {
  return scalar != nullptr ? &(settings.*scalar) : (settings.*vector).data();
}

const std::vector<DevelopField>& develop_fields() {
  static const std::vector<DevelopField> fields = [] {
    Collector collector;
    DevelopSettings::fields(collector);
    return std::move(collector.found);
  }();
  return fields;
}

bool is_identity(const DevelopSettings& settings) {
  const auto zero = [](float value) { return value == 0.f; };
  for (const DevelopField& field : develop_fields()) {
    const float* values = field.data(settings);
    if (!std::all_of(values, values + field.size(settings), zero)) return false;
  }
  return std::all_of(settings.grid.coefficients.begin(), settings.grid.coefficients.end(), zero);
}

DevelopSettings scaled(const DevelopSettings& settings, float strength) {
  DevelopSettings result = settings;
  for (const DevelopField& field : develop_fields()) {
    float* values = field.data(result);
    for (int64_t i = 0; i < field.size(result); ++i) {
      values[i] = std::clamp(values[i] * strength, static_cast<float>(field.options.min),
                             static_cast<float>(field.options.max));
    }
  }
  for (float& value : result.grid.coefficients) {
    value = std::clamp(value * strength, -kGridLimit, kGridLimit);
  }
  return result;
}

void check_settings(const DevelopSettings& settings) {
  const DevelopSettings defaults;
  for (const DevelopField& field : develop_fields()) {
    if (field.size(settings) != field.size(defaults)) {
      throw Error(ErrorCode::usage, "develop setting has " + std::to_string(field.size(settings)) +
                                        " values, expected " + std::to_string(field.size(defaults)))
          .at_key(field.name);
    }
    const float* values = field.data(settings);
    for (int64_t i = 0; i < field.size(settings); ++i) {
      if (!std::isfinite(values[i])) {
        throw Error(ErrorCode::usage, "develop setting is not a finite number").at_key(field.name);
      }
    }
  }
  const BilateralGrid& grid = settings.grid;
  if (grid.empty()) return;
  const bool shape_ok = grid.depth >= 2 && grid.height >= 2 && grid.width >= 2 &&
                        grid.depth <= 256 && grid.height <= 1024 && grid.width <= 1024;
  const uint64_t expected = shape_ok ? uint64_t{kAffineCoefficients} * uint64_t(grid.depth) *
                                           uint64_t(grid.height) * uint64_t(grid.width)
                                     : 0;
  if (!shape_ok || grid.coefficients.size() != expected) {
    throw Error(ErrorCode::usage,
                "bilateral grid of " + std::to_string(grid.coefficients.size()) +
                    " coefficients cannot have shape [12," + std::to_string(grid.depth) + "," +
                    std::to_string(grid.height) + "," + std::to_string(grid.width) + "]")
        .at_key("grid")
        .with_hint("every side needs at least 2 vertices");
  }
  for (const float value : grid.coefficients) {
    if (!std::isfinite(value)) {
      throw Error(ErrorCode::usage, "bilateral grid holds a value that is not finite")
          .at_key("grid");
    }
  }
}

std::vector<std::string> described(const DevelopSettings& settings) {
  std::vector<std::pair<double, std::string>> moves;
  for (const DevelopField& field : develop_fields()) {
    const float* values = field.data(settings);
    for (int64_t i = 0; i < field.size(settings); ++i) {
      const double size = std::abs(static_cast<double>(values[i])) / field.natural();
      if (size < 0.02) continue;  // Would print as +0.00 or +0.01 and cannot be seen.
      std::string text = element_name(field, i) + " " + signed_text(values[i]);
      if (!field.options.unit.empty()) text += " " + field.options.unit;
      moves.emplace_back(size, std::move(text));
    }
  }
  double local = 0;
  for (const float value : settings.grid.coefficients) {
    local = std::max(local, std::abs(static_cast<double>(value)));
  }
  if (local >= 0.005) {
    moves.emplace_back(local / 0.1, "local colour up to " + signed_text(local));
  }
  std::stable_sort(moves.begin(), moves.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::string> lines;
  for (auto& move : moves) lines.push_back(std::move(move.second));
  return lines;
}

}  // namespace vane
