// SPDX-License-Identifier: Apache-2.0
// Settings as files: the sidecar that re-applies exactly, and the 3D LUT for other programs.
#include <gtest/gtest.h>

#include <array>
#include <sstream>

#include "engine/base/error.h"
#include "generators/develop/develop_apply.h"
#include "generators/develop/develop_lut.h"
#include "generators/develop/develop_sidecar.h"
#include "tests/generators/develop_scenes.h"

namespace vane {
namespace {

using testing::develop_pixels;
using testing::noise_image;
using testing::random_settings;

// Oracle 3 (round trip): the same settings bit for bit, hence the same picture.
TEST(DevelopSidecar, ReappliesExactly) {
  QuietJob job;
  const Image source = noise_image(40, 30, 3, 16, 1);
  for (const float reach : {0.05f, 0.7f, 1.f}) {
    const DevelopSettings settings = random_settings(31, reach);
    const DevelopSettings back = sidecar_settings(sidecar_text(settings), "test");
    for (const DevelopField& field : develop_fields()) {
      for (int64_t i = 0; i < field.size(settings); ++i) {
        ASSERT_EQ(field.data(settings)[i], field.data(back)[i]) << field.name << " " << i;
      }
    }
    ASSERT_EQ(settings.grid.coefficients, back.grid.coefficients);
    EXPECT_EQ(develop_apply(source, settings, job).u16, develop_apply(source, back, job).u16);
  }
}

TEST(DevelopSidecar, ReadsAHandWrittenFile) {
  const DevelopSettings settings =
      sidecar_settings("kind: vane-develop\nsettings:\n  exposure: 0.5\n", "hand.yaml");
  EXPECT_EQ(settings.exposure, 0.5f);
  EXPECT_EQ(settings.contrast, 0.f);
  EXPECT_TRUE(settings.grid.empty());
}

TEST(DevelopSidecar, SavesAndLoads) {
  const std::filesystem::path path =
      std::filesystem::path(::testing::TempDir()) / "develop_sidecar_test.yaml";
  DevelopSettings settings;
  settings.vibrance = 0.1f;
  save_sidecar(path, settings);
  EXPECT_EQ(load_sidecar(path).vibrance, 0.1f);
  std::filesystem::remove(path);
  EXPECT_THROW(load_sidecar(path), Error);
}

struct Refusal {
  const char* text;
  const char* says;
};

// Oracle 1: each text is wrong in one way; the message must say where.
TEST(DevelopSidecar, RefusesFaultyFilesWithTheirPlace) {
  const Refusal refusals[] = {
      {"kind: vane-develop\nsettings: {exposre: 1}\n", "2:"},
      {"kind: vane-develop\nsettings: {exposure: 400}\n", "2:"},
      {"kind: vane-develop\nsettings: {exposure: .nan}\n", "2:"},
      {"kind: vane-develop\nsettings: {hue_shift: [1, 0]}\n", "hue_shift"},
      {"kind: vane-develop\nversion: 2\n", "2:"},
      {"kind: recipe\n", "1:"},
      {"settings: {exposure: 1}\n", "kind"},
      {"kind: vane-develop\ngrid: {depth: 2, height: 2, width: 2, coefficients: AAAA}\n", "2:"},
      {"kind: vane-develop\ngrid: {depth: 2, height: 2, width: 2, coefficients: '*'}\n", "base64"},
      {"kind: vane-develop\ngrid: {depth: 2000000000, height: 2, width: 2, coefficients: ''}\n",
       "depth"},
      {"kind: vane-develop\ngrid: {depth: 2}\n", "grid"},
      {"kind: vane-develop\nsettings: 7\n", "2:"},
      {"[", ""}};
  for (const Refusal& refusal : refusals) {
    try {
      sidecar_settings(refusal.text, "bad.yaml");
      ADD_FAILURE() << "accepted: " << refusal.text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::config) << refusal.text;
      EXPECT_NE(std::string(error.what()).find(refusal.says), std::string::npos) << error.what();
    }
  }
}

TEST(DevelopSidecar, RefusesNonFiniteGrids) {
  DevelopSettings settings;
  settings.grid = {2, 2, 2, std::vector<float>(96)};
  const std::string good = sidecar_text(settings);
  ASSERT_NO_THROW(sidecar_settings(good, "good.yaml"));
  std::string bad = good;
  // 96 zeros are 512 times 'A'; the first float becomes 0xFFFFFFFF, a NaN.
  const size_t start = bad.find("AAAAAAAA");
  ASSERT_NE(start, std::string::npos);
  bad.replace(start, 6, "/////w");
  EXPECT_THROW(sidecar_settings(bad, "bad.yaml"), Error);
}

struct Table {
  int size = 0;
  std::vector<std::array<double, 3>> values;

