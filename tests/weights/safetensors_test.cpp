// SPDX-License-Identifier: Apache-2.0
// Oracle of the refusals: the rules of the safetensors format (huggingface/safetensors README and
// reference reader), each broken alone. Oracle of the writer: what was put in, byte for byte.
#include "engine/weights/safetensors.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "tests/weights/element_values.h"
#include "tests/weights/file_bytes.h"
#include "tests/weights/refusal.h"

namespace vane {
namespace {

constexpr std::string_view kTwoFloats = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";

TensorTable parse(const std::string& file) { return parse_safetensors(memory_source(file)); }

std::string refused(const std::string& file) {
  return refusal(file.size(), [&] { parse(file); });
}

std::string entry(std::string_view shape, std::string_view offsets,
                  std::string_view dtype = "F32") {
  return "{\"a\":{\"dtype\":\"" + std::string(dtype) + "\",\"shape\":" + std::string(shape) +
         ",\"data_offsets\":" + std::string(offsets) + "}}";
}

struct Fault {
  const char* name;
  std::string file;
  const char* message;
};

// One table although it is long: the rules stand in the order of the format's own list.
std::vector<Fault> faults() {
  const std::string eight(8, '\0');
  const auto with = [&](std::string_view header) { return safetensors_bytes(header, eight); };
  return {
      {"shorter_than_length", "1234567", "starts with an 8-byte header length"},
      {"length_2_63", safetensors_bytes(kTwoFloats, eight, 1ull << 63), "over the limit"},
      {"length_plus_1", safetensors_bytes(kTwoFloats, {}, kTwoFloats.size() + 1), "does not fit"},
      {"not_utf8", with("{\"\xff\":1}"), "not UTF-8"},
      {"no_brace", with("[1]"), "does not start with '{'"},
      {"empty_header", safetensors_bytes(""), "does not start with '{'"},
      {"text_after_object", with(std::string(kTwoFloats) + "x"), "malformed JSON"},
      {"nul_after_object", with(std::string(kTwoFloats) + std::string(1, '\0')), "NUL"},
      {"cut_json", with("{\"a\":"), "JSON ends too early"},
      {"entry_not_object", with("{\"a\":3}"), "expected an object, found an integer"},
      {"missing_field", with(R"({"a":{"dtype":"F32","shape":[2]}})"),
       "\"data_offsets\" is missing"},
      {"unknown_field",
       with(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"stride":1}})"),
       "unknown field \"stride\""},
      {"negative_offset", with(entry("[2]", "[-8,8]")), "between 0 and 2^53, found -8"},
      {"float_offset", with(entry("[2]", "[0,1e3]")), "expected an integer, found a fractional"},
      {"fraction_in_shape", with(entry("[2.0]", "[0,8]")), "expected an integer"},
      {"above_2_53", with(entry("[9007199254740993]", "[0,8]")), "between 0 and 2^53"},
      {"above_2_64", with(entry("[36893488147419103232]", "[0,8]")), "expected an integer"},
      {"three_offsets", with(entry("[2]", "[0,8,8]")), "two integers"},
      {"dtype_not_string", with(R"({"a":{"dtype":3,"shape":[2],"data_offsets":[0,8]}})"),
       "expected a string"},
      {"unknown_dtype", with(entry("[2]", "[0,8]", "F33")), "unknown dtype \"F33\""},
      {"unsupported_dtype", with(entry("[8]", "[0,8]", "F8_E8M0")), "F8_E8M0 is not supported"},
      {"duplicate_key",
       with(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
            R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})"),
       "duplicate key \"a\""},
      {"duplicate_key_by_escape",
       with(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
            R"("\u0061":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})"),
       "duplicate key \"a\""},
      {"duplicate_field",
       with(R"({"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})"),
       "duplicate key \"dtype\""},
      {"duplicate_metadata", with(R"({"__metadata__":{"k":"1","k":"2"}})"), "duplicate key \"k\""},
      {"metadata_not_text", with(R"({"__metadata__":{"k":1}})"), "expected a string"},
      {"hole_at_start", with(entry("[1]", "[4,8]")), "hole after byte 0"},
      {"hole_between",
       with(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
            R"("b":{"dtype":"U8","shape":[2],"data_offsets":[6,8]}})"),
       "hole after byte 2"},
      {"overlap",
       with(R"({"a":{"dtype":"U8","shape":[6],"data_offsets":[0,6]},)"
            R"("b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})"),
       "overlap those of \"a\""},
      {"end_before_begin", with(entry("[2]", "[8,0]")), "end before they begin"},
      {"shape_overflow", with(entry("[4294967296,4294967296,2]", "[0,8]")), "overflows 64 bits"},
      {"shape_overflow_beside_zero",
       safetensors_bytes(entry("[0,9007199254740992,9007199254740992]", "[0,0]")),
       "overflows 64 bits"},
      {"zero_product_with_bytes", with(entry("[0,7]", "[0,8]")), "need 0 bytes"},
      {"not_whole_bytes", with(entry("[3]", "[0,8]", "F4")), "whole bytes"},
      {"size_mismatch", with(entry("[3]", "[0,8]")), "need 12 bytes, data_offsets give 8"},
      {"trailing_byte", safetensors_bytes(kTwoFloats, eight + "x"), "the file has 9"},
      {"cut_data", safetensors_bytes(kTwoFloats, "1234567"), "the file has 7"},
      {"rank_17", with(entry("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]", "[0,8]")), "17 sides"},
      {"deep_json", with("{\"a\":[[[[[[[[[[1]]]]]]]]]]}"), "deeper than"},
  };
}

