// SPDX-License-Identifier: Apache-2.0
#include "tests/weights/element_values.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace vane {
namespace {

template <class T>
double load(const std::byte* p) {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return static_cast<double>(value);
}

// A binary float with the given widths, IEEE style (`is_finite_only`: no infinity, one NaN).
double small_float(uint32_t bits, int exponent_bits, int mantissa_bits, bool is_finite_only) {
  const uint32_t mantissa = bits & ((1u << mantissa_bits) - 1);
  const uint32_t exponent = (bits >> mantissa_bits) & ((1u << exponent_bits) - 1);
  const uint32_t top = (1u << exponent_bits) - 1;
  const double sign = (bits >> (mantissa_bits + exponent_bits)) ? -1 : 1;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  if (exponent == top && !is_finite_only) {
    return mantissa ? std::numeric_limits<double>::quiet_NaN()
                    : sign * std::numeric_limits<double>::infinity();
  }
  if (exponent == 0) return sign * std::ldexp(mantissa, 1 - bias - mantissa_bits);
  return sign * std::ldexp(mantissa + std::ldexp(1.0, mantissa_bits),
                           static_cast<int>(exponent) - bias - mantissa_bits);
}

void push(DType dtype, const std::byte* p, std::vector<double>& out) {
  switch (dtype) {
    case DType::boolean:
    case DType::u8:
      return out.push_back(load<uint8_t>(p));
    case DType::i8:
      return out.push_back(load<int8_t>(p));
    case DType::i16:
      return out.push_back(load<int16_t>(p));
    case DType::i32:
      return out.push_back(load<int32_t>(p));
    case DType::i64:
      return out.push_back(load<int64_t>(p));
    case DType::f16:
      return out.push_back(small_float(static_cast<uint32_t>(load<uint16_t>(p)), 5, 10, false));
    case DType::bf16:
      return out.push_back(small_float(static_cast<uint32_t>(load<uint16_t>(p)), 8, 7, false));
    case DType::f8_e4m3:
      return out.push_back(small_float(static_cast<uint32_t>(load<uint8_t>(p)), 4, 3, true));
    case DType::f8_e5m2:
      return out.push_back(small_float(static_cast<uint32_t>(load<uint8_t>(p)), 5, 2, false));
    case DType::f32:
      return out.push_back(load<float>(p));
    case DType::f64:
      return out.push_back(load<double>(p));
    case DType::complex64:
      out.push_back(load<float>(p));
      out.push_back(load<float>(p + 4));
  }
}

void walk(const TensorRecord& tensor, size_t axis, int64_t offset, std::vector<double>& out) {
  if (axis == tensor.shape.size()) {
    const auto start = static_cast<size_t>(offset) * dtype_bytes(tensor.dtype);
    return push(tensor.dtype, &tensor.bytes[start], out);
  }
  for (int64_t i = 0; i < tensor.shape[axis]; ++i) {
    walk(tensor, axis + 1, offset + i * tensor.strides[axis], out);
  }
}

}  // namespace

std::vector<double> element_values(const TensorRecord& tensor) {
  std::vector<double> out;
  walk(tensor, 0, 0, out);
  return out;
}

}  // namespace vane
