// SPDX-License-Identifier: Apache-2.0
#include "gui/script/script.h"

#include <fmt/format.h>
#include <imgui_internal.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "engine/base/error.h"
#include "engine/base/text.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr double kLongestWait = 600;
// Frames between events, so that what an event causes is there when the next one comes.
constexpr int kSettleFrames = 3;
constexpr size_t kMostSteps = 100000;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::optional<ImGuiKeyChord> chord_of(const std::string& text) {
  ImGuiKeyChord chord = 0;
  for (const std::string& word : split(text, '+')) {
    if (word == "Ctrl") {
      chord |= ImGuiMod_Ctrl;
    } else if (word == "Shift") {
      chord |= ImGuiMod_Shift;
    } else if (word == "Alt") {
      chord |= ImGuiMod_Alt;
    } else {
      int found = 0;
      for (int key = ImGuiKey_NamedKey_BEGIN; key < ImGuiKey_NamedKey_END; ++key) {
        if (word == ImGui::GetKeyName(static_cast<ImGuiKey>(key))) found = key;
      }
      if (found == 0) return std::nullopt;
      chord |= found;
    }
  }
  return chord;
}

/// $NAME at the beginning stands for the environment's, so that a script can name its own folders.
fs::path path_of(const std::string& text, const fs::path& script) {
  if (text.starts_with('$')) {
    const size_t end = std::min(text.find('/'), text.size());
    const char* const value = std::getenv(text.substr(1, end - 1).c_str());
    return fs::path(std::string(value ? value : "") + text.substr(end));
  }
  const fs::path path = text;
  return path.is_absolute() ? path : fs::absolute(script).parent_path() / path;
}

}  // namespace

Script::Script(const fs::path& file) : file_(file) {
  document_ = parse_yaml_file(file);
  const YamlNode* const steps = document_->find("steps");
  if (!steps || steps->kind != YamlNode::Kind::sequence) {
    throw Error(ErrorCode::config, "a script has a list of steps").in_file(file);
  }
  add_steps(*steps);
}

void Script::add_steps(const YamlNode& steps) {
  for (const auto& item : steps.items) {
    step_ = item.get();
    if (item->kind != YamlNode::Kind::map || item->entries.size() != 1) {
      fail("a step is one key with its value");
    }
    if (item->entries.front().key != "repeat") {
      if (steps_.size() == kMostSteps) fail("there are too many steps");
      steps_.push_back(item.get());
      continue;
    }
    const YamlNode& value = *item->entries.front().value;
    const YamlNode* const times = value.find("times");
    const YamlNode* const repeated = value.find("steps");
    const auto count = times ? parse_number(times->text) : std::nullopt;
    if (!count || *count < 1 || !repeated || repeated->kind != YamlNode::Kind::sequence) {
      fail("repeat needs times, a number, and a list of steps");
    }
    if (*count > kMostSteps) fail("there are too many steps");
    for (int i = 0; i < static_cast<int>(*count); ++i) add_steps(*repeated);
  }
}

void Script::fail(const std::string& message) const {
  throw Error(steps_run_ ? ErrorCode::input : ErrorCode::config, message)
      .in_file(file_)
      .at_line(step_ ? step_->line : 1, step_ ? step_->column : 1);
}

const std::string& Script::argument() const { return step_->entries.front().value->text; }

const RecordedItem& Script::item(const std::string& label) const {
  if (const RecordedItem* const found = recorder_.find(label)) return *found;
  fail("there is no control \"" + printable(label) + "\"; there are: " + recorder_.known());
}

ImVec2 Script::place_of(const std::string& label) const {
  const RecordedItem& found = item(label);
  return {(found.from.x + found.to.x) / 2, (found.from.y + found.to.y) / 2};
}

void Script::click(ImVec2 place, int times, WindowResult& result) {
  events_.push_back([place](App&) { ImGui::GetIO().AddMousePosEvent(place.x, place.y); });
  for (int i = 0; i < times; ++i) {
    events_.push_back([](App&) { ImGui::GetIO().AddMouseButtonEvent(0, true); });
    events_.push_back([](App&) { ImGui::GetIO().AddMouseButtonEvent(0, false); });
  }
  ++result.clicks;
}

void Script::press(ImGuiKeyChord chord) {
  const auto key = static_cast<ImGuiKey>(chord & ~ImGuiMod_Mask_);
  const auto send = [chord, key](bool down) {
    return [chord, key, down](App&) {
      ImGuiIO& io = ImGui::GetIO();
      for (const ImGuiKey modifier : {ImGuiMod_Ctrl, ImGuiMod_Shift, ImGuiMod_Alt}) {
        if (chord & modifier) io.AddKeyEvent(modifier, down);
      }
      io.AddKeyEvent(key, down);
    };
  };
  events_.push_back(send(true));
  events_.push_back(send(false));
}

