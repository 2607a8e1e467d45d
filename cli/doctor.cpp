// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>

#include "cli/command_table.h"
#include "editing/services/doctor.h"
#include "engine/base/assets.h"
#include "engine/base/text.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

struct Installation {
  std::string assets, clip_mini, faces;
  std::vector<std::string> advice;
};

std::string folder_or_empty(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder, ignored) ? folder.string() : std::string();
}

Installation look_around() {
  Installation found;
  try {
    found.assets = assets_folder().string();
  } catch (const Error& problem) {
    found.advice.push_back(problem.what());
    return found;
  }
  found.clip_mini = folder_or_empty(assets_folder() / "models" / "clip-mini");
  found.faces = folder_or_empty(models_folder() / "faces");
  if (found.clip_mini.empty()) {
    found.advice.push_back("the small CLIP (clip-mini) is not there; give --clip FOLDER");
  }
  if (found.faces.empty()) {
    found.advice.push_back(
        "the face generator is not there; `vane models get faces` fetches it (38 MB)");
  }
  return found;
}

std::string check_mark(const TerminalStyle& style, bool fine) {
  return fine ? style.good("ok") : style.bad("--");
}

std::string page(const DoctorResult& result, const Installation& found,
                 const std::vector<std::string>& advice, const TerminalStyle& style) {
  TextTable table;
  const auto row = [&](bool fine, const std::string& what, const std::string& value) {
    table.row({check_mark(style, fine), what, value});
  };
  row(true, "program", std::string("vane ") + VANE_VERSION);
  row(true, "LibTorch", result.torch_version + (result.cuda_build ? ", CUDA" : ", CPU only"));
  if (!result.gpu.empty()) row(true, "GPU", result.gpu);
  row(true, "processor", result.cpu_model + ", " + result.cpu_capability);
  row(result.threads >= result.physical_cores, "threads",
      fmt::format("{} of {} cores", result.threads, result.physical_cores));
  for (const DoctorSpeed& speed : result.speed) {
    row(true, fmt::format("product {0}x{0}", speed.size),
        fmt::format("{:.0f} GFLOP/s", speed.gflops));
  }
  if (result.amd && result.mkl) {
    row(result.mkl_fast_kernels, "MKL on AMD",
        result.mkl_fast_kernels ? "fast kernels on" : "slow kernels");
  }
  row(!found.assets.empty(), "assets", found.assets.empty() ? "not found" : found.assets);
  row(!found.clip_mini.empty(), "clip-mini",
      found.clip_mini.empty() ? "not found" : found.clip_mini);
  row(!found.faces.empty(), "faces", found.faces.empty() ? "not found" : found.faces);
  std::string out = table.text();
  if (advice.empty()) return out + "\nEverything is as it should be.\n";
  out += "\n" + style.bold("What to do") + "\n";
  for (const std::string& line : advice) out += "  - " + wrapped(line, 4, style.width) + "\n";
  return out;
}

}  // namespace

Command doctor_command() {
  return {"doctor",
          "check this installation and how fast the machine is",
          {{"vane doctor", "versions, threads, speed of matrix products, missing models"}},
          [](Invocation& call) {
            DoctorRequest request;
            call.read(request);
            const auto result = call.compute<DoctorResult>("doctor", request);
            const Installation found = look_around();
            std::vector<std::string> advice = result.advice;
            advice.insert(advice.end(), found.advice.begin(), found.advice.end());
            DoctorResult copy = result;
            copy.advice = advice;
            Json json{{"version", VANE_VERSION}};
            json.update(fields_json(fields_of(copy)));
            json["assets"] = found.assets;
            json["clip_mini"] = found.clip_mini;
            json["faces"] = found.faces;
            return call.finish(json, page(result, found, advice, call.style()));
          }};
}

}  // namespace vane
