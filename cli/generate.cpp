// SPDX-License-Identifier: Apache-2.0
#include "editing/services/generate.h"

#include <fmt/format.h>

#include "cli/command_table.h"
#include "engine/base/text.h"

namespace vane {

Command generate_command() {
  return {
      "generate",
      "pictures that nobody took",
      {{"vane generate --seed 7 -o face.png", "a portrait of nobody"},
       {"vane generate -n 8 --truncation 0.6 -o face.png", "face-0000.png and so on"},
       {"vane generate --generator network.pt --seed 7 -o x.png", "from a StyleGAN2 checkpoint"}},
      [](Invocation& call) {
        GenerateRequest request;
        call.read(request);
        auto result = call.compute<GenerateResult>("generate", request);
        return call.finish(fields_json(fields_of(result)),
                           fmt::format("{}  {} of {}x{}\n", printable(result.output, 1000),
                                       result.pictures, result.width, result.height));
      }};
}

}  // namespace vane
