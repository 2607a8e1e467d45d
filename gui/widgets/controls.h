// SPDX-License-Identifier: Apache-2.0
#pragma once
// Controls in the look of the window, and those made from declared fields.

#include <string>

#include "engine/config/field_node.h"

namespace vane {

/// A button for the one thing that is to be done here.
bool primary_button(const char* label, bool enabled = true, float width = 0);
bool plain_button(const char* label, bool enabled = true, float width = 0);
/// Two buttons of one width: side by side, or below each other where a label would be cut off.
struct ButtonPair {
  ButtonPair(const char* first, const char* second);
  /// Between the two buttons.
  void next() const;
  float width = 0;

 private:
  bool one_row_ = false;
};
/// One of several ways to look, in the colour of the accent while it is `on`.
bool toggle_button(const char* label, bool on, const char* doc);
/// Shown when the control before it is pointed at; also while it is disabled.
void hint(const std::string& text);
/// Grey text that is wrapped.
void dim_text(const std::string& text);
/// Grey, above the control that it names.
void small_label(const char* text);
/// Bold, with room above.
void heading(const char* text);

/// What a control did in this frame.
struct Change {
  bool changed = false;
  /// The drag or the typing is over.
  bool finished = false;
};

/// Labels stand above, so that none is cut off. A right click offers the value of `standard`.
Change number_slider(const char* label, double& value, double least, double most, double standard,
                     const std::string& doc);
/// One control for each field, in order: check boxes, sliders, choices, text; the documentation as
/// hints. `standard` has the same fields with their defaults.
Change field_controls(const Fields& fields, const Fields& standard);

/// "auto_strength" -> "Auto strength".
std::string spoken_name(const std::string& field);

}  // namespace vane
