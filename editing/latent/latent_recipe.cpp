// SPDX-License-Identifier: Apache-2.0
#include "editing/latent/latent_recipe.h"

#include <cstring>
#include <optional>
#include <span>

#include "engine/base/atomic_file.h"
#include "engine/base/base64.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/config/config_reader.h"
#include "engine/config/config_writer.h"

namespace vane {
namespace {

constexpr const char* kKind = "vane-latent-edit";
// Raised when the formulas change; then old versions must keep making the same picture.
constexpr int kVersion = 1;

struct MaskRecord {
  int64_t width = 0, height = 0;
  std::string pixels;

  template <class V>
  static void fields(V& v) {
    using C = MaskRecord;
    v.field("width", &C::width, "pixels", {.min = 1, .max = 4096, .required = true});
    v.field("height", &C::height, "pixels", {.min = 1, .max = 4096, .required = true});
    v.field("pixels", &C::pixels, "base64 of a byte each, by rows", {.required = true});
  }
};

struct Record {
  int schema = 1;
  std::string kind = kKind;
  int version = kVersion;
  std::string generator, latent, clip, method, w_plus, styles;
  double strength = 1;
  uint64_t seed = 0;
  std::vector<LatentStep> steps;
  std::optional<MaskRecord> mask;

  template <class V>
  static void fields(V& v) {
    using C = Record;
    v.field("schema", &C::schema, "layout of this file", {.min = 1, .max = 1});
    v.field("kind", &C::kind, "what this file describes", {.choices = {kKind}, .required = true});
    v.field("version", &C::version, "version of the formulas", {.min = 1, .max = kVersion});
    v.field("generator", &C::generator, "content hash of the generator", {.required = true});
    v.field("latent", &C::latent, "hash of the latent that was edited");
    v.field("clip", &C::clip, "content hash of the CLIP that guided");
    v.field("method", &C::method, "how the move was found");
    v.field("strength", &C::strength, "what it was multiplied by");
    v.field("seed", &C::seed, "of random numbers");
    v.field("steps", &C::steps, "what was asked for, and what was done");
    v.field("w_plus", &C::w_plus,
            "base64 of little-endian float32 [rows,W] that were added to the latent");
    v.field("styles", &C::styles,
            "base64 of little-endian float32 that were added to the styles, layer by layer");
    v.field("mask", &C::mask, "what was edited, before feathering");
  }
};

std::string numbers_text(const Tensor& tensor) {
  const Tensor flat = tensor.to(at::kFloat).contiguous().flatten();
  return base64_text(
      std::as_bytes(std::span(flat.const_data_ptr<float>(), static_cast<size_t>(flat.numel()))));
}

Tensor numbers_of(const std::string& text, int64_t count, const char* key) {
  const auto bytes = base64_bytes(text);
  if (!bytes || bytes->size() != static_cast<size_t>(count) * sizeof(float)) {
    throw Error(ErrorCode::checkpoint,
                "is not base64 of " + std::to_string(count) + " numbers of this generator")
        .at_key(key);
  }
  Tensor numbers = at::empty({count});
  std::memcpy(numbers.mutable_data_ptr<float>(), bytes->data(), bytes->size());
  if (!at::isfinite(numbers).all().item<bool>()) {
    throw Error(ErrorCode::checkpoint, "holds numbers that are not finite").at_key(key);
  }
  return numbers;
}

LatentMove move_of(const Record& record, const StyleGenerator& generator) {
  LatentMove move;
  if (!record.w_plus.empty()) {
    const int64_t count = generator.rows() * generator.w_dim();
    move.w_plus =
        numbers_of(record.w_plus, count, "w_plus").view({1, generator.rows(), generator.w_dim()});
  }
  if (!record.styles.empty()) {
    const StyleTable& table = generator.style_table();
    const Tensor flat = numbers_of(record.styles, style_channels(table), "styles");
    int64_t offset = 0;
    for (const StyleEntry& entry : table) {
      move.styles.push_back(flat.narrow(0, offset, entry.channels).unsqueeze(0).clone());
      offset += entry.channels;
    }
  }
  return move;
}

Tensor mask_of(const MaskRecord& record) {
  const auto bytes = base64_bytes(record.pixels);
  if (!bytes || bytes->size() != static_cast<size_t>(record.width * record.height)) {
    throw Error(ErrorCode::config, "is not base64 of width x height bytes").at_key("mask.pixels");
  }
  Tensor mask = at::empty({1, 1, record.height, record.width}, at::kByte);
  std::memcpy(mask.mutable_data_ptr<uint8_t>(), bytes->data(), bytes->size());
  return mask.to(at::kFloat) / 255;
}

MaskRecord record_of(const Tensor& mask) {
  const Tensor bytes = at::round(mask * 255).clamp(0, 255).to(at::kByte).contiguous();
  const auto* pixels = bytes.const_data_ptr<uint8_t>();
  return {mask.size(3), mask.size(2),
          base64_text(std::as_bytes(std::span(pixels, static_cast<size_t>(bytes.numel()))))};
}

}  // namespace

std::string latent_hash(const Tensor& w_plus) {
  const Tensor flat = w_plus.to(at::kFloat).contiguous();
  return hex64(xxh64(
      std::as_bytes(std::span(flat.const_data_ptr<float>(), static_cast<size_t>(flat.numel())))));
}

void save_recipe(const std::filesystem::path& path, const LatentRecipe& recipe) {
  Record record;
  record.generator = recipe.generator;
  record.latent = recipe.latent;
  record.clip = recipe.clip;
  record.method = recipe.method;
  record.strength = recipe.strength;
  record.seed = recipe.seed;
  record.steps = recipe.steps;
  if (recipe.move.w_plus.defined()) record.w_plus = numbers_text(recipe.move.w_plus);
  if (!recipe.move.styles.empty()) record.styles = numbers_text(at::cat(recipe.move.styles, 1));
  if (recipe.mask.defined()) record.mask = record_of(recipe.mask);
  atomic_write(path, std::string_view(yaml_text(fields_of(record), /*comments=*/true)));
}

LatentRecipe load_recipe(const std::filesystem::path& path, const StyleGenerator& generator,
                         const Limits& limits) {
  Record record;
  ConfigOrigins origins;
  const Fields fields = fields_of(record);
  apply_yaml(*parse_yaml_file(path, limits), path, fields, &origins);
  require_all(fields, origins, path);
  try {
    if (record.generator != generator.content_hash()) {
      throw Error(ErrorCode::checkpoint, "is an edit of another generator").at_key("generator");
    }
    return {record.generator,
            record.latent,
            record.clip,
            record.method,
            record.strength,
            record.seed,
            record.steps,
            move_of(record, generator),
            record.mask ? mask_of(*record.mask) : Tensor()};
  } catch (Error& error) {
    error.set_file_if_empty(path);
    throw;
  }
}

}  // namespace vane
