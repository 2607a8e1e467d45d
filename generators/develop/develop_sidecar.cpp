// SPDX-License-Identifier: Apache-2.0
#include "generators/develop/develop_sidecar.h"

#include <cstring>
#include <optional>
#include <span>

#include "engine/base/atomic_file.h"
#include "engine/base/base64.h"
#include "engine/base/error.h"
#include "engine/config/config_reader.h"
#include "engine/config/config_writer.h"

namespace vane {
namespace {

constexpr const char* kKind = "vane-develop";
// Raised when the formulas change; then old versions must keep rendering the same picture.
constexpr int kVersion = 1;

struct GridRecord {
  int depth = 0, height = 0, width = 0;
  std::string coefficients;

  template <class V>
  static void fields(V& v) {
    using C = GridRecord;
    v.field("depth", &C::depth, "vertices along luma", {.min = 2, .max = 256, .required = true});
    v.field("height", &C::height, "vertices along y", {.min = 2, .max = 1024, .required = true});
    v.field("width", &C::width, "vertices along x", {.min = 2, .max = 1024, .required = true});
    v.field(
        "coefficients", &C::coefficients,
        "base64 of little-endian float32 [12,depth,height,width], differences from the identity",
        {.required = true});
  }
};

struct SidecarRecord {
  int schema = 1;
  std::string kind = kKind;
  int version = kVersion;
  DevelopSettings settings;
  std::optional<GridRecord> grid;

  template <class V>
  static void fields(V& v) {
    using C = SidecarRecord;
    v.field("schema", &C::schema, "layout of this file", {.min = 1, .max = 1});
    v.field("kind", &C::kind, "what this file describes", {.choices = {kKind}, .required = true});
    v.field("version", &C::version, "version of the formulas", {.min = 1, .max = kVersion});
    v.field("settings", &C::settings, "global settings; 0 changes nothing");
    v.field("grid", &C::grid, "local colour: bilateral grid of affine transforms");
  }
};

Error faulty(const std::string& message, const std::string& key, const YamlNode* node) {
  Error error(ErrorCode::config, message);
  if (node == nullptr) return std::move(error).at_key(key);
  return std::move(error).at_key(key).at_line(node->line, node->column);
}

BilateralGrid grid_of(const GridRecord& record, const YamlNode* node) {
  const YamlNode* text = node == nullptr ? nullptr : node->find("coefficients");
  const size_t expected = size_t{kAffineCoefficients} * static_cast<size_t>(record.depth) *
                          static_cast<size_t>(record.height) * static_cast<size_t>(record.width);
  const auto bytes = base64_bytes(record.coefficients);
  if (!bytes) throw faulty("is not base64", "grid.coefficients", text);
  if (bytes->size() != expected * sizeof(float)) {
    throw faulty("holds " + std::to_string(bytes->size()) + " bytes, a grid of this shape has " +
                     std::to_string(expected * sizeof(float)),
                 "grid.coefficients", text);
  }
  BilateralGrid grid{record.depth, record.height, record.width, std::vector<float>(expected)};
  std::memcpy(grid.coefficients.data(), bytes->data(), bytes->size());
  for (const float value : grid.coefficients) {
    if (!(value >= -kGridLimit && value <= kGridLimit)) {
      throw faulty("holds a value outside [-1,1]", "grid.coefficients", text);
    }
  }
  return grid;
}

void check_lengths(const DevelopSettings& settings, const YamlNode* node) {
  const DevelopSettings defaults;
  for (const DevelopField& field : develop_fields()) {
    if (field.size(settings) == field.size(defaults)) continue;
    throw faulty("has " + std::to_string(field.size(settings)) + " values, expected " +
                     std::to_string(field.size(defaults)),
                 "settings." + field.name, node == nullptr ? nullptr : node->find(field.name));
  }
}

DevelopSettings settings_of(const YamlNode& root, const std::filesystem::path& name) {
  SidecarRecord record;
  ConfigOrigins origins;
  const Fields fields = fields_of(record);
  apply_yaml(root, name, fields, &origins);
  require_all(fields, origins, name);
  try {
    check_lengths(record.settings, root.find("settings"));
    if (record.grid) record.settings.grid = grid_of(*record.grid, root.find("grid"));
  } catch (Error& error) {
    error.set_file_if_empty(name);
    throw;
  }
  return record.settings;
}

}  // namespace

std::string sidecar_text(const DevelopSettings& settings) {
  check_settings(settings);
  SidecarRecord record;
  record.settings = scaled(settings, 1.f);
  const BilateralGrid& grid = record.settings.grid;
  if (!grid.empty()) {
    record.grid = GridRecord{grid.depth, grid.height, grid.width,
                             base64_text(std::as_bytes(std::span(grid.coefficients)))};
  }
  return yaml_text(fields_of(record), /*comments=*/true);
}

DevelopSettings sidecar_settings(std::string_view text, const std::string& name,
                                 const Limits& limits) {
  return settings_of(*parse_yaml(text, name, limits), name);
}

void save_sidecar(const std::filesystem::path& path, const DevelopSettings& settings) {
  atomic_write(path, sidecar_text(settings));
}

DevelopSettings load_sidecar(const std::filesystem::path& path, const Limits& limits) {
  return settings_of(*parse_yaml_file(path, limits), path);
}

}  // namespace vane
