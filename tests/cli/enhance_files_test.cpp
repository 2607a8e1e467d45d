// SPDX-License-Identifier: Apache-2.0
// Oracle: sheet enhance.md, section 9, seen from outside: what becomes of a photograph's file
// beside its light. Pixels are compared with those of runs without the option in question.
#include <algorithm>
#include <map>

#include "engine/image/exif.h"
#include "engine/image/metadata.h"
#include "engine/image/orientation.h"
#include "tests/cli/enhance_program.h"
#include "tests/support/dng.h"

namespace vane::testing {
namespace {

using Json = nlohmann::json;
using namespace std::string_view_literals;

const std::string kPictures = std::string(VANE_TEST_DATA) + "/image/data/pictures/";

bool contains(const std::vector<uint8_t>& bytes, std::string_view text) {
  return std::search(bytes.begin(), bytes.end(), text.begin(), text.end()) != bytes.end();
}

/// The number in a field of the exposure directory; 0 without it.
uint32_t exposure_number(const std::vector<uint8_t>& exif, uint16_t tag) {
  uint32_t number = 0;
  for (const TiffField& field : exif_fields(exif).exposure) {
    if (field.tag != tag) continue;
    for (size_t i = 0; i < field.value.size(); ++i) number |= uint32_t{field.value[i]} << (8 * i);
  }
  return number;
}

TiffField text(uint16_t tag, std::string value) {
  value.push_back('\0');
  return tiff_blob(tag, 2, {value.begin(), value.end()});
}

class EnhanceFiles : public EnhanceProgram {
 protected:
  std::string raw(const std::string& name, const DngScene& scene) const {
    const auto bytes = dng_file(scene);
    return folder_.file(name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

  static DngScene dusk() {
    DngScene scene;
    scene.neutral[0] = 0.5;
    scene.light = [](uint32_t x, uint32_t y, int channel) {
      return 0.01 + 0.0004 * x + 0.0003 * y + 0.01 * channel;
    };
    return scene;
  }

  Json json_of(const std::string& input, const std::string& output, std::vector<std::string> more,
               int code = 0) const {
    more.push_back("--json");
    const Outcome outcome = enhance(input, output, more);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    return outcome.out.empty() ? Json() : Json::parse(outcome.out);
  }

  /// A photograph in stored order with everything that has a say about its turn and its place.
  std::string placed_photo(const std::string& name, int orientation, int width, int height) const {
    Image image = oriented(smooth_image(width, height, 3), inverse_orientation(orientation));
    ExifFields fields;
    fields.picture = {text(0x0110, "Camera"), tiff_short(0x0112, {uint16_t(orientation)})};
    fields.exposure = {tiff_long(0xA002, {uint32_t(image.width)}),
                       tiff_long(0xA003, {uint32_t(image.height)}),
                       text(0x9003, "2026:11:24 12:34:56")};
    fields.gps = {text(0x0001, "N"), text(0x001D, "PLACE-OF-GPS")};
    image.metadata.exif = exif_block(fields);
    const std::string xmp =
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "
        "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about='' "
        "xmlns:tiff='http://ns.adobe.com/tiff/1.0/' xmlns:exif='http://ns.adobe.com/exif/1.0/' "
        "tiff:Orientation='" +
        std::to_string(orientation) + "' exif:PixelXDimension='" + std::to_string(image.width) +
        "' exif:PixelYDimension='" + std::to_string(image.height) +
        "' exif:GPSLatitude='46,30N' tiff:Artist='Somebody'/></rdf:RDF></x:xmpmeta>";
    image.metadata.xmp.assign(xmp.begin(), xmp.end());
    image.metadata.density = {300, 150};
    EncodeOptions encode;
    encode.orientation = orientation;
    return picture(name, image, encode);
  }
};

TEST_F(EnhanceFiles, ARawFileBecomesSixteenBitTiffWithItsExif) {
  DngScene scene = dusk();
  scene.orientation = 6;
  fs::create_directories(path("in/below"));
  raw("in/below/a.DNG", scene);
  picture("in/b.png", dark_image(20, 15, 3));
  const std::string before = bytes_of(path("in/below/a.DNG"));
  const Json json = json_of(path("in"), path("out"), {"-r", "--preview"});
  EXPECT_EQ(json["counts"], Json({{"ok", 2}, {"skipped", 0}, {"failed", 0}}));
  EXPECT_EQ(json["files"][1]["orientation_in"], 1);
  EXPECT_EQ(bytes_of(path("in/below/a.DNG")), before);
  EXPECT_TRUE(fs::exists(path("out/below/a.tif.preview.png")));
  const Image out = stored(path("out/below/a.tif"));
  EXPECT_EQ(out.format, "tiff");
  EXPECT_EQ(out.depth, 16);
  EXPECT_EQ(out.width, 64);
  EXPECT_EQ(out.height, 96);
  EXPECT_EQ(out.metadata.orientation, 1);
  EXPECT_TRUE(contains(out.metadata.exif, "Test One"));
  EXPECT_TRUE(contains(out.metadata.exif, "2026:11:24 12:34:56"));
  EXPECT_EQ(exif_fields(out.metadata.exif).gps.size(), 4u);
  EXPECT_EQ(exposure_number(out.metadata.exif, 0xA002), 64u);
  EXPECT_NE(out.u16, stored(path("in/below/a.DNG")).u16);
  // What --format says goes, and at strength 0 nothing but the development is in it.
  const Image same = enhanced(path("in/below/a.DNG"), "same.tif", {"--strength", "0"});
  EXPECT_EQ(same.u16, stored(path("in/below/a.DNG")).u16);
  json_of(path("in"), path("jpeg"), {"-r", "--format", "jpg"});
  EXPECT_EQ(stored(path("jpeg/below/a.jpg")).metadata.orientation, 1);
}

TEST_F(EnhanceFiles, RawFilesResumeAndGiveTheSameBytesForAnyNumberOfJobs) {
  fs::create_directories(path("in"));
  for (int i = 0; i < 4; ++i) {
    DngScene scene = dusk();
    scene.width += uint32_t(2 * i);
    raw("in/" + std::to_string(i) + ".dng", scene);
  }
  json_of(path("in"), path("one"), {"--jobs", "1"});
  json_of(path("in"), path("four"), {"--jobs", "4"});
  for (int i = 0; i < 4; ++i) {
    const std::string name = "/" + std::to_string(i) + ".tif";
    EXPECT_FALSE(bytes_of(path("one" + name)).empty());
    EXPECT_EQ(bytes_of(path("one" + name)), bytes_of(path("four" + name)));
  }
  EXPECT_EQ(json_of(path("in"), path("one"), {"--resume"})["counts"]["skipped"], 4);
  // Everything that decides about the bytes is remembered.
  for (const char* change : {"--no-stamp", "--bake-orientation", "--strip=gps"}) {
    EXPECT_EQ(json_of(path("in"), path("one"), {"--resume", change})["counts"]["ok"], 4) << change;
  }
}

TEST_F(EnhanceFiles, ARawFileIsNeverWritten) {
  const std::string input = raw("a.dng", dusk());
  const std::string before = bytes_of(input);
  expect_refused(input, path("b.dng"), {}, 2, "can be written");
  expect_refused(input, input, {"--overwrite"}, 2, "");
  EXPECT_EQ(bytes_of(input), before);
  EXPECT_FALSE(fs::exists(path("b.dng")));
  const Outcome beside =
      run_vane({"enhance", input, "--suffix", "_lit", "--model", model_, "--threads", "1"});
  EXPECT_EQ(beside.code, 0) << beside.err;
  EXPECT_EQ(stored(path("a_lit.tif")).depth, 16);
}

TEST_F(EnhanceFiles, ABrokenRawFileIsOneFailureOfItsBatch) {
  fs::create_directories(path("in"));
  raw("in/a.dng", dusk());
  DngScene cut = dusk();
  cut.change = [](std::vector<TiffItem>& fields) {
    for (TiffItem& field : fields) {
      if (field.tag == 273) field.value = 12'000;
    }
  };
  const std::string broken = raw("in/b.dng", cut);
  folder_.file("in/c.nef", "no photograph");
  const Json json = json_of(path("in"), path("out"), {}, 6);
  EXPECT_EQ(json["counts"], Json({{"ok", 1}, {"skipped", 0}, {"failed", 2}}));
  expect_refused(broken, path("b.tif"), {}, 4, "ends too early");
  EXPECT_FALSE(fs::exists(path("b.tif")));
}

TEST_F(EnhanceFiles, ARawFileTakesAMask) {
  const std::string input = raw("a.dng", dusk());
  Image mask = noise_image(96, 64, 1, 8, 1);
  for (size_t i = 0; i < mask.u8.size(); ++i) mask.u8[i] = i % 96 < 48 ? 255 : 0;
  const Image with = enhanced(input, "with.tif", {"--mask", picture("mask.png", mask)});
  const Image raw_pixels = stored(input), all = enhanced(input, "all.tif");
  for (const size_t x : {size_t{10}, size_t{80}}) {
    const size_t i = (30 * 96 + x) * 3;
    EXPECT_EQ(with.u16[i], x < 48 ? all.u16[i] : raw_pixels.u16[i]);
  }
}

TEST_F(EnhanceFiles, BakesEveryOrientationIntoEveryFormat) {
  for (const char* extension : {"png", "tif", "jpg", "webp"}) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
      SCOPED_TRACE(extension + std::to_string(orientation));
      const std::string name = std::to_string(orientation) + "." + extension;
      const std::string input = placed_photo("in" + name, orientation, 26, 17);
      ASSERT_EQ(stored(input).metadata.orientation, orientation);
      const Image kept = enhanced(input, "kept" + name, {"--jpeg-quality", "100"});
      const Image baked =
          enhanced(input, "baked" + name, {"--bake-orientation", "--jpeg-quality", "100"});
      EXPECT_EQ(kept.metadata.orientation, orientation);
      EXPECT_EQ(baked.metadata.orientation, 1);
      EXPECT_EQ(exif_orientation(baked.metadata.exif), 1);
      ASSERT_EQ(baked.width, 26);
      ASSERT_EQ(baked.height, 17);
      EXPECT_EQ(exposure_number(baked.metadata.exif, 0xA002), 26u);
      EXPECT_EQ(exposure_number(baked.metadata.exif, 0xA003), 17u);
      EXPECT_EQ(exposure_number(kept.metadata.exif, 0xA002), orientation <= 4 ? 26u : 17u);
      EXPECT_TRUE(contains(baked.metadata.xmp, "tiff:Orientation=\"1\""));
      EXPECT_TRUE(contains(baked.metadata.xmp, "PixelXDimension=\"26\""));
      EXPECT_TRUE(contains(baked.metadata.xmp, "PixelYDimension=\"17\""));
      if (std::string_view(extension) != "webp") {
        EXPECT_NEAR(baked.metadata.density.x, orientation <= 4 ? 300 : 150, 0.1);
      }
      // What a viewer shows is the same. JPEG's blocks lie elsewhere in turned pixels.
      const Image seen = read_image(path("kept" + name));
      ASSERT_EQ(seen.u8.size(), baked.u8.size());
      const bool is_lossless = std::string_view(extension) != "jpg";
      int worst = 0;
      for (size_t i = 0; i < seen.u8.size(); ++i) {
        worst = std::max(worst, std::abs(int{seen.u8[i]} - int{baked.u8[i]}));
      }
      EXPECT_LE(worst, is_lossless ? 0 : 4);
    }
  }
}

TEST_F(EnhanceFiles, StampsWhatChangedThePixels) {
  const std::string input = placed_photo("in.jpg", 6, 26, 17);
  const auto says = [](const Image& image, std::string_view what) {
    return contains(image.metadata.xmp, what);
  };
  const Image stamped = enhanced(input, "stamped.jpg", {"--strength", "0.8"});
  EXPECT_TRUE(says(stamped, "<xmp:CreatorTool>Vane "));
  EXPECT_TRUE(says(stamped, "<xmpMM:History>"));
  EXPECT_TRUE(says(stamped, "strength=0.8"));
  EXPECT_TRUE(says(stamped, " model="));
  EXPECT_TRUE(says(stamped, "Somebody"));
  const std::string hash =
      json_of(input, path("again.jpg"), {"--strength", "0.8"})["model"]["hash"];
  EXPECT_TRUE(says(stamped, " model=" + hash));
  EXPECT_EQ(bytes_of(path("again.jpg")), bytes_of(path("stamped.jpg")));  // no clock in it
  // Every format holds it, also where there was no XMP before.
  for (const char* name : {"bare.png", "bare.tif", "bare.webp", "bare.jpg"}) {
    EXPECT_TRUE(says(enhanced(picture(std::string("of_") + name, smooth_image(12, 9, 3)), name),
                     "<xmpMM:History>"))
        << name;
  }
  const Image silent = enhanced(input, "silent.jpg", {"--no-stamp"});
  EXPECT_FALSE(says(silent, "CreatorTool") || says(silent, "History"));
  EXPECT_EQ(bytes_of(path("silent.jpg")).find("vane:"), std::string::npos);
  // Nothing was changed, so nothing says so.
  EXPECT_FALSE(says(enhanced(input, "zero.png", {"--strength", "0"}), "CreatorTool"));
}

TEST_F(EnhanceFiles, StripsThePlaceOrEverything) {
  for (const char* extension : {"jpg", "png", "tif", "webp"}) {
    SCOPED_TRACE(extension);
    const std::string name = std::string("in.") + extension;
    const std::string input = placed_photo(name, 6, 26, 17);
    const Image plain = enhanced(input, "plain" + name);
    EXPECT_TRUE(contains(plain.metadata.exif, "PLACE-OF-GPS"));
    // At strength 0 the file would be copied, place and all.
    for (const char* strength : {"0", "1"}) {
      const std::string out = std::string(strength) + "gps" + name;
      const Image gone = enhanced(input, out, {"--strip", "gps", "--strength", strength});
      const std::string bytes = bytes_of(path(out));
      EXPECT_EQ(bytes.find("PLACE-OF-GPS"), std::string::npos);
      EXPECT_FALSE(contains(gone.metadata.xmp, "GPSLatitude"));
      EXPECT_TRUE(exif_fields(gone.metadata.exif).gps.empty());
      EXPECT_TRUE(contains(gone.metadata.exif, "Camera"));
      EXPECT_TRUE(contains(gone.metadata.exif, "2026:11:24 12:34:56"));
      EXPECT_TRUE(contains(gone.metadata.xmp, "Somebody"));
    }
    const Image bare = enhanced(input, "all" + name, {"--strip", "all"});
    const std::string bytes = bytes_of(path("all" + name));
    for (const char* word : {"Camera", "Somebody", "2026", "PLACE", "Vane", "vane"}) {
      EXPECT_EQ(bytes.find(word), std::string::npos) << word;
    }
    EXPECT_EQ(bare.metadata.orientation, 6);  // it would lie on its side
    EXPECT_EQ(bare.u8, plain.u8);
  }
}

TEST_F(EnhanceFiles, ReportsWhatIsLeftOut) {
  Image image = dark_image(20, 14, 4);
  image.metadata.iptc = {0x1c, 2, 5, 0, 1, 'a'};
  const std::string input = picture("in.tif", image);
  const auto left_out = [&](const std::string& output, const std::vector<std::string>& more = {}) {
    const Json file = json_of(input, path(output), more)["files"][0];
    return file.contains("left_out") ? file["left_out"] : Json();
  };
  EXPECT_EQ(left_out("out.tif"), Json());
  EXPECT_EQ(left_out("out.png"), Json({"IPTC"}));
  EXPECT_EQ(left_out("out.jpg"), Json({"alpha channel"}));
  EXPECT_EQ(left_out("bare.png", {"--strip", "all"}), Json());
}

}  // namespace
}  // namespace vane::testing
