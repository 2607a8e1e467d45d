// SPDX-License-Identifier: Apache-2.0
// Oracle: the rules for untrusted scenes of the robustness sheet, section 4: every lie of a packed
// file is told apart, before memory or time is spent.
#include <sys/resource.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/base/checked.h"
#include "engine/scene/packed_streams.h"
#include "engine/scene/sog.h"
#include "engine/scene/splat_file.h"
#include "engine/scene/splat_layouts.h"
#include "engine/weights/zip_archive.h"
#include "tests/scene/scene_support.h"
#include "tests/weights/file_bytes.h"

namespace vane {
namespace {

namespace fs = std::filesystem;
using testing::expect_holds;
using testing::random_cloud;
using testing::read_bytes;
using testing::refusal;
using testing::ScratchFolder;

const fs::path kData = fs::path(VANE_TEST_DATA) / "scene/data";

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string spz_header(uint32_t version, uint32_t count, uint8_t degree, uint8_t fractional = 12,
                       uint8_t flags = 0) {
  std::string head = "NGSP" + little_endian(version, 4) + little_endian(count, 4);
  for (const uint8_t byte : {degree, fractional, flags, uint8_t{0}}) {
    head += static_cast<char>(byte);
  }
  return head;
}

std::string gzipped(const std::string& bytes) {
  return text_of(gzip_bytes(testing::as_bytes(bytes)));
}

std::string refused(const ScratchFolder& folder, const std::string& name, const std::string& bytes,
                    const Limits& limits = {}) {
  const auto file = folder.write(name, bytes);
  return refusal([&] { read_splats(file, limits); }, ErrorCode::input, bytes.size());
}

TEST(HostileSpz, EveryLieIsNamed) {
  const ScratchFolder folder;
  const std::string one(9 + 1 + 3 + 3 + 4, '\x40');
  struct Fault {
    std::string payload, text;
  };
  const Fault faults[] = {
      {spz_header(0, 1, 0) + one, "version 0"},
      {spz_header(5, 1, 0) + one, "version 5"},
      {spz_header(4, 1, 0) + one, "version 4 is not packed by gzip"},
      {spz_header(3, 1, 4) + one, "degree 4"},
      {spz_header(3, 1, 0, 25) + one, "25 fractional bits"},
      {spz_header(3, 1, 0, 12, 0x80) + one, "unknown flags"},
      {spz_header(3, 1, 0, 12, 2) + one, "extensions"},
      {spz_header(3, 2, 0) + one, "fewer bytes"},
      {spz_header(3, 1, 0) + one + "x", "more bytes"},
      {spz_header(3, 1, 0) + one.substr(1), "fewer bytes"},
      {"NGSP", "fewer bytes"},
  };
  for (const Fault& fault : faults) {
    expect_holds(refused(folder, "a.spz", gzipped(fault.payload)), fault.text);
  }
  EXPECT_EQ(read_splats(folder.write("a.spz", gzipped(spz_header(3, 1, 0) + one)), {}).cloud.size(),
            1);
  expect_holds(refused(folder, "a.spz", gzipped(spz_header(3, 1, 0) + one) + "x"), "behind");
  expect_holds(refused(folder, "a.spz", gzipped("something else")), "no scene");
}

TEST(HostileSpz, ACountCannotAskForMoreThanTheFileHolds) {
  const ScratchFolder folder;
  const std::string many = gzipped(spz_header(3, 0xffffffff, 3));
  ASSERT_LT(many.size(), 64u);
  expect_holds(refused(folder, "a.spz", many), "scene.gaussians");
  Limits wide;
  wide.scene_gaussians = UINT64_MAX;
  expect_holds(refused(folder, "a.spz", many, wide), "scene.ratio");
  wide.scene_ratio = UINT64_MAX;
  expect_holds(refused(folder, "a.spz", many, wide), "can unpack to");
  expect_holds(refused(folder, "a.spz", gzipped(spz_header(3, 500'000, 3)), wide), "can unpack to");
}

TEST(HostileSpz, ABombIsRefusedBeforeItUnpacks) {
  const ScratchFolder folder;
  // Gaussians of nothing: 75 MB in less than 100 kB, and more than 256 MiB of numbers.
  constexpr uint32_t kCount = 1'150'000;
  std::string payload = spz_header(3, kCount, 3);
  payload.resize(payload.size() + size_t{kCount} * (9 + 1 + 3 + 3 + 4 + 45));
  const std::string bomb = gzipped(payload);
  payload = {};
  ASSERT_LT(bomb.size(), 200'000u);
  const auto peak = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const long before = peak();
  expect_holds(refused(folder, "a.spz", bomb), "scene.ratio");
  EXPECT_LT(peak() - before, 20'000) << "kilobytes";
}

TEST(HostileSpz, VersionFourLiesAreNamed) {
  const ScratchFolder folder;
  const std::string good = read_bytes(kData / "cloud_v4.spz");
  const auto with = [&](size_t at, const std::string& bytes) {
    std::string bad = good;
    bad.replace(at, bytes.size(), bytes);
    return bad;
  };
  const size_t toc = 32 + 8 + 12;
  struct Fault {
    std::string file, text;
  };
  const Fault faults[] = {
      {with(4, little_endian(3, 4)), "extensions in a .spz file before version 4"},
      {with(4, little_endian(9, 4)), "version 9"},
      {with(8, little_endian(301, 4)), "2700 bytes, 2709 are needed"},
      {with(8, little_endian(0, 4)), "6 streams, 0 are needed"},
      {with(12, std::string(1, '\x02')), "13500 bytes, 7200 are needed"},
      {with(14, std::string(1, '\x07')), "unknown flags"},
      {with(15, std::string(1, '\x05')), "5 streams, 6 are needed"},
      {with(16, little_endian(31, 4)), "table of contents"},
      {with(16, little_endian(0xffffffff, 4)), "table of contents"},
      {with(32, little_endian(0xADBE0001, 4)), "SPZ_ADOBE_sh_quantization"},
      {with(36, little_endian(13, 4)), "extensions"},
      {with(36, little_endian(0xffffffff, 4)), "extensions"},
      {with(toc, little_endian(UINT64_MAX, 8)), "within the streams"},
      {with(toc + 8, little_endian(UINT64_MAX, 8)), "2700 are needed"},
      {with(toc + 96 + 4, "\xff\xff\xff\xff"), "Zstandard"},
      {good + "x", "behind its streams"},
  };
  for (const Fault& fault : faults) expect_holds(refused(folder, "a.spz", fault.file), fault.text);
}

TEST(HostileSplat, ARowThatIsCutOffIsRefused) {
  const ScratchFolder folder;
  expect_holds(refused(folder, "a.splat", std::string(33, '\0')), "33 bytes");
  Limits few;
  few.scene_gaussians = 1;
  expect_holds(refused(folder, "a.splat", std::string(64, '\0'), few), "scene.gaussians");
  const SplatFile zeros = read_splats(folder.write("a.splat", std::string(32, '\0')), {});
  EXPECT_EQ(zeros.dropped, 0) << "-1 -1 -1 -1 is a rotation, and a scale of 0 a small one";
  EXPECT_EQ(zeros.cloud.log_scale[0], -20);
  std::string negative(32, '\0');
  negative[15] = '\x80';
  negative[14] = '\x3f';
  EXPECT_EQ(read_splats(folder.write("a.splat", negative), {}).dropped, 1);
  std::string centred(32, '\x80');
  EXPECT_EQ(read_splats(folder.write("a.splat", centred), {}).dropped, 1) << "a rotation of 0";
}

TEST(HostileCompressedPly, CountsHaveToAgree) {
  const ScratchFolder folder;
  const std::string good = read_bytes(kData / "cloud.compressed.ply");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string bad = good;
    bad.replace(bad.find(from), from.size(), to);
    return bad;
  };
  expect_holds(refused(folder, "a.ply", with("chunk 2", "chunk 1")), "1 chunks for 300");
  expect_holds(refused(folder, "a.ply", with("chunk 2", "chunk 9")), "9 chunks for 300");
  expect_holds(refused(folder, "a.ply", with("vertex 300", "vertex 200")), "2 chunks for 200");
  expect_holds(refused(folder, "a.ply", with("sh 300", "sh 299")), "299 rows");
  expect_holds(refused(folder, "a.ply", with("vertex 300", "vertex 18446744073709551615")),
               "scene.gaussians");
  expect_holds(refused(folder, "a.ply", with("property uchar f_rest_44\n", "")), "44 coefficients");
  expect_holds(refused(folder, "a.ply", with("float min_scale_y", "float min_scale_v")),
               "min_scale_y");
  expect_holds(refused(folder, "a.ply", with("packed_rotation", "packed_rotatiom")),
               "packed_rotation");
  // A box that is not a number spoils its Gaussians, not the others.
  std::string spoiled = good;
  const size_t data = spoiled.find("end_header\n") + 11;
  spoiled.replace(data, 4, std::string("\x00\x00\xc0\x7f", 4));
  const SplatFile read = read_splats(folder.write("a.ply", spoiled), {});
  EXPECT_EQ(read.dropped, 256);
  EXPECT_EQ(read.source_row(0), 256);
}

TEST(HostilePacked, EveryTruncationIsRefused) {
  using Bytes = std::span<const std::byte>;
  const auto every = [](const char* name, auto parse) {
    SCOPED_TRACE(name);
    const std::string good = read_bytes(kData / name);
    for (size_t size = 0; size < good.size(); size += 1 + size / 32) {
      const std::string cut = good.substr(0, size);
      refusal([&] { parse(testing::as_bytes(cut)); }, ErrorCode::input, size);
    }
    const std::string cut = good.substr(0, good.size() - 1);
    refusal([&] { parse(testing::as_bytes(cut)); }, ErrorCode::input, cut.size());
  };
  every("cloud_v3.spz", [](Bytes bytes) { parse_spz(bytes, {}); });
  every("cloud_v4.spz", [](Bytes bytes) { parse_spz(bytes, {}); });
  every("cloud.compressed.ply",
        [](Bytes bytes) { parse_compressed_ply(bytes, parse_ply_header(bytes), {}); });
  every("cloud.sog", [](Bytes bytes) {
    parse_sog_zip(std::make_shared<MemorySource>(std::vector(bytes.begin(), bytes.end())), {});
  });
}

/// The parts of cloud.sog, to be spoiled and put together again.
class SogParts {
 public:
  SogParts() {
    const ZipArchive archive(MappedFile::open(kData / "cloud.sog", 1 << 20, 4), {});
    for (const ZipEntry& entry : archive.entries()) {
      std::vector<std::shared_ptr<const void>> owners;
      parts[entry.name] = std::string(text_view(archive.read(entry, owners)));
    }
    meta = nlohmann::ordered_json::parse(parts["meta.json"]);
  }
  std::string zip() const {
    std::vector<ZipItem> items;
    for (const auto& [name, content] : parts) {
      ZipItem item;
      item.name = name;
      item.content = name == "meta.json" ? meta.dump() : content;
      items.push_back(item);
    }
    return zip_bytes(items);
  }

  std::map<std::string, std::string> parts;
  nlohmann::ordered_json meta;
};

std::string webp(int width, int height, std::array<uint8_t, 4> texel) {
  Image image;
  image.width = width;
  image.height = height;
  image.channels = 4;
  for (int i = 0; i < width * height; ++i)
    image.u8.insert(image.u8.end(), texel.begin(), texel.end());
  EncodeOptions options;
  options.webp_quality = 100;
  return text_of(encode_image(image, "webp", options));
}

TEST(HostileSog, EveryLieOfTheMetaIsNamed) {
  const ScratchFolder folder;
  struct Fault {
    const char* where;
    nlohmann::ordered_json value;
    const char* text;
  };
  const Fault faults[] = {
      {"/version", 1, "another version"},
      {"/version", "2", "another version"},
      {"/count", -1, "found -1"},
      {"/count", 1e30, "expected an integer"},
      {"/count", 4294967296ull, "scene.gaussians"},
      {"/count", 321, "320 texels for 321"},
      {"/means/mins", {1, 2}, "3 numbers"},
      {"/means/maxs", 7, "3 numbers"},
      {"/means/files", {"means_l.webp"}, "2 names"},
      {"/means/files", {"../means_l.webp", "means_u.webp"}, "no bare file name"},
      {"/means/files", {"/etc/passwd", "means_u.webp"}, "no bare file name"},
      {"/means/files", {"..", "means_u.webp"}, "no bare file name"},
      {"/means/files", {"none.webp", "means_u.webp"}, "holds no none.webp"},
      {"/means/files", {"meta.json", "means_u.webp"}, "picture"},
      {"/scales/codebook", {1, 2, 3}, "256 numbers"},
      {"/sh0/codebook", nullptr, "256 numbers"},
      {"/shN/bands", 4, "1 to 3 bands"},
      {"/shN/bands", 2, "is 960 wide, 512 are needed"},
      {"/shN/codebook", 0, "256 numbers"},
  };
  for (const Fault& fault : faults) {
    SogParts sog;
    sog.meta[nlohmann::ordered_json::json_pointer(fault.where)] = fault.value;
    expect_holds(refused(folder, "a.sog", sog.zip()), fault.text);
  }
  for (const char* key : {"count", "means", "scales", "quats", "sh0"}) {
    SogParts sog;
    sog.meta.erase(key);
    expect_holds(refused(folder, "a.sog", sog.zip()), key);
  }
}

TEST(HostileSog, TexturesAreChecked) {
  const ScratchFolder folder;
  SogParts sog;
  sog.parts["quats.webp"] = webp(20, 16, {1, 2, 3, 251});
  expect_holds(refused(folder, "a.sog", sog.zip()), "alpha 251 at texel 0");
  sog = SogParts();
  sog.parts["shN_labels.webp"] = webp(20, 16, {255, 255, 0, 255});
  expect_holds(refused(folder, "a.sog", sog.zip()), "entry 65535 of 320");
  sog = SogParts();
  sog.parts["scales.webp"] = "no picture";
  expect_holds(refused(folder, "a.sog", sog.zip()), "scales.webp");
}

TEST(HostileSog, AZipThatLiesIsAnErrorOfTheScene) {
  const ScratchFolder folder;
  std::string bad = SogParts().zip();
  bad[bad.find("RIFF") + 30] ^= 1;
  expect_holds(refused(folder, "a.sog", bad), "checksum");
}

TEST(Sog, AFolderIsReadLikeTheZip) {
  const ScratchFolder folder;
  const SogParts sog;
  for (const auto& [name, content] : sog.parts) folder.write("scene/" + name, content);
  const SplatCloud expected = read_splats(kData / "cloud.sog", {}).cloud;
  for (const char* name : {"scene", "scene/meta.json"}) {
    EXPECT_EQ(splat_layout(folder / name), "sog");
    testing::expect_same(read_splats(folder / name, {}).cloud, expected);
  }
  // A texture that is a link is not followed.
  fs::rename(folder / "scene/quats.webp", folder / "quats.webp");
  fs::create_symlink(folder / "quats.webp", folder / "scene/quats.webp");
  expect_holds(refusal([&] { read_splats(folder / "scene", {}); }), "symbolic link");
}

TEST(SplatLayout, IsToldByContents) {
  const ScratchFolder folder;
  for (const auto& [name, layout] : std::initializer_list<std::pair<const char*, const char*>>{
           {"cloud.ply", "ply"},
           {"cloud.compressed.ply", "compressed-ply"},
           {"cloud_v3.spz", "spz"},
           {"cloud_v4.spz", "spz"},
           {"cloud.sog", "sog"}}) {
    fs::copy_file(kData / name, folder / "scene.bin", fs::copy_options::overwrite_existing);
    EXPECT_EQ(splat_layout(folder / "scene.bin"), layout);
    EXPECT_EQ(read_splats(folder / "scene.bin", {}).cloud.size(), 300);
  }
  EXPECT_EQ(splat_layout(kData / "cloud.splat"), "splat");
  EXPECT_EQ(splat_layout(folder.write("a.bin", std::string(32, '\0'))), "");
  EXPECT_EQ(splat_layout(folder.write("a.zip", zip_bytes({}))), "");
  EXPECT_EQ(splat_layout(folder / "none"), "");
  EXPECT_EQ(splat_layout(folder.path()), "");
}

}  // namespace
}  // namespace vane
