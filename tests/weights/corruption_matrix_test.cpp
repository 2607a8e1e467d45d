// SPDX-License-Identifier: Apache-2.0
// Every small damage to a small valid file. Oracle: the outcome is an Error{checkpoint} that points
// into the file, or a table that keeps all promises (table_validity.h); how often each happens is
// pinned, so that a reader that starts to accept or refuse everything is noticed.
#include <gtest/gtest.h>

#include <functional>

#include "engine/base/error.h"
#include "engine/weights/pickle_reader.h"
#include "engine/weights/safetensors.h"
#include "engine/weights/shard_index.h"
#include "engine/weights/torch_file.h"
#include "tests/weights/file_bytes.h"
#include "tests/weights/table_validity.h"

namespace vane {
namespace {

struct Counts {
  int accepted = 0, refused = 0;
  bool operator==(const Counts&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Counts& counts) {
  return out << "{" << counts.accepted << ", " << counts.refused << "}";
}

struct Format {
  std::string file;
  std::function<void(const std::string&)> read;  // throws Error or has checked its result
};

void check(const TensorTable& table) { EXPECT_EQ(table_fault(table), ""); }

void attempt(const Format& format, const std::string& damaged, Counts& counts) {
  try {
    format.read(damaged);
    ++counts.accepted;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::checkpoint) << error.what();
    EXPECT_LE(error.byte().value_or(0), damaged.size()) << error.what();
    ++counts.refused;
  }
}

Counts truncations(const Format& format) {
  Counts counts;
  for (size_t size = 0; size < format.file.size(); ++size) {
    attempt(format, format.file.substr(0, size), counts);
  }
  return counts;
}

Counts bit_flips(const Format& format) {
  Counts counts;
  for (size_t bit = 0; bit < 8 * format.file.size(); ++bit) {
    std::string damaged = format.file;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    attempt(format, damaged, counts);
  }
  return counts;
}

Counts field_overwrites(const Format& format) {
  Counts counts;
  const uint64_t size = format.file.size(), all = ~0ull, top = 1ull << 63;
  for (size_t width : {2u, 4u, 8u}) {
    const uint64_t mask = width == 8 ? all : (1ull << (8 * width)) - 1;
    for (size_t at = 0; at + width <= size; at += width) {
      for (uint64_t value : {uint64_t{0}, uint64_t{1}, mask >> 1, (mask >> 1) + 1, mask, size - 1,
                             size, size + 1, top >> 1}) {
        std::string damaged = format.file;
        damaged.replace(at, width, little_endian(value & mask, width));
        attempt(format, damaged, counts);
      }
    }
  }
  return counts;
}

// One byte more, the file twice, its two halves swapped, every byte left out once.
Counts splices(const Format& format) {
  Counts counts;
  const std::string& file = format.file;
  for (const std::string& damaged :
       {file + '\0', file + file, file.substr(file.size() / 2) + file.substr(0, file.size() / 2)}) {
    attempt(format, damaged, counts);
  }
  for (size_t i = 0; i < file.size(); ++i) {
    attempt(format, file.substr(0, i) + file.substr(i + 1), counts);
  }
  return counts;
}

std::string state_dict(bool is_legacy) {
  return PickleWriter()
      .raw("}(")
      .text("w")
      .tensor("0", 4, {2, 2}, {1, 2}, 0, is_legacy)
      .raw("u")
      .done();
}

Format safetensors_format() {
  return {safetensors_bytes(R"({"__metadata__":{"k":"v"},)"
                            R"("a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
                            R"("b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}})",
                            "12345678abc"),
          [](const std::string& file) { check(parse_safetensors(memory_source(file))); }};
}

Format zip_format() {
  return {torch_zip_bytes(state_dict(false), {"0123456789abcdef"}),
          [](const std::string& file) { check(parse_torch_zip(memory_source(file))); }};
}

Format deflated_zip_format() {
  ZipItem pickle, data;
  pickle.name = "a/data.pkl";
  pickle.content = state_dict(false);
  pickle.is_deflated = true;
  pickle.level = 0;
  data.name = "a/data/0";
  data.content = "0123456789abcdef";
  ZipEnds ends;
  ends.is_zip64 = true;
  return {zip_bytes({pickle, data}, ends),
          [](const std::string& file) { check(parse_torch_zip(memory_source(file))); }};
}

Format script_format() {
  PickleWriter writer;
  writer.global("__torch__", "M").raw(")\x81}(").text("w").tensor("0", 4, {4}, {1}).raw("ub");
  ZipItem pickle, data, constants;
  pickle.name = "m/data.pkl";
  pickle.content = writer.done();
  data.name = "m/data/0";
  data.content = "0123456789abcdef";
  constants.name = "m/constants.pkl";
  constants.content = PickleWriter().raw(")").done();
  return {zip_bytes({pickle, data, constants}),
          [](const std::string& file) { check(parse_torch_zip(memory_source(file))); }};
}

Format legacy_format() {
  return {torch_legacy_bytes(state_dict(true), {"0"}, little_endian(4, 8) + "0123456789abcdef"),
          [](const std::string& file) { check(parse_torch_legacy(memory_source(file))); }};
}

Format index_format() {
  return {R"({"metadata":{"total_size":9},"weight_map":{"a":"one.safetensors","b":"two"}})",
          [](const std::string& file) {
            for (const auto& [name, shard] : parse_shard_index(file)) {
              EXPECT_EQ(shard.find('/'), std::string::npos);
            }
          }};
}

Format pickle_format() {
  return {state_dict(false), [](const std::string& file) {
            EXPECT_LE(read_pickle(std::as_bytes(std::span(file)), {}, "p").size, file.size());
          }};
}

void expect_counts(const Format& format, Counts cut, Counts flip, Counts field, Counts splice) {
  Counts whole;
  attempt(format, format.file, whole);
  EXPECT_EQ(whole, (Counts{1, 0}));
  EXPECT_EQ(truncations(format), cut);
  EXPECT_EQ(bit_flips(format), flip);
  EXPECT_EQ(field_overwrites(format), field);
  EXPECT_EQ(splices(format), splice);
}

TEST(CorruptionMatrix, Safetensors) {
  expect_counts(safetensors_format(), {0, 153}, {115, 1109}, {80, 1117}, {0, 156});
}
TEST(CorruptionMatrix, TorchZip) {
  expect_counts(zip_format(), {0, 633}, {752, 4312}, {619, 4358}, {0, 636});
}
TEST(CorruptionMatrix, DeflatedZip64) {
  expect_counts(deflated_zip_format(), {0, 466}, {454, 3274}, {502, 3161}, {0, 469});
}
TEST(CorruptionMatrix, TorchScript) {
  expect_counts(script_format(), {0, 501}, {584, 3424}, {526, 3407}, {0, 504});
}
TEST(CorruptionMatrix, TorchLegacy) {
  expect_counts(legacy_format(), {0, 244}, {345, 1607}, {311, 1606}, {25, 222});
}
TEST(CorruptionMatrix, ShardIndex) {
  expect_counts(index_format(), {0, 76}, {261, 347}, {0, 594}, {38, 41});
}
TEST(CorruptionMatrix, Pickle) {
  expect_counts(pickle_format(), {0, 159}, {625, 647}, {495, 738}, {73, 89});
}

}  // namespace
}  // namespace vane