TEST(Safetensors, EveryBrokenRuleHasItsOwnMessage) {
  for (const Fault& fault : faults()) {
    SCOPED_TRACE(fault.name);
    const std::string text = refused(fault.file);
    EXPECT_NE(text.find(fault.message), std::string::npos) << text;
    EXPECT_NE(text.find("test.bin"), std::string::npos) << text;
  }
}

TEST(Safetensors, LegalOdditiesLoad) {
  EXPECT_TRUE(parse(safetensors_bytes("{}")).tensors.empty());
  const std::string one("\0\0\x80\x3f", 4);
  EXPECT_EQ(element_values(parse(safetensors_bytes(entry("[]", "[0,4]"), one)).tensors[0]),
            std::vector<double>{1.0});
  EXPECT_EQ(parse(safetensors_bytes(entry("[0,7]", "[0,0]"))).tensors.at(0).numel(), 0);
  const std::string padded = "\n\t " + std::string(kTwoFloats) + "  \r\n";
  EXPECT_EQ(parse(safetensors_bytes(padded, std::string(8, '\0'))).tensors.size(), 1u);
  const TensorTable any_order =
      parse(safetensors_bytes(R"({"late":{"data_offsets":[2,4],"dtype":"U8","shape":[2]},)"
                              R"("__metadata__":{"k":"v"},)"
                              R"("early":{"shape":[2],"dtype":"U8","data_offsets":[0,2]}})",
                              "\1\2\3\4"));
  EXPECT_EQ(any_order.tensors.at(0).name, "early");
  EXPECT_EQ(element_values(*any_order.find("late")), (std::vector<double>{3, 4}));
  EXPECT_EQ(any_order.metadata.at("k"), "v");
}

TEST(Safetensors, MisalignedDataIsCopiedToAnAlignedPlace) {
  for (size_t pad = 0; pad < 8; ++pad) {
    const std::string header = std::string(kTwoFloats) + std::string(pad, ' ');
    const std::string data("\0\0\x80\x3f\0\0\0\x40", 8);
    const TensorTable table = parse(safetensors_bytes(header, data));
    const TensorRecord& tensor = table.tensors.at(0);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.bytes.data()) % 4, 0u);
    EXPECT_EQ(element_values(tensor), (std::vector<double>{1, 2}));
  }
}

