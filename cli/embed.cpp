// SPDX-License-Identifier: Apache-2.0
#include "editing/services/embed.h"

#include <fmt/format.h>

#include "cli/command_table.h"
#include "engine/base/atomic_file.h"
#include "engine/base/text.h"

namespace vane {

Command embed_command() {
  return {"embed",
          "write CLIP embeddings of pictures and texts",
          {{"vane embed a.jpg b.jpg --text \"a cat\" -o e.safetensors",
            "keys image_embeddings and text_embeddings, before normalisation"}},
          [](Invocation& call) {
            EmbedRequest request;
            call.read(request);
            if (request.images.empty() && request.texts.empty()) {
              throw Error(ErrorCode::usage, "there is nothing to embed")
                  .with_hint("give pictures or --text TEXT");
            }
            check_writable(request.output);
            auto result = call.compute<EmbedResult>("embed", request);
            std::string text = fmt::format("{}  {} pictures and {} texts, {} numbers each\n",
                                           printable(result.output, 1000), result.images,
                                           result.texts, result.dim);
            for (const std::string& cut : result.truncated) {
              text += "cut to the length that the model reads: " + printable(cut, 80) + "\n";
            }
            return call.finish(fields_json(fields_of(result)), text);
          }};
}

}  // namespace vane