  const std::array<double, 3>& at(int r, int g, int b) const {
    return values[static_cast<size_t>((b * size + g) * size + r)];
  }
  // Trilinear, as a program that applies the file would.
  std::array<double, 3> sample(const double rgb[3]) const {
    int base[3];
    double weight[3];
    for (int i = 0; i < 3; ++i) {
      const double position = rgb[i] * (size - 1);
      base[i] = std::min(static_cast<int>(position), size - 2);
      weight[i] = position - base[i];
    }
    std::array<double, 3> sum{};
    for (int corner = 0; corner < 8; ++corner) {
      double w = 1;
      int at_corner[3];
      for (int i = 0; i < 3; ++i) {
        const int step = corner >> i & 1;
        w *= step ? weight[i] : 1 - weight[i];
        at_corner[i] = base[i] + step;
      }
      for (size_t i = 0; i < 3; ++i) sum[i] += w * at(at_corner[0], at_corner[1], at_corner[2])[i];
    }
    return sum;
  }
};

Table read_cube(const std::string& text) {
  Table table;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("LUT_3D_SIZE ", 0) == 0) table.size = std::stoi(line.substr(12));
    if (line.empty() || (std::isdigit(static_cast<unsigned char>(line[0])) == 0)) continue;
    std::istringstream numbers(line);
    std::array<double, 3> value{};
    numbers >> value[0] >> value[1] >> value[2];
    table.values.push_back(value);
  }
  return table;
}

// Mean and largest difference from the direct path.
std::pair<double, double> table_error(const Table& table, const DevelopSettings& settings) {
  const Image image = noise_image(64, 64, 3, 16, 77);
  const std::vector<double> direct = develop_pixels<double>(image, settings);
  double worst = 0, sum = 0;
  for (size_t p = 0; p < 64 * 64; ++p) {
    const double rgb[3] = {image.u16[3 * p] / 65535.0, image.u16[3 * p + 1] / 65535.0,
                           image.u16[3 * p + 2] / 65535.0};
    const std::array<double, 3> sampled = table.sample(rgb);
    for (size_t i = 0; i < 3; ++i) {
      const double error = std::abs(sampled[i] - direct[i * 64 * 64 + p]);
      worst = std::max(worst, error);
      sum += error;
    }
  }
  return {sum / (3 * 64 * 64), worst};
}

// Oracle 2: the table read and interpolated by this test against the direct path.
TEST(DevelopLut, MatchesTheDirectPathWithinInterpolation) {
  DevelopSettings settings;
  settings.exposure = 0.4f;
  settings.contrast = 0.3f;
  settings.temperature = 0.3f;
  settings.saturation = 0.2f;
  settings.hue_luminance[5] = -0.4f;
  settings.vignette = -1;
  DevelopSettings global = settings;
  global.vignette = 0;
  const std::string text = cube_text(settings);
  EXPECT_NE(text.find("vignette"), std::string::npos);
  const Table table = read_cube(text);
  ASSERT_EQ(table.size, 33);
  ASSERT_EQ(table.values.size(), size_t{33 * 33 * 33});
  const auto [mean, worst] = table_error(table, global);
  EXPECT_LT(mean, 0.0008);
  EXPECT_LT(worst, 0.12);  // where a colour reaches the border of the gamut inside a cell
  const double finer = table_error(read_cube(cube_text(settings, 65)), global).first;
  EXPECT_LT(finer, 0.4 * mean);  // second order but for those cells
}

TEST(DevelopLut, IsTheRampForTheIdentity) {
  const Table table = read_cube(cube_text(DevelopSettings{}, 5));
  ASSERT_EQ(table.values.size(), size_t{125});
  EXPECT_EQ(table.at(1, 2, 3), (std::array<double, 3>{0.25, 0.5, 0.75}));
}

}  // namespace
}  // namespace vane
