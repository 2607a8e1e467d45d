// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where the controls of the last frame are, by their labels: how a script finds what it clicks.

#include <imgui.h>

#include <string>
#include <vector>

namespace vane {

struct RecordedItem {
  ImGuiID id = 0;
  std::string label;
  ImVec2 from, to;
};

/// Listens to the hooks that Dear ImGui has for test engines. One at a time.
class ItemRecorder {
 public:
  ItemRecorder();
  ~ItemRecorder();
  ItemRecorder(const ItemRecorder&) = delete;
  ItemRecorder& operator=(const ItemRecorder&) = delete;

  /// Before each frame.
  void begin_frame();
  /// Of the last whole frame: "Apply phrase", also without what follows ##; "##strength@2" is the
  /// second of that label. Null when it is not there.
  const RecordedItem* find(const std::string& label) const;
  /// Labels for a message.
  std::string known() const;

  void add(ImGuiID id, ImVec2 from, ImVec2 to);
  void name(ImGuiID id, const char* label);

 private:
  std::vector<RecordedItem> now_, last_;
};

}  // namespace vane
