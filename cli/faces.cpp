// SPDX-License-Identifier: Apache-2.0
#include "editing/services/faces.h"

#include <fmt/format.h>

#include "cli/command_table.h"
#include "engine/base/text.h"

namespace vane {

Command faces_dataset_command() {
  return {
      "faces dataset",
      "measured portraits to train from",
      {{"vane faces dataset -n 3000 -o faces/", "three thousand, continued when called again"},
       {"vane faces dataset --from faces/ -o measured/", "after an update that measures better"}},
      [](Invocation& call) {
        FacesDatasetRequest request;
        call.read(request);
        const auto result = call.compute<FacesDatasetResult>("faces dataset", request);
        return call.finish(
            {{"output", result.output}, {"faces", result.faces}, {"kept", result.kept}},
            fmt::format("{}  {} faces, {} of them from before\n", printable(result.output, 1000),
                        result.faces, result.kept));
      }};
}

}  // namespace vane
