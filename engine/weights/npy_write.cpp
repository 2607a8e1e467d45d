// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/weights/npy.h"

namespace vane {
namespace {

// NumPy pads the header so that data starts at a multiple of this.
constexpr size_t kDataAlignment = 64;
constexpr size_t kPreambleBytes = 10;  // magic, version, length of the header

std::string_view descr_of(DType dtype) {
  switch (dtype) {
    case DType::boolean:
      return "|b1";
    case DType::u8:
      return "|u1";
    case DType::i8:
      return "|i1";
    case DType::i16:
      return "<i2";
    case DType::i32:
      return "<i4";
    case DType::i64:
      return "<i8";
    case DType::f16:
      return "<f2";
    case DType::f32:
      return "<f4";
    case DType::f64:
      return "<f8";
    case DType::complex64:
      return "<c8";
    case DType::bf16:
    case DType::f8_e4m3:
    case DType::f8_e5m2:
      break;
  }
  throw Error(ErrorCode::internal, "NumPy has no type " + std::string(dtype_name(dtype)));
}

std::string header_of(const TensorRecord& array) {
  std::string text =
      "{'descr': '" + std::string(descr_of(array.dtype)) + "', 'fortran_order': False, 'shape': (";
  for (size_t i = 0; i < array.shape.size(); ++i) {
    text += (i > 0 ? ", " : "") + std::to_string(array.shape[i]);
  }
  text += array.shape.size() == 1 ? ",), }" : "), }";
  while ((kPreambleBytes + text.size() + 1) % kDataAlignment != 0) text += ' ';
  return text + '\n';
}

}  // namespace

void write_npy(const std::filesystem::path& path, const TensorRecord& array) {
  const uint64_t bytes = static_cast<uint64_t>(array.numel()) * dtype_bytes(array.dtype);
  if (!array.is_contiguous() || array.bytes.size() < bytes) {
    throw Error(ErrorCode::internal, "an array to be written is not contiguous").in_file(path);
  }
  const std::string header = header_of(array);
  std::string start = "\x93NUMPY\x01";
  start += '\0';
  start += static_cast<char>(header.size() & 0xff);
  start += static_cast<char>(header.size() >> 8);
  start += header;
  atomic_write(path, [&](const ByteSink& sink) {
    sink(std::as_bytes(std::span(start)));
    sink(array.bytes.first(static_cast<size_t>(bytes)));
  });
}

}  // namespace vane
