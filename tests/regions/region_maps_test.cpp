// SPDX-License-Identifier: Apache-2.0
// Oracle: the layout of LangSplat's language_features folder (splatting sheet, section 7.2),
// written out by hand.
#include "engine/regions/region_maps.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <limits>

#include "engine/base/error.h"
#include "engine/weights/npy.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class RegionMapsFile : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("vane-regions-" + std::to_string(getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // What NumPy would write for a float32 array.
  void write_array(const std::string& name, const std::string& shape,
                   const std::vector<float>& values, const std::string& descr = "<f4") const {
    std::string header =
        "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }";
    while ((header.size() + 11) % 64 != 0) header += ' ';
    header += '\n';
    std::ofstream out(folder_ / name, std::ios::binary);
    out << "\x93NUMPY\x01" << '\0' << static_cast<char>(header.size() & 255)
        << static_cast<char>(header.size() >> 8) << header;
    out.write(reinterpret_cast<const char*>(values.data()),
              static_cast<std::streamsize>(values.size() * sizeof(float)));
  }
  std::string message_of(const std::string& stem) const {
    try {
      read_region_maps(folder_ / stem);
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }
  std::string bytes_of(const std::string& name) const {
    std::ifstream in(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  fs::path folder_;
};

// flat, s, m, l of 2 rows of 3 pixels; five masks.
const std::vector<float> kLabels = {0, 0, 1, 1, 2, 2,  0, 0, 0, 1, 1, -1,
                                    2, 2, 2, 3, 3, -1, 4, 4, 4, 4, 4, 4};
const std::vector<float> kFeatures = {1, 0, 0, 1, 0.6f, 0.8f, -1, 0, 0.8f, -0.6f};

TEST_F(RegionMapsFile, ReadsWhatLangSplatWrites) {
  write_array("frame_s.npy", "(4, 2, 3)", kLabels);
  write_array("frame_f.npy", "(5, 2)", kFeatures);
  const RegionMaps maps = read_region_maps(folder_ / "frame");
  EXPECT_EQ(maps.width, 3);
  EXPECT_EQ(maps.height, 2);
  EXPECT_EQ(maps.count, 5);
  EXPECT_EQ(maps.dim, 2);
  EXPECT_EQ(maps.flat, (std::vector<int32_t>{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(maps.labels[0], (std::vector<int32_t>{0, 0, 0, 1, 1, -1}));
  EXPECT_EQ(maps.labels[2], (std::vector<int32_t>(6, 4)));
  EXPECT_EQ(maps.features, kFeatures);
  // And writes the same bytes again, as NumPy did.
  write_region_maps(folder_ / "again", maps);
  EXPECT_EQ(bytes_of("again_s.npy"), bytes_of("frame_s.npy"));
  EXPECT_EQ(bytes_of("again_f.npy"), bytes_of("frame_f.npy"));
}

TEST_F(RegionMapsFile, FeaturesMayComeLater) {
  write_array("frame_s.npy", "(4, 2, 3)", kLabels);
  const RegionMaps maps = read_region_maps(folder_ / "frame");
  EXPECT_TRUE(maps.features.empty());
  EXPECT_EQ(maps.count, 5);
}

TEST_F(RegionMapsFile, EveryFaultIsNamed) {
  write_array("three_s.npy", "(3, 2, 4)", kLabels);
  EXPECT_NE(message_of("three").find("[4, height, width]"), std::string::npos);
  write_array("flat_s.npy", "(24,)", kLabels);
  EXPECT_NE(message_of("flat").find("3 sides"), std::string::npos);
  write_array("type_s.npy", "(4, 2, 3)", kLabels, "<i4");
  EXPECT_NE(message_of("type").find("float32"), std::string::npos);
  for (const float bad : {0.5f, -2.f, 1e9f, std::numeric_limits<float>::quiet_NaN()}) {
    std::vector<float> labels = kLabels;
    labels[20] = bad;
    write_array("bad_s.npy", "(4, 2, 3)", labels);
    EXPECT_NE(message_of("bad").find("neither -1 nor"), std::string::npos) << bad;
  }
  write_array("few_s.npy", "(4, 2, 3)", kLabels);
  write_array("few_f.npy", "(4, 2)", {1, 0, 0, 1, 1, 0, 0, 1});
  EXPECT_NE(message_of("few").find("4 features, the labels name 5"), std::string::npos);
  write_array("nan_s.npy", "(4, 2, 3)", kLabels);
  std::vector<float> features = kFeatures;
  features[3] = std::numeric_limits<float>::infinity();
  write_array("nan_f.npy", "(5, 2)", features);
  EXPECT_NE(message_of("nan").find("not finite"), std::string::npos);
  EXPECT_FALSE(message_of("missing").empty());
}

TEST(RegionMaps, LevelsOfASegmentationGetRowsOfTheirOwn) {
  const RegionMap fine{2, 1, 2, {0, 1}}, coarse{2, 1, 1, {0, 0}};
  const RegionMaps maps = region_maps({fine, fine, coarse});
  EXPECT_EQ(maps.count, 5);
  EXPECT_EQ(maps.labels[1], (std::vector<int32_t>{2, 3}));
  EXPECT_EQ(maps.labels[2], (std::vector<int32_t>{4, 4}));
  EXPECT_THROW(region_maps({fine, coarse}), Error);
}

TEST(RegionMaps, IdsOfAPictureBecomeMasks) {
  Image ids;
  ids.width = 5;
  ids.height = 1;
  ids.channels = 1;
  ids.u8 = {0, 9, 9, 0, 2};
  const RegionMaps maps = region_maps_of_ids(ids);
  EXPECT_EQ(maps.count, 2);
  EXPECT_EQ(maps.labels[0], (std::vector<int32_t>{-1, 0, 0, -1, 1}));
  EXPECT_EQ(maps.labels[2], maps.labels[0]);
  ids.channels = 3;
  EXPECT_THROW(region_maps_of_ids(ids), Error);
}

}  // namespace
}  // namespace vane
