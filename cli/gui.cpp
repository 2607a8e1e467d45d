// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <mutex>

#include "cli/command_table.h"
#include "cli/program_library.h"
#include "editing/services/window.h"
#include "engine/base/error.h"

namespace vane {
namespace {

/// The services of libvane_engine.so, which is loaded when the window first computes something.
class EngineDoor final : public ServiceDoor {
 public:
  explicit EngineDoor(const GlobalOptions& options) : options_(options) {}

  ServiceFunction find(const std::string& name, std::size_t request_bytes, std::size_t result_bytes,
                       Job& job) override {
    const std::lock_guard lock(mutex_);
    return engine_service(name, request_bytes, result_bytes, options_, job);
  }

 private:
  const GlobalOptions& options_;
  std::mutex mutex_;
};

WindowFunction load_window() {
  const auto path = library_beside_program("libvane_gui.so");
  if (!path) {
    throw Error(ErrorCode::input, "this vane was built without its window (libvane_gui.so)")
        .with_hint("run ./setup.sh without --headless");
  }
  const auto lookup =
      reinterpret_cast<decltype(&vane_window)>(library_symbol(*path, "vane_window"));
  const WindowFunction window = lookup(sizeof(WindowRequest), sizeof(WindowResult));
  if (!window) {
    throw Error(ErrorCode::internal, "the window is of another build")
        .in_file(*path)
        .with_hint("run ./setup.sh to build the program again");
  }
  return window;
}

std::string page(const WindowResult& result) {
  return fmt::format(
      "{} frames, {} clicks, {} keys, {} pictures; a frame takes {:.1f} ms, {:.1f} ms "
      "at the 99th percentile\n",
      result.frames, result.clicks, result.keys, result.screenshots, result.frame_ms,
      result.frame_ms_p99);
}

}  // namespace

Command gui_command() {
  return {"gui",
          "edit photographs and scenes in a window",
          {{"vane gui", "begin with a sample photograph"},
           {"vane gui photo.jpg", ""},
           {"vane gui scene.ply", "look around a scene, and ask where things are"},
           {"vane gui photos/", "enhance a folder"},
           {"vane gui --script tour.yaml --screenshot pictures/",
            "events from a file, for documentation and tests"}},
          [](Invocation& call) {
            WindowRequest request;
            call.read(request);
            const WindowFunction window = load_window();
            EngineDoor door(call.globals());
            WindowResult result;
            window(request, door, call.job(), result);
            const auto by_line = [](const std::map<int, std::vector<double>>& times) {
              Json json = Json::object();
              for (const auto& [line, values] : times) json[std::to_string(line)] = values;
              return json;
            };
            const Json json{{"frames", result.frames},
                            {"clicks", result.clicks},
                            {"keys", result.keys},
                            {"screenshots", result.screenshots},
                            {"frame_ms", result.frame_ms},
                            {"frame_ms_p99", result.frame_ms_p99},
                            {"answers_ms", by_line(result.answers_ms)},
                            {"waits", by_line(result.waits)}};
            return call.finish(json, request.script.empty() ? "" : page(result));
          }};
}

}  // namespace vane
