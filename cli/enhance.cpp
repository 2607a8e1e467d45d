// SPDX-License-Identifier: Apache-2.0
#include "editing/services/enhance.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "cli/command_table.h"
#include "engine/base/error.h"
#include "engine/base/text.h"

namespace vane {
namespace {

std::string one_photo(const EnhancedFile& file, double seconds, const TerminalStyle& style) {
  std::string out = style.bold(printable(file.output, 1000)) + "\n";
  if (file.status == "skipped:well-lit") {
    return out + "  " +
           style.dim(
               "is well lit already: left as it was (--no-auto-strength adds "
               "what light is found missing)") +
           "\n";
  }
  if (file.status.starts_with("skipped")) return out + "  " + style.dim("was there already") + "\n";
  if (file.status != "ok") return out + "  " + style.dim("would be made") + "\n";
  TextTable table;
  if (file.video) {
    table.row({"frames", std::to_string(file.video->frames),
               style.dim(fmt::format("{:.6g} a second, {} x {} pixels, {} shot{}", file.video->fps,
                                     file.width, file.height, file.video->shots.size(),
                                     file.video->shots.size() == 1 ? "" : "s"))});
  }
  table.row({"brightness", fmt::format("{:.2f} -> {:.2f}", file.luma_before, file.luma_after),
             style.dim("mean luma, 0 to 1")});
  table.row(
      {"clipped",
       fmt::format("{:.1f} % -> {:.1f} %", 100 * file.clipped_before, 100 * file.clipped_after),
       style.dim("pixels at the top of their range")});
  if (file.strength != 1) {
    table.row({"strength", fmt::format("{:.2f}", file.strength),
               style.dim(file.video ? "asked for times chosen for each shot: the mean"
                                    : "asked for times chosen for this photograph")});
  }
  table.row({"map", fmt::format("{:.3f} to {:.3f}", file.map_min, file.map_max),
             style.dim("what the picture is divided by, at strength 1")});
  table.row({"took", duration_text(seconds), ""});
  return out + table.text();
}

/// Paths from standard input, each ended by a NUL as `find -print0` does, or a line each when there
/// is no NUL.
std::vector<std::filesystem::path> paths_from_stdin() {
  constexpr size_t kMost = size_t{256} << 20;
  std::string text;
  std::array<char, 65536> buffer{};
  while (const ssize_t got = ::read(0, buffer.data(), buffer.size())) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 || text.size() > kMost) {
      throw Error(ErrorCode::input, got < 0 ? std::strerror(errno) : "the list is too long")
          .in_file("standard input");
    }
    text.append(buffer.data(), static_cast<size_t>(got));
  }
  const char end = text.find('\0') == std::string::npos ? '\n' : '\0';
  std::vector<std::filesystem::path> paths;
  for (const std::string& path : split(text, end)) {
    if (!path.empty()) paths.emplace_back(path);
  }
  return paths;
}

void take_stdin_for_dash(std::vector<std::filesystem::path>& inputs) {
  const auto dash = std::find(inputs.begin(), inputs.end(), "-");
  if (dash == inputs.end()) return;
  const auto paths = paths_from_stdin();
  inputs.insert(inputs.erase(dash), paths.begin(), paths.end());
}

std::string page(const EnhanceResult& result, const TerminalStyle& style) {
  if (result.files.size() == 1 && result.failed == 0)
    return one_photo(result.files[0], result.seconds, style);
  std::string out;
  for (const EnhancedFile& file : result.files) {
    if (file.status == "pending") {
      out += printable(file.input, 1000) + " -> " + printable(file.output, 1000) + "\n";
    }
  }
  const auto waiting =
      static_cast<int64_t>(result.files.size()) - result.ok - result.skipped - result.failed;
  const auto well_lit =
      std::count_if(result.files.begin(), result.files.end(),
                    [](const EnhancedFile& file) { return file.status == "skipped:well-lit"; });
  out += fmt::format("{} enhanced, ", result.ok);
  if (well_lit > 0) out += fmt::format("{} well lit already, ", well_lit);
  out += fmt::format("{} there already, {} failed", result.skipped - well_lit, result.failed);
  if (waiting > 0) out += fmt::format(", {} to do", waiting);
  return out + style.dim(" in " + duration_text(result.seconds)) + "\n";
}

}  // namespace

Command enhance_command() {
  return {
      "enhance",
      "brighten backlit photographs",
      {{"vane enhance photo.jpg -o bright.jpg", ""},
       {"vane enhance photo.jpg --refine 30 -o bright.jpg",
        "thirty more steps for this photograph alone, by what clip-mini sees"},
       {"vane enhance photo.tif --strength 0.6 -o bright/",
        "a little less, into a folder; depth and metadata stay"},
       {"vane enhance photo.jpg --mask \"the person\" --feather 40 -o bright.jpg",
        "only the person; a mask picture or a folder of them does as well"},
       {"vane enhance card/ --ext nef -o bright/ --format jpg", "raw files, as JPEG"},
       {"vane enhance photo.jpg --strip gps --bake-orientation -o public.jpg",
        "without the place, turned for viewers that know no tags"},
       {"vane enhance archive/ -r -o bright/ --resume",
        "a tree of folders; run again, it goes on where it was stopped"},
       {"vane enhance \"2024/**/*.jpg\" --suffix _bright --keep-times",
        "each beside its photograph, in folders below as well"},
       {"vane enhance shoot/ -o bright/ --preview-folder look/ --contact-sheet look.jpg",
        "with sheets to look at: what it was, where it gained, what it is"},
       {"vane enhance incoming/ -o bright/ --watch", "whatever comes into a folder, until Ctrl+C"},
       {"find . -name '*.tif' -print0 | vane enhance - -o bright/ --format jpg",
        "what another program chose, as JPEG"},
       {"vane enhance clip.mp4 -o bright.mp4",
        "a video, without flicker; its sound comes along where ffmpeg is on the PATH"},
       {"vane enhance photo.jpg --model rave.safetensors -o bright.jpg",
        "by a published CLIP-LIT or RAVE network"}},
      [](Invocation& call) {
        EnhanceRequest request;
        call.read(request);
        take_stdin_for_dash(request.inputs);
        const auto result = call.compute<EnhanceResult>("enhance", request);
        Json json = Json::parse(result.report);
        json.erase("schema");  // finish() puts it in front
        const int stopped = call.finish(json, page(result, call.style()));
        // A watch has no other end than being stopped.
        const int code = request.watch ? 0 : stopped;
        return code != 0 || result.failed == 0 ? code : static_cast<int>(ErrorCode::partial);
      }};
}

}  // namespace vane