void Script::drag(ImVec2 from, ImVec2 to) {
  const auto move = [this](ImVec2 place) {
    events_.push_back([place](App&) { ImGui::GetIO().AddMousePosEvent(place.x, place.y); });
  };
  move(from);
  events_.push_back([](App&) { ImGui::GetIO().AddMouseButtonEvent(0, true); });
  constexpr int kSteps = 6;
  for (int i = 1; i <= kSteps; ++i) {
    const float t = static_cast<float>(i) / kSteps;
    move({from.x + t * (to.x - from.x), from.y + t * (to.y - from.y)});
  }
  events_.push_back([](App&) { ImGui::GetIO().AddMouseButtonEvent(0, false); });
}

void Script::begin_step(App& app, WindowResult& result) {
  step_ = steps_[next_++];
  const std::string& what = step_->entries.front().key;
  const YamlNode& value = *step_->entries.front().value;
  const auto number = [&](const YamlNode* node) {
    const auto parsed = node ? parse_number(node->text) : std::nullopt;
    if (!parsed) fail("expected a number for " + what);
    return static_cast<float>(*parsed);
  };
  const auto pair = [&](const YamlNode* node) {
    if (!node || node->items.size() != 2) fail("expected two numbers for " + what);
    return ImVec2{number(node->items[0].get()), number(node->items[1].get())};
  };
  const auto label = [&]() -> std::string {
    const YamlNode* const node = value.find("label");
    if (!node) fail(what + " needs a label");
    return node->text;
  };
  if (what == "click") {
    click(place_of(argument()), 1, result);
  } else if (what == "double_click") {
    click(place_of(argument()), 2, result);
  } else if (what == "type") {
    const std::string text =
        value.text.starts_with('$') ? path_of(value.text, file_).string() : value.text;
    events_.push_back([text](App&) { ImGui::GetIO().AddInputCharactersUTF8(text.c_str()); });
    ++result.keys;
  } else if (what == "key") {
    const auto chord = chord_of(argument());
    if (!chord) fail("there is no key \"" + printable(argument()) + "\"");
    press(*chord);
    ++result.keys;
  } else if (what == "slide") {
    const RecordedItem& slider = item(label());
    const float y = (slider.from.y + slider.to.y) / 2;
    // Dear ImGui keeps half of the grab free at either end.
    const float pad = ImGui::GetStyle().GrabMinSize / 2 + 2;
    const float width = slider.to.x - slider.from.x - 2 * pad;
    drag({(slider.from.x + slider.to.x) / 2, y},
         {slider.from.x + pad + number(value.find("to")) * width, y});
    ++result.clicks;
  } else if (what == "drag") {
    const ImVec2 from = place_of(label()), by = pair(value.find("by"));
    drag(from, {from.x + by.x, from.y + by.y});
    ++result.clicks;
  } else if (what == "drop") {
    app.open(path_of(argument(), file_));
    ++result.clicks;
  } else if (what == "wait") {
    if (argument() == "jobs") {
      waiting_ = true;
      waits_since_ = now();
    } else {
      for (int i = static_cast<int>(number(&value)); i > 0; --i) events_.emplace_back();
    }
  } else if (what == "expect") {
    const auto& notices = app.document().notices();
    const bool said = !notices.empty() && notices.back().text.find(argument()) != std::string::npos;
    if (!said && !recorder_.find(argument())) {
      fail("expected \"" + printable(argument()) + "\"; the newest notice is \"" +
           (notices.empty() ? "" : notices.back().text) + "\"");
    }
  } else if (what == "absent") {
    if (recorder_.find(argument())) fail("there is a \"" + printable(argument()) + "\"");
  } else if (what == "screenshot") {
    const std::string name = argument();
    events_.push_back([this, name](App&) { screenshot_ = name; });
    ++result.screenshots;
  } else if (what == "size") {
    size_ = pair(&value);
  } else if (what == "scale") {
    app.set_user_scale(number(&value));
  } else if (what == "theme") {
    app.set_dark(argument() != "light");
  } else {
    fail("there is no step \"" + printable(what) + "\"");
  }
  for (int i = 0; i < kSettleFrames; ++i) events_.emplace_back();
}

bool Script::advance(App& app, WindowResult& result) {
  recorder_.begin_frame();
  if (std::exchange(answers_, app.session().answers()) != app.session().answers()) {
    result.answers_ms[step_ ? step_->line : 1].push_back(app.session().answer_ms());
  }
  if (waiting_) {
    if (now() - waits_since_ > kLongestWait) fail("what runs did not end in ten minutes");
    if (app.is_working()) return true;
    waiting_ = false;
    result.waits[step_->line].push_back(now() - acted_);
    return true;
  }
  steps_run_ = true;
  if (events_.empty()) {
    if (next_ == steps_.size()) return false;
    begin_step(app, result);
  }
  if (events_.empty()) return true;
  const Event event = std::move(events_.front());
  events_.pop_front();
  if (event) {
    event(app);
    acted_ = now();
  }
  return true;
}

std::optional<std::string> Script::take_screenshot() {
  return std::exchange(screenshot_, std::nullopt);
}

std::optional<ImVec2> Script::take_size() { return std::exchange(size_, std::nullopt); }

}  // namespace vane
