// SPDX-License-Identifier: Apache-2.0
// Allow-list after the names that PyTorch's restricted unpickler admits (2.14).
#include "engine/weights/pickle_globals.h"

#include <algorithm>
#include <array>

#include "engine/base/text.h"

namespace vane {
namespace {

struct KnownName {
  std::string_view name;
  GlobalRole role;
};

constexpr std::array<KnownName, 16> kNames = {
    {{"collections.OrderedDict", GlobalRole::ordered_dict},
     {"collections.Counter", GlobalRole::counter},
     {"torch._utils._rebuild_tensor", GlobalRole::rebuild_tensor},
     {"torch._utils._rebuild_tensor_v2", GlobalRole::rebuild_tensor_v2},
     {"torch._utils._rebuild_tensor_v3", GlobalRole::rebuild_tensor_v3},
     {"torch._utils._rebuild_parameter", GlobalRole::rebuild_parameter},
     {"torch._utils._rebuild_parameter_with_state", GlobalRole::rebuild_parameter},
     {"torch.storage._load_from_bytes", GlobalRole::storage_stream},
     {"torch.nn.parameter.Parameter", GlobalRole::parameter},
     {"torch.Size", GlobalRole::size},
     {"torch.device", GlobalRole::plain_value},
     {"torch.serialization._get_layout", GlobalRole::plain_value},
     {"torch.storage.UntypedStorage", GlobalRole::untyped_storage},
     {"torch.UntypedStorage", GlobalRole::untyped_storage},
     {"torch.storage.TypedStorage", GlobalRole::untyped_storage},
     {"_codecs.encode", GlobalRole::encode}}};

struct TypeName {
  std::string_view name;
  DType dtype;
};

constexpr std::array<TypeName, 11> kStorages = {{{"FloatStorage", DType::f32},
                                                 {"DoubleStorage", DType::f64},
                                                 {"HalfStorage", DType::f16},
                                                 {"BFloat16Storage", DType::bf16},
                                                 {"LongStorage", DType::i64},
                                                 {"IntStorage", DType::i32},
                                                 {"ShortStorage", DType::i16},
                                                 {"CharStorage", DType::i8},
                                                 {"ByteStorage", DType::u8},
                                                 {"BoolStorage", DType::boolean},
                                                 {"ComplexFloatStorage", DType::complex64}}};

constexpr std::array<TypeName, 20> kDTypes = {{{"float32", DType::f32},
                                               {"float", DType::f32},
                                               {"float64", DType::f64},
                                               {"double", DType::f64},
                                               {"float16", DType::f16},
                                               {"half", DType::f16},
                                               {"bfloat16", DType::bf16},
                                               {"int64", DType::i64},
                                               {"long", DType::i64},
                                               {"int32", DType::i32},
                                               {"int", DType::i32},
                                               {"int16", DType::i16},
                                               {"short", DType::i16},
                                               {"int8", DType::i8},
                                               {"uint8", DType::u8},
                                               {"bool", DType::boolean},
                                               {"complex64", DType::complex64},
                                               {"cfloat", DType::complex64},
                                               {"float8_e4m3fn", DType::f8_e4m3},
                                               {"float8_e5m2", DType::f8_e5m2}}};

// Tensors of other kinds than a strided view of a storage.
constexpr std::array<std::string_view, 7> kOtherTensors = {
    "torch._utils._rebuild_qtensor",
    "torch._utils._rebuild_sparse_tensor",
    "torch._utils._rebuild_sparse_csr_tensor",
    "torch._utils._rebuild_nested_tensor",
    "torch._utils._rebuild_wrapper_subclass",
    "torch._utils._rebuild_meta_tensor_no_storage",
    "torch._utils._rebuild_device_tensor_from_numpy"};

}  // namespace

PickleGlobal pickle_global(std::string_view module, std::string_view name) {
  PickleGlobal global;
  global.name = std::string(module) + "." + std::string(name);
  for (const KnownName& known : kNames) {
    if (known.name == global.name) {
      global.role = known.role;
      return global;
    }
  }
  if (module != "torch") return global;
  for (const TypeName& type : kStorages) {
    if (type.name == name) {
      global.role = GlobalRole::storage_type;
      global.dtype = type.dtype;
    }
  }
  for (const TypeName& type : kDTypes) {
    if (type.name == name) {
      global.role = GlobalRole::dtype;
      global.dtype = type.dtype;
    }
  }
  return global;
}

bool is_other_tensor(std::string_view name) {
  return std::find(kOtherTensors.begin(), kOtherTensors.end(), name) != kOtherTensors.end();
}

std::string opaque_reason(std::string_view name) {
  if (is_other_tensor(name)) {
    return "tensors made by " + std::string(name) +
           " (quantised, sparse, nested or without data) are not supported";
  }
  if (name.starts_with("torch.") && name.find('.', 6) == std::string_view::npos) {
    return "element type " + std::string(name) + " is not supported";
  }
  return "is made by " + printable(name) + ", which Vane never runs";
}

}  // namespace vane
