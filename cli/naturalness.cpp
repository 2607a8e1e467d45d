// SPDX-License-Identifier: Apache-2.0
#include "editing/services/naturalness.h"

#include <fmt/format.h>

#include "cli/command_table.h"
#include "engine/base/text.h"

namespace vane {

Command naturalness_fit_command() {
  return {"naturalness fit",
          "learn what sharp photographs are like, for `vane metrics`",
          {{"vane naturalness fit photographs/ -r -o niqe.safetensors", ""},
           {"vane metrics right.png test.png --metric niqe_local --niqe-model niqe.safetensors",
            "measure by it"}},
          [](Invocation& call) {
            NaturalnessFitRequest request;
            call.read(request);
            const auto result = call.compute<NaturalnessFitResult>("naturalness fit", request);
            const Json json{{"output", result.output},
                            {"pictures", result.pictures},
                            {"blocks", result.blocks},
                            {"skipped", result.skipped}};
            return call.finish(json,
                               fmt::format("{} blocks of {} photographs, {} skipped; model in {}\n",
                                           result.blocks, result.pictures, result.skipped.size(),
                                           printable(result.output, 1000)));
          }};
}

}  // namespace vane
