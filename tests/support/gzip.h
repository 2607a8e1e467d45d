// SPDX-License-Identifier: Apache-2.0
#pragma once
// Fixtures that are stored compressed.

#include <zlib.h>

#include <string>
#include <vector>

namespace vane::testing {

/// The content of a .gz file; empty when it cannot be read.
inline std::string read_gzip(const std::string& path) {
  std::string out;
  gzFile file = gzopen(path.c_str(), "rb");
  std::vector<char> block(1 << 16);
  for (int n = 1; file != nullptr && n > 0;) {
    n = gzread(file, block.data(), static_cast<unsigned>(block.size()));
    if (n > 0) out.append(block.data(), static_cast<size_t>(n));
  }
  if (file != nullptr) gzclose(file);
  return out;
}

}  // namespace vane::testing