TEST(Safetensors, LargeHeadersAreReadInBoundedTime) {
  // The sheet's bounds: 99 MB of spaces in 2 s, 100,000 empty tensors in 0.5 s; tests time nothing,
  // they only would hang here if a pass were quadratic.
  const std::string spaces = "{}" + std::string(99'000'000, ' ');
  EXPECT_TRUE(parse(safetensors_bytes(spaces)).tensors.empty());
  std::string many = "{";
  for (int i = 0; i < 100'000; ++i) {
    many += (i ? ",\"t" : "\"t") + std::to_string(i) +
            R"(":{"dtype":"F32","shape":[0],"data_offsets":[0,0]})";
  }
  const TensorTable table = parse(safetensors_bytes(many + "}"));
  EXPECT_EQ(table.tensors.size(), 100'000u);
  EXPECT_TRUE(table.contains("t99999"));
}

TEST(Safetensors, LimitsHold) {
  Limits limits;
  limits.weights_tensors = 1;
  const std::string two =
      safetensors_bytes(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)"
                        R"("b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})");
  EXPECT_NE(refusal(two.size(), [&] { parse_safetensors(memory_source(two), limits); })
                .find("more than 1"),
            std::string::npos);
  limits = {};
  limits.weights_name_bytes = 3;
  const std::string name =
      safetensors_bytes(R"({"abcd":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})");
  EXPECT_NE(refusal(name.size(), [&] { parse_safetensors(memory_source(name), limits); })
                .find("tensor name of 4 bytes"),
            std::string::npos);
}

TensorRecord record(std::string name, DType dtype, std::vector<int64_t> shape,
                    std::span<const std::byte> bytes) {
  TensorRecord tensor;
  tensor.name = std::move(name);
  tensor.dtype = dtype;
  tensor.strides.assign(shape.size(), 1);
  for (size_t i = shape.size(); i > 1; --i)
    tensor.strides[i - 2] = tensor.strides[i - 1] * shape[i - 1];
  tensor.shape = std::move(shape);
  tensor.bytes = bytes;
  return tensor;
}

class SafetensorsWriter : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }
  std::string file() const {
    const auto source = MappedFile::open(path_, 1 << 20, 5);
    return std::string(text_view(source->view()));
  }
  std::vector<std::byte> bytes_ = std::vector<std::byte>(64, std::byte{7});
  std::filesystem::path path_ =
      std::filesystem::path(testing::TempDir()) /
      (std::string("writer-") + testing::UnitTest::GetInstance()->current_test_info()->name() +
       ".safetensors");
};

TEST_F(SafetensorsWriter, WritesWhatItReadsBack) {
  const std::span<const std::byte> all = bytes_;
  const std::vector<TensorRecord> tensors = {
      record("b \"quoted\"\n\\", DType::u8, {3}, all.first(3)),
      record("a", DType::f32, {2, 2}, all.first(16)), record("é", DType::f64, {}, all.first(8)),
      record("zero", DType::i64, {0, 5}, {}), record("c", DType::f32, {1}, all.first(4))};
  write_safetensors(path_, tensors, {{"format", "pt"}, {"note", "line\nbreak"}});
  const TensorTable table = open_weights(path_);
  ASSERT_EQ(table.tensors.size(), tensors.size());
  for (const TensorRecord& tensor : tensors) {
    const TensorRecord* read = table.find(tensor.name);
    ASSERT_NE(read, nullptr) << tensor.name;
    EXPECT_EQ(read->dtype, tensor.dtype);
    EXPECT_EQ(read->shape, tensor.shape);
    EXPECT_EQ(text_view(read->bytes), text_view(tensor.bytes));
  }
  EXPECT_EQ(table.metadata.at("note"), "line\nbreak");
  // Widest element first, then by name; data starts on a cache line.
  EXPECT_EQ(table.tensors[0].name, "zero");
  EXPECT_EQ(table.tensors[1].name, "é");
  EXPECT_EQ(table.tensors[2].name, "a");
  EXPECT_EQ(table.tensors[3].name, "c");
  const std::string written = file();
  EXPECT_EQ((8 + *read_le<uint64_t>(std::as_bytes(std::span(written)), 0)) % 64, 0u);
}

