// SPDX-License-Identifier: Apache-2.0
#include "engine/tensor/weights.h"

#include <set>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/weights/safetensors.h"

namespace vane {
namespace {

at::ScalarType scalar_type(DType dtype) {
  switch (dtype) {
    case DType::boolean:
      return at::kBool;
    case DType::u8:
      return at::kByte;
    case DType::i8:
      return at::kChar;
    case DType::i16:
      return at::kShort;
    case DType::i32:
      return at::kInt;
    case DType::i64:
      return at::kLong;
    case DType::f16:
      return at::kHalf;
    case DType::bf16:
      return at::kBFloat16;
    case DType::f32:
      return at::kFloat;
    case DType::f64:
      return at::kDouble;
    case DType::f8_e4m3:
      return at::kFloat8_e4m3fn;
    case DType::f8_e5m2:
      return at::kFloat8_e5m2;
    case DType::complex64:
      return at::kComplexFloat;
  }
  throw Error(ErrorCode::internal, "unknown tensor type");
}

DType dtype_of(at::ScalarType type, const std::string& name) {
  for (int i = 0; i <= static_cast<int>(DType::complex64); ++i) {
    if (scalar_type(static_cast<DType>(i)) == type) return static_cast<DType>(i);
  }
  throw Error(ErrorCode::internal, "a tensor of this type cannot be written").at_key(name);
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::vector<std::string> parts;
  for (const int64_t size : shape) parts.push_back(size < 0 ? "*" : std::to_string(size));
  return "[" + join(parts, ",") + "]";
}

bool fits(const std::vector<int64_t>& actual, const std::vector<int64_t>& expected) {
  if (actual.size() != expected.size()) return false;
  for (size_t i = 0; i < actual.size(); ++i) {
    if (expected[i] >= 0 && actual[i] != expected[i]) return false;
  }
  return true;
}

/// "a, b, c, d, e and 12 more".
std::string first_five(const std::vector<std::string>& names) {
  const std::vector<std::string> shown(
      names.begin(), names.begin() + std::min<std::ptrdiff_t>(5, std::ssize(names)));
  std::string text = join(shown, ", ");
  if (names.size() > 5) text += " and " + std::to_string(names.size() - 5) + " more";
  return text;
}

/// Minimum and maximum carry any NaN or infinity, and need no temporary of the tensor's size.
bool is_finite(const Tensor& tensor) {
  if (tensor.numel() == 0) return true;
  const auto [low, high] = tensor.aminmax();
  return std::isfinite(low.item<double>()) && std::isfinite(high.item<double>());
}

}  // namespace

struct Weights::State {
  TensorTable table;
  bool allow_nonfinite = false;
  std::function<std::string(const std::string&)> name_in_file;
  std::set<std::string> used;
  std::vector<std::string> missing, mismatched;

