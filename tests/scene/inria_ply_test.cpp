// SPDX-License-Identifier: Apache-2.0
// Oracle: the splatting sheet, section 5.1; files are put together here, number by number.
#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <limits>

#include "engine/base/checked.h"
#include "engine/scene/ply.h"
#include "engine/scene/splat_file.h"
#include "tests/scene/scene_support.h"

namespace vane {
namespace {

using testing::expect_holds;
using testing::expect_same;
using testing::random_cloud;
using testing::read_bytes;
using testing::refusal;
using testing::ScratchFolder;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::string raw(float value) {
  std::string bytes(4, '\0');
  std::memcpy(bytes.data(), &value, 4);
  return bytes;
}

/// A file of floats with the named properties; every row holds its values.
std::string float_ply(const std::vector<std::string>& names,
                      const std::vector<std::vector<float>>& rows,
                      const std::string& comments = "") {
  std::string file = "ply\nformat binary_little_endian 1.0\n" + comments;
  file += fmt::format("element vertex {}\n", rows.size());
  for (const std::string& name : names) file += "property float " + name + "\n";
  file += "end_header\n";
  for (const auto& row : rows) {
    for (const float value : row) file += raw(value);
  }
  return file;
}

std::vector<std::string> names_of(int rest, bool normals = false) {
  std::vector<std::string> names = {"x", "y", "z"};
  if (normals) names.insert(names.end(), {"nx", "ny", "nz"});
  names.insert(names.end(), {"f_dc_0", "f_dc_1", "f_dc_2"});
  for (int i = 0; i < rest; ++i) names.push_back(fmt::format("f_rest_{}", i));
  names.insert(names.end(),
               {"opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"});
  return names;
}

std::vector<float> counted(size_t count, float first = 1) {
  std::vector<float> row;
  for (size_t i = 0; i < count; ++i) row.push_back(first + static_cast<float>(i));
  return row;
}

const std::vector<float> kPlain = {1, 2, 3, .1f, .2f, .3f, 0.5f, -3, -4, -5, 1, 0, 0, 0};

TEST(InriaPly, CoefficientsAreChannelMajorInTheFile) {
  for (const int degree : {0, 1, 2, 3}) {
    const int rest = 3 * ((degree + 1) * (degree + 1) - 1), per_channel = rest / 3;
    const ScratchFolder folder;
    auto names = names_of(rest);
    std::vector<float> row = kPlain;
    const auto coefficients = counted(static_cast<size_t>(rest));
    row.insert(row.begin() + 6, coefficients.begin(), coefficients.end());
    const SplatFile file = read_splats(folder.write("a.ply", float_ply(names, {row})), {});
    EXPECT_EQ(file.layout, "ply");
    EXPECT_EQ(file.cloud.sh_degree, degree);
    ASSERT_EQ(file.cloud.size(), 1);
    for (int j = 0; j < per_channel; ++j) {
      for (int channel = 0; channel < 3; ++channel) {
        EXPECT_EQ(file.cloud.sh_rest[static_cast<size_t>(3 * j + channel)],
                  static_cast<float>(1 + channel * per_channel + j));
      }
    }
    EXPECT_EQ(file.cloud.position, (std::vector<float>{1, 2, 3}));
    EXPECT_EQ(file.cloud.sh0, (std::vector<float>{.1f, .2f, .3f}));
    EXPECT_EQ(file.cloud.opacity_logit, (std::vector<float>{.5f}));
    EXPECT_EQ(file.cloud.log_scale, (std::vector<float>{-3, -4, -5}));
    EXPECT_EQ(file.cloud.rotation, (std::vector<float>{1, 0, 0, 0}));
  }
}

TEST(InriaPly, PropertiesComeInAnyOrderAndOthersAreSkipped) {
  const ScratchFolder folder;
  const SplatCloud expected =
      read_splats(folder.write("a.ply", float_ply(names_of(0), {kPlain})), {}).cloud;
  auto names = names_of(0);
  auto row = kPlain;
  names.push_back("filter");
  row.push_back(9);
  std::reverse(names.begin(), names.end());
  std::reverse(row.begin(), row.end());
  const auto file = folder.write(
      "b.ply", float_ply(names, {row}, "comment made by hand\nobj_info nothing\ncomment\n"));
  expect_same(read_splats(file, {}).cloud, expected);
}

TEST(InriaPly, TextAndBothByteOrdersHoldTheSame) {
  const ScratchFolder folder;
  const SplatCloud expected =
      read_splats(folder.write("a.ply", float_ply(names_of(0), {kPlain})), {}).cloud;
  std::string header = "element vertex 1\r\n", text, big;
  const auto names = names_of(0);
  for (size_t i = 0; i < names.size(); ++i) {
    header += (i % 2 ? "property double " : "property float32 ") + names[i] + "\r\n";
    text += fmt::format("{}{}", i ? " " : "", kPlain[i]);
    if (i % 2) {
      for (int byte = 7; byte >= 0; --byte) {
        big += static_cast<char>(std::bit_cast<uint64_t>(double{kPlain[i]}) >> (8 * byte));
      }
    } else {
      for (int byte = 3; byte >= 0; --byte) {
        big += static_cast<char>(std::bit_cast<uint32_t>(kPlain[i]) >> (8 * byte));
      }
    }
  }
  header += "end_header\r\n";
  for (const char* end : {"\r\n", "\n", ""}) {
    const auto file = folder.write("t.ply", "ply\r\nformat ascii 1.0\r\n" + header + text + end);
    expect_same(read_splats(file, {}).cloud, expected);
  }
  const auto file = folder.write("b.ply", "ply\r\nformat binary_big_endian 1.0\r\n" + header + big);
  expect_same(read_splats(file, {}).cloud, expected);
}

TEST(InriaPly, OtherElementsAreWalkedOver) {
  const ScratchFolder folder;
  const std::string plain = float_ply(names_of(0), {kPlain});
  const std::string vertex = plain.substr(plain.find("element"));
  const std::string file =
      "ply\nformat binary_little_endian 1.0\nelement face 2\nproperty list uchar int vertex\n"
      "property uchar flag\nelement camera 1\nproperty double x\n" +
      vertex.substr(0, vertex.find("end_header\n") + 11) + std::string("\x02", 1) +
      std::string(9, 'f') + std::string("\x00", 1) + "f" + std::string(8, 'c') +
      vertex.substr(vertex.find("end_header\n") + 11);
  expect_same(read_splats(folder.write("a.ply", file), {}).cloud,
              read_splats(folder.write("b.ply", plain), {}).cloud);
}

TEST(InriaPly, InvalidRowsAreLeftOutAndCounted) {
  const ScratchFolder folder;
  std::vector<std::vector<float>> rows(8, kPlain);
  rows[1][0] = kNan;
  rows[2][4] = kInfinity;
  rows[3][7] = -kInfinity;
  rows[5][10] = 0;
  rows[6][6] = kNan;
  for (size_t i = 0; i < rows.size(); ++i) rows[i][1] = static_cast<float>(i);
  rows[7][2] = 2e6f;
  const SplatFile file = read_splats(folder.write("a.ply", float_ply(names_of(0), rows)), {});
  EXPECT_EQ(file.dropped, 6);
  EXPECT_EQ(file.source_rows, (std::vector<int64_t>{0, 4}));
  EXPECT_EQ(file.source_row(1), 4);
  ASSERT_EQ(file.cloud.size(), 2);
  EXPECT_EQ(file.cloud.position[4], 4);
  const SplatFile whole = read_splats(folder.write("b.ply", float_ply(names_of(0), {kPlain})), {});
  EXPECT_EQ(whole.dropped, 0);
  EXPECT_EQ(whole.source_row(0), 0);
}

TEST(InriaPly, ExtremeOpacitiesAndScalesAreClamped) {
  const ScratchFolder folder;
  auto row = kPlain;
  row[6] = 500;
  row[7] = -300;
  row[8] = 80;
  const SplatCloud cloud =
      read_splats(folder.write("a.ply", float_ply(names_of(0), {row})), {}).cloud;
  EXPECT_EQ(cloud.opacity_logit[0], 20);
  EXPECT_EQ(cloud.log_scale, (std::vector<float>{-20, 10, -5}));
}

TEST(InriaPly, WhatIsWrittenIsReadBackBitForBit) {
  const ScratchFolder folder;
  for (const int degree : {0, 1, 2, 3}) {
    SplatCloud cloud = random_cloud(5000, degree);
    cloud.antialiased = degree == 2;
    write_splats(folder / "a.ply", cloud);
    expect_same(read_splats(folder / "a.ply", {}).cloud, cloud);
    EXPECT_EQ(splat_layout(folder / "a.ply"), "ply");
  }
  write_splats(folder / "empty.ply", SplatCloud{});
  EXPECT_EQ(read_splats(folder / "empty.ply", {}).cloud.size(), 0);
}

TEST(InriaPly, TheFileIsTheOneThatOthersRead) {
  const ScratchFolder folder;
  SplatCloud cloud = random_cloud(1, 3);
  write_splats(folder / "a.ply", cloud);
  const std::string file = read_bytes(folder / "a.ply");
  const size_t data = file.find("end_header\n") + 11;
  EXPECT_EQ(file.size() - data, 248u);
  std::vector<float> row(62);
  std::memcpy(row.data(), file.data() + data, 248);
  EXPECT_EQ(row[0], cloud.position[0]);
  EXPECT_EQ(row[3], 0);
  EXPECT_EQ(row[6], cloud.sh0[0]);
  EXPECT_EQ(row[9], cloud.sh_rest[0]);       // f_rest_0: red, first coefficient
  EXPECT_EQ(row[10], cloud.sh_rest[3]);      // f_rest_1: red, second coefficient
  EXPECT_EQ(row[9 + 15], cloud.sh_rest[1]);  // f_rest_15: green, first coefficient
  EXPECT_EQ(row[54], cloud.opacity_logit[0]);
  EXPECT_EQ(row[55], cloud.log_scale[0]);
  EXPECT_EQ(row[58], cloud.rotation[0]);
  auto names = names_of(45, true);
  size_t at = 0;
  for (const std::string& name : names) {
    const size_t found = file.find("property float " + name + "\n", at);
    ASSERT_NE(found, std::string::npos) << name;
    at = found;
  }
}

TEST(CopyPlyRows, RowsAreCopiedByteForByteWithEverythingElse) {
  const ScratchFolder folder;
  auto names = names_of(0);
  names.push_back("label");
  std::vector<std::vector<float>> rows;
  for (int i = 0; i < 10; ++i) {
    rows.push_back(counted(names.size(), 0.1f + static_cast<float>(i)));
  }
  rows[3][0] = kNan;  // stays as it is
  const std::string comments = "comment by  hand \nobj_info x\n";
  std::string file = float_ply(names, rows, comments);
  file.insert(file.find("end_header"), "element tail 1\nproperty uchar a\n");
  file += "Z";
  copy_ply_rows(folder.write("a.ply", file), {7, 3, 7, 0}, folder / "b.ply", {});
  std::string expected = float_ply(names, {rows[0], rows[3], rows[7]}, comments);
  expected.insert(expected.find("end_header"), "element tail 1\nproperty uchar a\n");
  EXPECT_EQ(read_bytes(folder / "b.ply"), expected + "Z");
  copy_ply_rows(folder / "a.ply", {}, folder / "none.ply", {});
  EXPECT_EQ(read_splats(folder / "none.ply", {}).cloud.size(), 0);
  copy_ply_rows(folder / "a.ply", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, folder / "all.ply", {});
  EXPECT_EQ(read_bytes(folder / "all.ply"), file);
}

TEST(CopyPlyRows, LinesOfTextAreCopiedAsTheyStand) {
  const ScratchFolder folder;
  const std::string head = "ply\nformat ascii 1.0\nelement vertex ";
  const std::string rest = "\nproperty float x\nproperty int id\nend_header\n";
  const auto file = folder.write("a.ply", head + "3" + rest + "1.50  7\n\n2 8\r\n 3 9");
  copy_ply_rows(file, {0, 2}, folder / "b.ply", {});
  EXPECT_EQ(read_bytes(folder / "b.ply"), head + "2" + rest + "1.50  7\n\n 3 9\n");
}

TEST(CopyPlyRows, AnIndexBeyondTheRowsIsRefused) {
  const ScratchFolder folder;
  const auto file = folder.write("a.ply", float_ply(names_of(0), {kPlain}));
  for (const int64_t index : {int64_t{-1}, int64_t{1}}) {
    expect_holds(
        refusal([&] { copy_ply_rows(file, {index}, folder / "b.ply", {}); }, ErrorCode::usage),
        "row");
    EXPECT_FALSE(std::filesystem::exists(folder / "b.ply"));
  }
}

TEST(HostilePly, EveryBrokenRuleHasItsOwnMessage) {
  const ScratchFolder folder;
  const std::string good = float_ply(names_of(0), {kPlain});
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string file = good;
    file.replace(file.find(from), from.size(), to);
    return file;
  };
  auto without = names_of(0);
  without.resize(without.size() - 7);
  auto flat = names_of(0);
  flat.erase(flat.begin() + 9);
  auto odd = names_of(0);
  odd.push_back("f_rest_0");
  struct Fault {
    std::string file, text;
  };
  const std::vector<Fault> faults = {
      {"", "no scene of Gaussian splats"},
      {"plyx", "no scene of Gaussian splats"},
      {"ply\n", "ends too early"},
      {"ply\nelement vertex 0\nend_header\n", "states no format"},
      {with("binary_little_endian 1.0", "binary_middle_endian 1.0"), "unknown PLY format"},
      {with("binary_little_endian 1.0", "ascii 2.0"), "unknown PLY format"},
      {with("element vertex 1", "element vertex 18446744073709551615"), "limit is 50000000"},
      {with("element vertex 1", "element vertex 18446744073709551616"), "no number of rows"},
      {with("element vertex 1", "element vertex -1"), "no number of rows"},
      {with("element vertex 1", "element vertex +1"), "no number of rows"},
      {with("element vertex 1", "element vertex 1 1"), "expected \"element NAME COUNT\""},
      {with("element vertex 1", "element vertex 2"), "declares 2 rows"},
      {with("element vertex 1", "element point 1"), "no element \"vertex\""},
      {with("element vertex 1", "element a 1\nelement a 1"), "second element"},
      {with("element vertex 1", "element v 30\nproperty double d\nelement vertex 1"),
       "rows of \"v\""},
      {with("element vertex 1\n", ""), "before the first element"},
      {with("property float x\n", "property float y\n"), "second property"},
      {with("property float x\n", "property half x\n"), "unknown type"},
      {with("property float x\n", "property list float int x\n"), "no whole number"},
      {with("property float x\n", "property list uchar int x\n"), "hold lists"},
      {with("property float x\n", "property float x y z\n"), "expected \"property"},
      {with("property float x\n", "property float t\n"), "no property \"x\""},
      {with("property float x\n", "vertex_indices\n"), "unknown word"},
      {float_ply(odd, {counted(odd.size())}), "1 properties f_rest"},
      {with("property float x\n", "comment " + std::string(5000, 'c') + "\n"), "more than 4096"},
      {float_ply(without, {counted(without.size())}), "point cloud"},
      {float_ply(flat, {counted(flat.size())}), "flat Gaussians"},
  };
  for (const Fault& fault : faults) {
    const auto file = folder.write("a.ply", fault.file);
    const std::string text =
        refusal([&] { read_splats(file, {}); }, ErrorCode::input, fault.file.size());
    expect_holds(text, fault.text);
    expect_holds(text, "a.ply");
  }
  std::string endless = "ply\n";
  while (endless.size() < (3u << 20)) endless += "comment x\n";
  expect_holds(refusal([&] { read_splats(folder.write("a.ply", endless), {}); }), "within 1 MiB");
}

TEST(HostilePly, AHeaderCannotAskForMoreThanTheFileHolds) {
  const ScratchFolder folder;
  Limits wide;
  wide.scene_gaussians = UINT64_MAX;
  std::string file = float_ply(names_of(0), {kPlain});
  for (const char* count : {"2", "40000000000", "18446744073709551615", "329406144173384851"}) {
    std::string bad = file;
    bad.replace(bad.find("vertex 1"), 8, std::string("vertex ") + count);
    expect_holds(refusal([&] { read_splats(folder.write("a.ply", bad), wide); }), "declares");
  }
  const std::string lists =
      "ply\nformat binary_little_endian 1.0\nelement f 1\nproperty list int int v\nelement vertex "
      "0\nproperty float x\nend_header\n";
  expect_holds(refusal([&] { read_splats(folder.write("a.ply", lists + "\xff\xff\xff\xff"), {}); }),
               "list of -1");
  expect_holds(refusal([&] { read_splats(folder.write("a.ply", lists + "\xff\xff\xff\x7f"), {}); }),
               "list of 2147483647");
}

TEST(HostilePly, TextRowsAreChecked) {
  const ScratchFolder folder;
  const std::string head =
      "ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nproperty float y\nend_header\n";
  const auto text_of = [&](const std::string& rows) {
    return refusal(
        [&] { copy_ply_rows(folder.write("a.ply", head + rows), {}, folder / "b.ply", {}); });
  };
  expect_holds(text_of("1 2\n"), "ends after 1");
  expect_holds(text_of("1 2\n3\n"), "row 1 has 1 numbers");
  expect_holds(text_of("1 2\n3 x\n"), "\"x\" where a number is needed");
  expect_holds(text_of("1 2\n3 4x\n"), "where a number is needed");
  expect_holds(text_of("1 2\n3 1e999\n"), "where a number is needed");
}

TEST(HostilePly, EveryTruncationIsRefused) {
  const ScratchFolder folder;
  const std::string good = float_ply(names_of(9), {counted(23), counted(23)});
  for (size_t size = 0; size < good.size(); ++size) {
    const auto file = folder.write("a.ply", good.substr(0, size));
    refusal([&] { read_splats(file, {}); }, ErrorCode::input, size);
  }
}

TEST(Splats, AnUnknownEndingIsRefusedWhenWriting) {
  const ScratchFolder folder;
  expect_holds(refusal([&] { write_splats(folder / "a.obj", {}); }, ErrorCode::usage), "a.obj");
}

TEST(Splats, NamedRowsKeepTheirOrder) {
  const SplatCloud cloud = random_cloud(4, 1);
  const SplatCloud part = cloud.rows({3, 0});
  ASSERT_EQ(part.size(), 2);
  EXPECT_EQ(part.position[0], cloud.position[9]);
  EXPECT_EQ(part.position[3], cloud.position[0]);
  EXPECT_EQ(part.sh_rest[0], cloud.sh_rest[27]);
  EXPECT_EQ(part.rotation[7], cloud.rotation[3]);
}

}  // namespace
}  // namespace vane
