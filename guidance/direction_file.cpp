// SPDX-License-Identifier: Apache-2.0
// Directions as safetensors files.
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/tensor/weights.h"
#include "guidance/direction.h"

namespace vane {
namespace {

constexpr std::string_view kFormat = "vane direction 1";
constexpr std::string_view kOriginPrefix = "origin.";

Error unusable(const std::filesystem::path& path, const std::string& why) {
  return Error(ErrorCode::checkpoint, why)
      .in_file(path)
      .with_hint("a direction file is made by `vane direction … -o FILE.safetensors`");
}

float number_of(const TensorTable& table, const std::string& key, float fallback) {
  const auto it = table.metadata.find(key);
  if (it == table.metadata.end()) return fallback;
  const auto value = parse_number(it->second);
  if (!value) {
    throw unusable(table.path, "metadata '" + key + "' is not a number: " + printable(it->second));
  }
  return static_cast<float>(*value);
}

/// An end of the direction, when the file has it; a vector as long as the direction.
Tensor point_of(const TensorTable& table, const std::string& key, const Tensor& direction) {
  const TensorRecord* record = table.find(key);
  if (record == nullptr) return {};
  if (record->shape != std::vector<int64_t>{direction.numel()} || record->dtype != DType::f32) {
    throw unusable(table.path, "tensor '" + key + "' is not a float32 vector of the same length");
  }
  const Tensor point = tensor_from_record(table, *record).clone();
  if (!at::isfinite(point).all().item<bool>()) {
    throw unusable(table.path, "tensor '" + key + "' holds numbers that are not finite");
  }
  return point;
}

}  // namespace

void save_direction(const std::filesystem::path& path, const Direction& direction,
                    const std::map<std::string, Tensor>& more) {
  std::map<std::string, std::string> metadata{
      {"format", std::string(kFormat)},
      {"kind", direction.kind},
      {"model_hash", direction.model_hash},
      {"embed_dim", std::to_string(direction.vector.numel())},
      {"magnitude", number_text(static_cast<double>(direction.magnitude))}};
  if (std::isfinite(direction.tau)) {
    metadata["tau"] = number_text(static_cast<double>(direction.tau));
  }
  for (const auto& [key, value] : direction.origin) {
    metadata[std::string(kOriginPrefix) + key] = value;
  }
  std::map<std::string, Tensor> tensors{{"direction", direction.vector.detach().to(at::kFloat)}};
  if (direction.from_point.defined()) tensors["from_point"] = direction.from_point.contiguous();
  if (direction.to_point.defined()) tensors["to_point"] = direction.to_point.contiguous();
  tensors.insert(more.begin(), more.end());
  save_tensors(path, tensors, metadata);
}

Direction load_direction(const std::filesystem::path& path, const ClipEncoder* clip) {
  const at::NoGradGuard no_grad;
  TensorTable table = open_weights(path);
  table.path = path;
  const TensorRecord* record = table.find("direction");
  if (record == nullptr) throw unusable(path, "the file holds no tensor named 'direction'");
  if (record->shape.size() != 1 || record->shape[0] < 1 ||
      (record->dtype != DType::f32 && record->dtype != DType::f64 && record->dtype != DType::f16 &&
       record->dtype != DType::bf16)) {
    throw unusable(path, "tensor 'direction' is not a vector of floating-point numbers");
  }
  const Tensor raw = tensor_from_record(table, *record).to(at::kDouble);
  const double length = raw.norm().item<double>();
  if (!std::isfinite(length) || length < 1e-12) {
    throw unusable(path, std::isfinite(length) ? "the direction is zero"
                                               : "the direction holds numbers that are not finite");
  }
  Direction direction;
  direction.vector = (raw / length).to(at::kFloat).clone();
  direction.magnitude = number_of(table, "magnitude", static_cast<float>(length));
  direction.from_point = point_of(table, "from_point", direction.vector);
  direction.to_point = point_of(table, "to_point", direction.vector);
  direction.tau = number_of(table, "tau", std::numeric_limits<float>::quiet_NaN());
  const auto text = [&](const char* key) {
    const auto it = table.metadata.find(key);
    return it == table.metadata.end() ? std::string() : it->second;
  };
  direction.kind = text("kind");
  direction.model_hash = text("model_hash");
  for (const auto& [key, value] : table.metadata) {
    if (key.starts_with(kOriginPrefix)) direction.origin[key.substr(kOriginPrefix.size())] = value;
  }
  if (clip != nullptr) {
    try {
      check_same_model(direction, *clip);
    } catch (Error& error) {
      error.set_file_if_empty(path);
      throw;
    }
  }
  return direction;
}

}  // namespace vane
