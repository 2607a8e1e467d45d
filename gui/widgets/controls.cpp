// SPDX-License-Identifier: Apache-2.0
#include "gui/widgets/controls.h"

#include <imgui.h>
#include <misc/cpp/imgui_stdlib.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "engine/base/text.h"
#include "gui/widgets/theme.h"

namespace vane {
namespace {

constexpr float kHintWidth = 28;

void merge(Change& all, const Change& one) {
  all.changed |= one.changed;
  all.finished |= one.finished;
}

Change last_item(bool changed) { return {changed, ImGui::IsItemDeactivatedAfterEdit()}; }

bool ranged(const FieldOptions& options) {
  return std::isfinite(options.min) && std::isfinite(options.max);
}

/// Offers the default on a right click; true when it was taken.
bool reset_offer(const std::string& standard) {
  bool taken = false;
  if (ImGui::BeginPopupContextItem("reset")) {
    const std::string label =
        "Reset to " + (standard.empty() ? "nothing" : printable(standard, 40));
    taken = ImGui::MenuItem(label.c_str());
    ImGui::EndPopup();
  }
  return taken;
}

Change number_field(const char* label, const Field& field, const std::string& standard) {
  FieldNode& node = *field.node;
  double value = parse_number(node.text()).value_or(0);
  const bool whole = node.kind() == FieldKind::integer;
  Change change;
  if (ranged(field.options) && field.options.max <= 1000) {
    const double least = field.options.min, most = field.options.max;
    ImGui::SetNextItemWidth(-1);
    change = last_item(ImGui::SliderScalar(label, ImGuiDataType_Double, &value, &least, &most,
                                           whole ? "%.0f" : "%.2f", ImGuiSliderFlags_AlwaysClamp));
  } else {
    ImGui::SetNextItemWidth(-1);
    const double step = 1;
    change = last_item(ImGui::InputScalar(label, ImGuiDataType_Double, &value, &step, nullptr,
                                          whole ? "%.0f" : "%.3f"));
  }
  if (change.changed) {
    value = std::clamp(value, field.options.min, field.options.max);
    if (whole) value = std::round(std::clamp(value, -9e15, 9e15));
    node.assign(whole ? std::to_string(static_cast<long long>(value)) : number_text(value),
                field.options);
  }
  if (reset_offer(standard)) {
    node.assign(standard, field.options);
    change = {true, true};
  }
  return change;
}

Change text_field(const char* label, const Field& field) {
  FieldNode& node = *field.node;
  std::string value = node.text();
  if (!field.options.choices.empty()) {
    bool changed = false;
    ImGui::SetNextItemWidth(-1);
    const auto shown = [](const std::string& word) {
      return word.empty() ? std::string("automatic") : word;
    };
    if (ImGui::BeginCombo(label, shown(value).c_str())) {
      for (const std::string& word : field.options.choices) {
        if (ImGui::Selectable(shown(word).c_str(), word == value)) {
          node.assign(word, field.options);
          changed = true;
        }
      }
      ImGui::EndCombo();
    }
    return {changed, changed};
  }
  ImGui::SetNextItemWidth(-1);
  const bool changed = ImGui::InputTextWithHint(label, field.options.placeholder.c_str(), &value);
  if (changed) node.assign(value, field.options);
  return last_item(changed);
}

/// Lists of text as one line, parted by semicolons.
Change list_field(const char* label, FieldNode& node) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < node.size(); ++i) parts.push_back(node.element(i)->text());
  std::string value = join(parts, "; ");
  ImGui::SetNextItemWidth(-1);
  const bool changed = ImGui::InputTextWithHint(label, "parted by ;", &value);
  if (changed) {
    parts.clear();
    for (const std::string& part : split(value, ';')) {
      if (!trimmed(part).empty()) parts.push_back(trimmed(part));
    }
    node.resize(parts.size());
    for (size_t i = 0; i < parts.size(); ++i) node.element(i)->assign(parts[i], {});
  }
  return last_item(changed);
}

}  // namespace

std::string spoken_name(const std::string& field) {
  std::string name = field;
  std::replace(name.begin(), name.end(), '_', ' ');
  std::replace(name.begin(), name.end(), '-', ' ');
  if (!name.empty()) name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
  return name;
}