  std::string shown(const std::string& name) const {
    return name_in_file ? name_in_file(name) : name;
  }
};

Weights::Weights(TensorTable table, bool allow_nonfinite) : state_(std::make_shared<State>()) {
  state_->table = std::move(table);
  state_->allow_nonfinite = allow_nonfinite;
}

Weights Weights::under(std::string_view prefix) const {
  Weights child = *this;
  child.prefix_ += prefix;
  return child;
}

void Weights::show_names_as(std::function<std::string(const std::string&)> name_in_file) const {
  state_->name_in_file = std::move(name_in_file);
}

bool Weights::contains(std::string_view name) const {
  return state_->table.contains(prefix_ + std::string(name));
}

std::vector<int64_t> Weights::shape(std::string_view name) const {
  const std::string full = prefix_ + std::string(name);
  const TensorRecord* record = state_->table.find(full);
  if (!record) {
    throw Error(ErrorCode::checkpoint, "this tensor is missing")
        .in_file(state_->table.path)
        .at_key(state_->shown(full));
  }
  return record->shape;
}

Tensor Weights::take(std::string_view name, const std::vector<int64_t>& shape) const {
  const std::string full = prefix_ + std::string(name);
  const TensorRecord* record = state_->table.find(full);
  std::vector<int64_t> stand_in = shape;
  for (int64_t& size : stand_in) size = std::max<int64_t>(size, 1);
  if (!record) {
    state_->missing.push_back(state_->shown(full));
    return at::zeros(stand_in);
  }
  state_->used.insert(full);
  if (!fits(record->shape, shape)) {
    state_->mismatched.push_back(state_->shown(full) + " is " + shape_text(record->shape) +
                                 ", expected " + shape_text(shape));
    return at::zeros(stand_in);
  }
  const Tensor tensor = tensor_from_record(state_->table, *record).to(at::kFloat).contiguous();
  if (!state_->allow_nonfinite && !is_finite(tensor)) {
    throw Error(ErrorCode::checkpoint, "this tensor holds NaN or infinity")
        .in_file(state_->table.path)
        .at_key(state_->shown(full))
        .with_hint("the file is damaged or its training diverged");
  }
  return tensor;
}

Tensor Weights::take_optional(std::string_view name, const std::vector<int64_t>& shape) const {
  return contains(name) ? take(name, shape) : Tensor();
}

void Weights::ignore(std::string_view name) const {
  state_->used.insert(prefix_ + std::string(name));
}

std::vector<std::string> Weights::names() const {
  std::vector<std::string> result;
  for (const TensorRecord& record : state_->table.tensors) {
    if (record.name.starts_with(prefix_)) result.push_back(record.name.substr(prefix_.size()));
  }
  return result;
}

void Weights::finish(bool strict) const {
  std::vector<std::string> unused;
  if (strict) {
    for (const TensorRecord& record : state_->table.tensors) {
      if (!state_->used.contains(record.name)) unused.push_back(state_->shown(record.name));
    }
  }
  if (state_->missing.empty() && state_->mismatched.empty() && unused.empty()) return;
  std::vector<std::string> faults;
  const auto add = [&faults](const std::vector<std::string>& names, const char* what) {
    if (names.empty()) return;
    faults.push_back(std::to_string(names.size()) + what + first_five(names));
  };
  add(state_->missing, " missing: ");
  add(state_->mismatched, " of another shape: ");
  add(unused, " without use: ");
  throw Error(ErrorCode::checkpoint, "the tensors do not fit the model: " + join(faults, "; "))
      .in_file(state_->table.path)
      .with_hint("`vane models inspect` lists what the file holds");
}

const TensorTable& Weights::table() const { return state_->table; }

Tensor tensor_from_record(const TensorTable& table, const TensorRecord& record) {
  const at::ScalarType type = scalar_type(record.dtype);
  const auto options = at::TensorOptions().dtype(type);
  if (record.numel() == 0) return at::empty(record.shape, options);
  auto* data = const_cast<std::byte*>(record.bytes.data());  // a view is read only by contract
  const bool aligned = reinterpret_cast<uintptr_t>(data) % dtype_bytes(record.dtype) == 0;
  if (!aligned) {
    // Bytes first, so that nothing is ever loaded from an odd address.
    const auto size =
        static_cast<int64_t>(record.bytes.size() - record.bytes.size() % dtype_bytes(record.dtype));
    const Tensor copy =
        at::from_blob(data, {size}, at::TensorOptions().dtype(at::kByte)).clone().view(type);
    return copy.as_strided(record.shape, record.strides).contiguous();
  }
  const auto owners = std::make_shared<std::vector<std::shared_ptr<const void>>>(table.owners);
  const Tensor view = at::from_blob(
      data, record.shape, record.strides, [owners](void*) {}, options);
  return record.is_contiguous() ? view : view.contiguous();
}

std::vector<TensorRecord> records_of(const std::map<std::string, Tensor>& tensors) {
  std::vector<TensorRecord> records;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.is_contiguous() || !tensor.device().is_cpu()) {
      throw Error(ErrorCode::internal, "a tensor to be written is not contiguous on the CPU")
          .at_key(name);
    }
    TensorRecord record;
    record.name = name;
    record.dtype = dtype_of(tensor.scalar_type(), name);
    record.shape = tensor.sizes().vec();
    record.strides = tensor.strides().vec();
    record.bytes = {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()};
    records.push_back(std::move(record));
  }
  return records;
}

void save_tensors(const std::filesystem::path& path, const std::map<std::string, Tensor>& tensors,
                  const std::map<std::string, std::string>& metadata) {
  std::map<std::string, Tensor> ready;
  for (const auto& [name, tensor] : tensors) ready[name] = tensor.detach().cpu().contiguous();
  write_safetensors(path, records_of(ready), metadata);
}

}  // namespace vane
