// SPDX-License-Identifier: Apache-2.0
#include "generators/stylegan/style_space.h"

namespace vane {
namespace {

bool belongs(const StyleEntry& entry, StyleKind kind) {
  return kind == StyleKind::all || entry.to_rgb == (kind == StyleKind::to_rgb);
}

}  // namespace

int64_t style_channels(const StyleTable& table, StyleKind kind) {
  int64_t sum = 0;
  for (const StyleEntry& entry : table) {
    if (belongs(entry, kind)) sum += entry.channels;
  }
  return sum;
}

std::vector<int64_t> style_offsets(const StyleTable& table, StyleKind kind) {
  std::vector<int64_t> offsets;
  int64_t next = 0;
  for (const StyleEntry& entry : table) {
    if (!belongs(entry, kind)) continue;
    offsets.push_back(next);
    next += entry.channels;
  }
  return offsets;
}

}  // namespace vane
