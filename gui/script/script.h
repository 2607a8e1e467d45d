// SPDX-License-Identifier: Apache-2.0
#pragma once
// A session as a YAML file, done by events of mouse and keyboard as a person would.
//
//   steps:
//     - size: [1280, 800]
//     - click: Sample rocket
//     - type: warm, soft light
//     - key: Enter
//     - wait: jobs
//     - slide: {label: "##strength", to: 0.7}
//     - screenshot: warmer
//
// click, double_click, type, key (names of Dear ImGui: Ctrl+Shift+E, Escape), slide (to: 0 to 1 of
// the slider), drag (label, by: [dx, dy]), drop (a path, as dropped onto the window), wait (jobs,
// or a number of frames), expect (a label, or part of the newest notice), absent (a label),
// screenshot, size, scale, theme (dark or light), repeat (times, steps).

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "editing/services/window.h"
#include "engine/config/yaml_document.h"
#include "gui/panels/app.h"
#include "gui/script/item_recorder.h"

namespace vane {

class Script {
 public:
  /// Throws Error{config}, Error{input}.
  explicit Script(const std::filesystem::path& file);

  /// Before each frame: sends the events that are due. False at the end. Throws Error{input} naming
  /// the line when a step finds not what it names, or waits for more than ten minutes.
  bool advance(App& app, WindowResult& result);
  /// The picture that the frame just drawn is wanted as.
  std::optional<std::string> take_screenshot();
  /// The size that the window shall have.
  std::optional<ImVec2> take_size();

 private:
  /// Empty: a frame in which nothing is sent.
  using Event = std::function<void(App&)>;

  void add_steps(const YamlNode& steps);
  void begin_step(App& app, WindowResult& result);
  ImVec2 place_of(const std::string& label) const;
  void click(ImVec2 place, int times, WindowResult& result);
  void press(ImGuiKeyChord chord);
  void drag(ImVec2 from, ImVec2 to);
  void drop(App& app, const std::filesystem::path& path);
  [[noreturn]] void fail(const std::string& message) const;
  const RecordedItem& item(const std::string& label) const;
  const std::string& argument() const;

  std::filesystem::path file_;
  std::shared_ptr<const YamlNode> document_;
  std::vector<const YamlNode*> steps_;
  size_t next_ = 0;
  const YamlNode* step_ = nullptr;
  std::deque<Event> events_;
  std::optional<std::string> screenshot_;
  std::optional<ImVec2> size_;
  bool waiting_ = false, steps_run_ = false;
  /// Seconds: when the wait began, and when the last event was sent.
  double waits_since_ = 0, acted_ = 0;
  int64_t answers_ = 0;
  ItemRecorder recorder_;
};

}  // namespace vane