bool primary_button(const char* label, bool enabled, float width) {
  // Faded, its text could not be read.
  if (!enabled) return plain_button(label, false, width);
  const Palette& p = colours();
  ImGui::PushStyleColor(ImGuiCol_Button, p.accent);
  ImGui::PushStyleColor(ImGuiCol_ButtonHovered, p.accent);
  ImGui::PushStyleColor(ImGuiCol_ButtonActive, p.accent);
  ImGui::PushStyleColor(ImGuiCol_Text, p.on_accent);
  const bool pressed = ImGui::Button(label, {width, 0});
  ImGui::PopStyleColor(4);
  return pressed;
}

bool plain_button(const char* label, bool enabled, float width) {
  ImGui::BeginDisabled(!enabled);
  const bool pressed = ImGui::Button(label, {width, 0});
  ImGui::EndDisabled();
  return pressed;
}

ButtonPair::ButtonPair(const char* first, const char* second) {
  const ImGuiStyle& style = ImGui::GetStyle();
  const float whole = ImGui::GetContentRegionAvail().x, half = (whole - style.ItemSpacing.x) / 2;
  const float label = std::max(ImGui::CalcTextSize(first).x, ImGui::CalcTextSize(second).x);
  one_row_ = label + 2 * style.FramePadding.x <= half;
  width = one_row_ ? half : whole;
}

void ButtonPair::next() const {
  if (one_row_) ImGui::SameLine();
}

bool toggle_button(const char* label, bool on, const char* doc) {
  if (on) {
    ImGui::PushStyleColor(ImGuiCol_Button, ImGui::GetStyleColorVec4(ImGuiCol_Header));
    ImGui::PushStyleColor(ImGuiCol_Text, colours().accent);
  }
  const bool pressed = ImGui::Button(label);
  if (on) ImGui::PopStyleColor(2);
  hint(doc);
  return pressed;
}

void hint(const std::string& text) {
  if (!ImGui::IsItemHovered(ImGuiHoveredFlags_ForTooltip | ImGuiHoveredFlags_AllowWhenDisabled)) {
    return;
  }
  if (!ImGui::BeginTooltip()) return;
  ImGui::PushTextWrapPos(em(kHintWidth));
  ImGui::TextUnformatted(text.c_str());
  ImGui::PopTextWrapPos();
  ImGui::EndTooltip();
}

void dim_text(const std::string& text) {
  ImGui::PushStyleColor(ImGuiCol_Text, colours().dim);
  ImGui::PushTextWrapPos(0);
  ImGui::TextUnformatted(text.c_str());
  ImGui::PopTextWrapPos();
  ImGui::PopStyleColor();
}

void small_label(const char* text) {
  ImGui::PushStyleColor(ImGuiCol_Text, colours().dim);
  ImGui::TextUnformatted(text);
  ImGui::PopStyleColor();
}

void heading(const char* text) {
  ImGui::Dummy({0, em(0.15f)});
  const BoldType bold;
  ImGui::TextWrapped("%s", text);
}

Change number_slider(const char* label, double& value, double least, double most, double standard,
                     const std::string& doc) {
  ImGui::SetNextItemWidth(-1);
  Change change = last_item(ImGui::SliderScalar(label, ImGuiDataType_Double, &value, &least, &most,
                                                "%.2f", ImGuiSliderFlags_AlwaysClamp));
  hint(doc);
  if (reset_offer(number_text(standard))) {
    value = standard;
    change = {true, true};
  }
  return change;
}

Change field_controls(const Fields& fields, const Fields& standard) {
  Change all;
  for (size_t i = 0; i < fields.size(); ++i) {
    const Field& field = fields[i];
    FieldNode& node = *field.node;
    const std::string name = spoken_name(field.name), label = "##" + field.name;
    Change one;
    ImGui::PushID(field.name.c_str());
    if (node.kind() == FieldKind::boolean) {
      bool value = node.text() == "true";
      if (ImGui::Checkbox(name.c_str(), &value)) {
        node.assign(value ? "true" : "false", field.options);
        one = {true, true};
      }
    } else {
      small_label(name.c_str());
      const FieldKind kind = node.kind();
      if (kind == FieldKind::integer || kind == FieldKind::number) {
        one = number_field(label.c_str(), field, standard[i].node->text());
      } else if (kind == FieldKind::list) {
        one = list_field(label.c_str(), node);
      } else {
        one = text_field(label.c_str(), field);
      }
    }
    hint(field.doc);
    ImGui::PopID();
    merge(all, one);
  }
  return all;
}

}  // namespace vane
