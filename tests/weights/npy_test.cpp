// SPDX-License-Identifier: Apache-2.0
// Oracle: NumPy's format description, written out byte by byte; arrays that NumPy saved
// (tests/oracles/record_weights.py).
#include "engine/weights/npy.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/weights/element_values.h"
#include "tests/weights/file_bytes.h"
#include "tests/weights/refusal.h"
#include "tests/weights/table_validity.h"

namespace vane {
namespace {

const std::string kTwoFloats("\0\0\x80\x3f\0\0\0\x40", 8);  // 1, 2

std::string npy_bytes(const std::string& header, const std::string& data, int version = 1) {
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  return file + little_endian(header.size(), version == 1 ? 2 : 4) + header + data;
}

std::string header_of(const std::string& descr, const std::string& order,
                      const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }  \n";
}

TensorTable parse(const std::string& file) { return parse_npy(memory_source(file, "test.npy")); }

TEST(Npy, ArraysOfEveryVersionAreRead) {
  for (const int version : {1, 2, 3}) {
    const TensorTable table =
        parse(npy_bytes(header_of("<f4", "False", "(2,)"), kTwoFloats, version));
    EXPECT_EQ(table.format, "npy");
    ASSERT_EQ(table.tensors.size(), 1u);
    EXPECT_EQ(element_values(*table.find("array")), (std::vector<double>{1, 2}));
    EXPECT_EQ(table_fault(table), "");
  }
  // Keys in another order, without a last comma; an array of no axes; an empty one.
  EXPECT_EQ(element_values(parse(npy_bytes("{\"shape\":(),'fortran_order':True,'descr':'<f4'}",
                                           kTwoFloats.substr(4)))
                               .tensors[0]),
            std::vector<double>{2});
  EXPECT_EQ(parse(npy_bytes(header_of("<f8", "False", "(0, 7)"), "")).tensors[0].numel(), 0);
}

TEST(Npy, FortranOrderIsAMatterOfStrides) {
  const std::string data("\1\2\3\4\5\6", 6);
  const TensorTable rows = parse(npy_bytes(header_of("|u1", "False", "(2, 3)"), data));
  const TensorTable columns = parse(npy_bytes(header_of("|u1", "True", "(2, 3)"), data));
  EXPECT_EQ(element_values(rows.tensors[0]), (std::vector<double>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(element_values(columns.tensors[0]), (std::vector<double>{1, 3, 5, 2, 4, 6}));
}

TEST(Npy, EveryFaultHasItsOwnMessage) {
  const std::vector<std::pair<std::string, std::string>> faults = {
      {npy_bytes(header_of("<f4", "False", "(2,)"), kTwoFloats, 4), "unknown version"},
      {npy_bytes(header_of("|O", "False", "(2,)"), kTwoFloats), "Python objects"},
      {npy_bytes(header_of(">f4", "False", "(2,)"), kTwoFloats), "big-endian"},
      {npy_bytes(header_of("<U4", "False", "(2,)"), kTwoFloats), "unsupported type \"<U4\""},
      {npy_bytes(header_of("<f4", "False", "(3,)"), kTwoFloats), "needs 12 bytes"},
      {npy_bytes(header_of("<f4", "False", "(1,)"), kTwoFloats), "needs 4 bytes"},
      {npy_bytes(header_of("<f4", "False", "(4294967296, 4294967296)"), kTwoFloats), "overflows"},
      {npy_bytes(header_of("<f4", "False", "(0, 4294967296, 4294967296)"), ""), "overflows"},
      {npy_bytes(header_of("<f4", "False", "(-2,)"), kTwoFloats), "tuple of sizes"},
      {npy_bytes(header_of("<f4", "False", "(9223372036854775808,)"), ""), "tuple of sizes"},
      {npy_bytes(header_of("<f4", "0", "(2,)"), kTwoFloats), "neither True nor False"},
      {npy_bytes("{'descr': [('x', '<f4')], }", kTwoFloats), "records"},
      {npy_bytes("{'descr': '<f4', 'fortran_order': False, }", kTwoFloats), "lacks descr"},
      {npy_bytes("{'descr': '<f4', 'descr': '<f4', }", kTwoFloats), "unexpected key \"descr\""},
      {npy_bytes(header_of("<f4", "False", "(2,)") + "x", kTwoFloats), "after its end"},
      {npy_bytes("{'descr", kTwoFloats), "inside a string"},
      {npy_bytes("[]", kTwoFloats), "lacks '{'"},
      {npy_bytes("", ""), "lacks '{'"},
      {npy_bytes(header_of("<f4", "False", "(2,)"), "").substr(0, 20), "does not fit"},
      {std::string("\x93NUMPY", 6), "unknown version"}};
  for (const auto& [file, message] : faults) {
    const std::string line = refusal(file.size(), [&file = file] { parse(file); });
    EXPECT_NE(line.find(message), std::string::npos) << line;
    EXPECT_NE(line.find("test.npy"), std::string::npos) << line;
  }
}

TEST(Npy, NoCutFileIsRead) {
  const std::string whole = npy_bytes(header_of("<f4", "False", "(2,)"), kTwoFloats);
  for (size_t size = 0; size < whole.size(); ++size) {
    refusal(size, [&] { parse(whole.substr(0, size)); });
  }
}

// The header of np.save for these shapes, which pads it to a multiple of 64 bytes.
TEST(Npy, IsWrittenAsNumPyWritesIt) {
  const std::filesystem::path path = std::filesystem::temp_directory_path() /
                                     ("vane-npy-write-" + std::to_string(getpid()) + ".npy");
  for (const auto& [shape, text] : std::vector<std::pair<std::vector<int64_t>, std::string>>{
           {{2}, "(2,)"}, {{1, 2}, "(1, 2)"}}) {
    TensorRecord record;
    record.shape = shape;
    record.strides = std::vector<int64_t>(shape.size(), 1);
    if (shape.size() == 2) record.strides[0] = 2;
    record.bytes = std::as_bytes(std::span(kTwoFloats));
    write_npy(path, record);
    std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': " + text + ", }";
    header.resize(117, ' ');
    std::ifstream in(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(bytes, npy_bytes(header + "\n", kTwoFloats));
  }
  TensorRecord half;
  half.dtype = DType::bf16;
  EXPECT_THROW(write_npy(path, half), Error);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace vane
