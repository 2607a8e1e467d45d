// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane gui`: what the program asks of libvane_gui.so. No torch here.

#include <cstdint>
#include <filesystem>
#include <map>
#include <vector>

#include "editing/services/service_door.h"
#include "engine/config/fields.h"

namespace vane {

struct WindowRequest {
  std::filesystem::path input, script, screenshot;
  double scale = 0;
  bool light = false;

  template <class V>
  static void fields(V& v) {
    using C = WindowRequest;
    v.field("input", &C::input,
            "photograph or scene of Gaussian splats to open, or a folder to enhance",
            {.positional = true, .placeholder = "PHOTO|SCENE|FOLDER"});
    v.field("script", &C::script,
            "do what the YAML file says, by events of mouse and keyboard, and quit",
            {.placeholder = "FILE.yaml"});
    v.field("screenshot", &C::screenshot, "folder for the pictures that a script takes",
            {.placeholder = "DIR"});
    v.field("scale", &C::scale, "size of everything, 0.5 to 3; 0: as the display asks for",
            {.min = 0, .max = 3});
    v.field("light", &C::light, "begin with the light theme");
  }
};

/// What a run came to, for scripts.
struct WindowResult {
  int64_t frames = 0, clicks = 0, keys = 0, screenshots = 0;
  /// Our own work for a frame, without drawing it: median and 99th percentile.
  double frame_ms = 0, frame_ms_p99 = 0;
  /// Of each line of a script that waits for jobs: seconds from the last event sent before it to
  /// the end of the work, every time that it was reached.
  std::map<int, std::vector<double>> waits;
  /// Of each line of a script: milliseconds from a change of a photograph's edits to its first
  /// picture, a draft where the photograph is large, handed over to be drawn; of every change that
  /// such a picture came for while the line was done.
  std::map<int, std::vector<double>> answers_ms;
};

/// The window until it is closed, or the script until its end. Throws Error{input} when no window
/// can be opened, or when a step of the script finds not what it names; Cancelled.
using WindowFunction = void (*)(const WindowRequest& request, ServiceDoor& door, const Job& job,
                                WindowResult& result);

}  // namespace vane

extern "C" {
/// The function, or null for a program of another build.
vane::WindowFunction vane_window(std::size_t request_bytes, std::size_t result_bytes);
}
