// SPDX-License-Identifier: Apache-2.0
// Properties: every shard is a bare name, and an index written from what was read reads the same.
#include "engine/base/json.h"
#include "engine/weights/shard_index.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vane;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  require_result_or_error(size, ErrorCode::checkpoint, [&] {
    const auto shards = parse_shard_index(text);
    std::string written = "{\"weight_map\":{";
    for (const auto& [name, shard] : shards) {
      require(!shard.empty() && shard.find('/') == std::string::npos &&
                  shard.find("..") == std::string::npos && shard.find('\0') == std::string::npos,
              "a bare name");
      if (written.back() != '{') written += ',';
      written += json_quoted(name) + ':' + json_quoted(shard);
    }
    require(parse_shard_index(written + "}}") == shards, "the same again");
  });
  return 0;
}
