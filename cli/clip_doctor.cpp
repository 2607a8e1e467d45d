// SPDX-License-Identifier: Apache-2.0
#include "editing/services/clip_doctor.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/command_table.h"
#include "engine/base/text.h"

namespace vane {
namespace {

constexpr int kBarCells = 20;
constexpr size_t kTrialsShown = 8;

std::string page(const ClipDoctorResult& result, const TerminalStyle& style) {
  std::string out = result.agrees ? style.good("Both embeddings are the same") +
                                        fmt::format(" (cosine {:.6f}).\n", result.cosine)
                                  : style.bad("The embeddings differ") +
                                        fmt::format(" (cosine {:.6f}).\n", result.cosine);
  if (!result.cause.empty()) out += "\nCause: " + style.bold(printable(result.cause, 400)) + "\n";
  if (!result.advice.empty()) {
    out += wrapped(printable(result.advice, 2000), 0, std::min(style.width, 100)) + "\n";
  }
  TextTable table({true});
  for (size_t i = 0; i < std::min(kTrialsShown, result.trials.size()); ++i) {
    const ClipDoctorTrial& trial = result.trials[i];
    table.row({fmt::format("{:.6f}", trial.cosine), style.bar(trial.cosine, kBarCells),
               printable(trial.name, 200)});
  }
  return out + "\n" + style.dim("Tried, with the cosine to the expected embedding:") + "\n" +
         table.text();
}

}  // namespace

Command clip_doctor_command() {
  return {"clip doctor",
          "find out why another program's embedding differs",
          {{"vane clip doctor --clip ViT-B-32.pt --image cat.jpg --expect other.safetensors",
            "other.safetensors holds the key image_embeddings"}},
          [](Invocation& call) {
            ClipDoctorRequest request;
            call.read(request);
            auto result = call.compute<ClipDoctorResult>("clip doctor", request);
            return call.finish(fields_json(fields_of(result)), page(result, call.style()));
          }};
}

}  // namespace vane