TEST_F(SafetensorsWriter, OrderOfTensorsDoesNotChangeTheBytes) {
  const std::span<const std::byte> all = bytes_;
  const TensorRecord a = record("a", DType::f32, {2}, all.first(8)),
                     b = record("b", DType::f32, {2}, all.first(8));
  write_safetensors(path_, {a, b});
  const std::string first = file();
  write_safetensors(path_, {b, a});
  EXPECT_EQ(file(), first);
}

TEST_F(SafetensorsWriter, WrongRecordsAreInternalErrors) {
  const std::span<const std::byte> all = bytes_;
  TensorRecord turned = record("t", DType::f32, {2, 3}, all.first(24));
  turned.strides = {1, 2};
  const TensorRecord a = record("a", DType::f32, {2}, all.first(8));
  const std::vector<std::vector<TensorRecord>> wrong = {
      {turned},
      {a, a},
      {record("s", DType::f32, {3}, all.first(8))},
      {record("\xff", DType::u8, {1}, all.first(1))},
      {record("__metadata__", DType::u8, {1}, all.first(1))}};
  for (const auto& tensors : wrong) {
    try {
      write_safetensors(path_, tensors);
      ADD_FAILURE() << tensors[0].name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::internal);
    }
    EXPECT_FALSE(std::filesystem::exists(path_));
  }
}

class ShardedSafetensors : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ / "inner");
    for (const char* name : {"one", "two"}) {
      atomic_write(folder_ / (std::string(name) + ".safetensors"),
                   safetensors_bytes(std::string("{\"") + name +
                                         R"(":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                                     "\1"));
    }
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string refused_index(const std::string& text) {
    const std::filesystem::path path = folder_ / "m.safetensors.index.json";
    atomic_write(path, text);
    return refusal(text.size(), [&] { open_weights(path); });
  }
  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) /
                                  (std::string("vane-sharded-") +
                                   testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(ShardedSafetensors, NamesThatReachElsewhereAreRefused) {
  std::filesystem::create_symlink(folder_ / "one.safetensors", folder_ / "link.safetensors");
  const auto one = [](const std::string& shard) {
    return "{\"weight_map\":{\"one\":\"" + shard + "\"}}";
  };
  const std::string absolute = (folder_ / "one.safetensors").string();
  for (const std::string& shard :
       {std::string("../one.safetensors"), absolute, std::string("inner\\\\x"),
        std::string("inner/x"), std::string("a\\u0000b"), std::string(""), std::string("..")}) {
    EXPECT_NE(refused_index(one(shard)).find("not a bare file name"), std::string::npos) << shard;
  }
  EXPECT_NE(refused_index(one("link.safetensors")).find("symbolic link"), std::string::npos);
  EXPECT_NE(refused_index(one("gone.safetensors")).find("no such file"), std::string::npos);
  EXPECT_NE(refused_index(one("inner")).find("folder"), std::string::npos);
}

TEST_F(ShardedSafetensors, IndexAndShardsMustAgreeBothWays) {
  EXPECT_NE(refused_index(R"({"weight_map":{"one":"one.safetensors","ghost":"one.safetensors"}})")
                .find("ghost: shard \"one.safetensors\" lacks"),
            std::string::npos);
  EXPECT_NE(refused_index(R"({"weight_map":{"one":"one.safetensors","x":"two.safetensors"}})")
                .find("two: the index does not place"),
            std::string::npos);
  EXPECT_NE(refused_index(R"({"metadata":{}})").find("\"weight_map\" is missing"),
            std::string::npos);
  EXPECT_NE(refused_index(R"({"weight_map":{"one":3}})").find("expected a string"),
            std::string::npos);
  EXPECT_NE(refused_index(R"({"weight_map":{"one":"one.safetensors"}} x)").find("malformed"),
            std::string::npos);
}

}  // namespace
}  // namespace vane
