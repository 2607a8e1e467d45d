// SPDX-License-Identifier: Apache-2.0
#include "engine/scene/ply_patch.h"

#include <cstring>

#include "engine/base/atomic_file.h"
#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/scene/ply.h"

namespace vane {

void patch_ply_rows(const std::filesystem::path& source, const std::vector<int64_t>& rows,
                    const std::vector<std::string>& properties, const std::vector<float>& values,
                    const std::filesystem::path& target, const Limits& limits) {
  const auto file =
      MappedFile::open(source, limits.scene_file_bytes, static_cast<int>(ErrorCode::input));
  try {
    const std::span<const std::byte> stored = file->view();
    const PlyHeader header = parse_ply_header(stored);
    const PlyTable table(stored, header, "vertex", limits.scene_gaussians, "scene.gaussians");
    if (header.encoding != PlyEncoding::little_endian) {
      throw Error(ErrorCode::input, "only binary little-endian files can be changed in place");
    }
    std::vector<PlyColumn> columns;
    for (const std::string& property : properties) {
      columns.push_back(table.column(property));
      if (!columns.back().is_native_float()) {
        throw Error(ErrorCode::input, "is not a float").at_key(property);
      }
    }
    std::vector<std::byte> bytes(stored.begin(), stored.end());
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] < 0 || static_cast<uint64_t>(rows[i]) >= table.count()) {
        throw Error(ErrorCode::usage, "there is no row " + std::to_string(rows[i]));
      }
      const uint64_t row =
          table.begin() + static_cast<uint64_t>(rows[i]) * table.element().row_bytes;
      for (size_t k = 0; k < columns.size(); ++k) {
        std::memcpy(bytes.data() + row + columns[k].offset, &values[i * columns.size() + k],
                    sizeof(float));
      }
    }
    atomic_write(target, std::span<const std::byte>(bytes));
  } catch (Error& error) {
    error.set_file_if_empty(source);
    throw;
  }
}

}  // namespace vane
