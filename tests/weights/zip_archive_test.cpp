// SPDX-License-Identifier: Apache-2.0
// Oracle: PKWARE's APPNOTE; each archive breaks one rule of it, or one of Vane's stricter ones.
#include "engine/weights/zip_archive.h"

#include <gtest/gtest.h>

#include "engine/base/checked.h"
#include "tests/weights/file_bytes.h"
#include "tests/weights/refusal.h"

namespace vane {
namespace {

// Content of every entry, joined.
std::string read_all(const std::string& file, const Limits& limits = {}) {
  const ZipArchive archive(memory_source(file), limits);
  std::vector<std::shared_ptr<const void>> owners;
  std::string all;
  for (const ZipEntry& entry : archive.entries()) {
    all += std::string(text_view(archive.read(entry, owners))) + "|";
  }
  return all;
}

std::string refused(const std::string& file) {
  return refusal(file.size(), [&] { read_all(file); });
}

ZipItem item(std::string name, std::string content = "content") {
  ZipItem made;
  made.name = std::move(name);
  made.content = std::move(content);
  return made;
}

template <class Change>
std::string with(Change change) {
  ZipItem changed = item("a/b");
  change(changed);
  return zip_bytes({item("a/a", "first"), changed});
}

TEST(ZipArchive, StoredDeflatedAndZip64EntriesAreRead) {
  ZipItem packed = item("b", std::string(1000, 'x') + "end");
  packed.is_deflated = true;
  const std::vector<ZipItem> items = {item("a", "one"), packed, item("empty", "")};
  const std::string expected = "one|" + packed.content + "||";
  EXPECT_EQ(read_all(zip_bytes(items)), expected);
  ZipEnds wide;
  wide.is_zip64 = true;
  EXPECT_EQ(read_all(zip_bytes(items, wide)), expected);
  ZipEnds commented;
  commented.comment = "a plain comment";
  EXPECT_EQ(read_all(zip_bytes(items, commented)), expected);
  EXPECT_EQ(read_all(zip_bytes({})), "");
}

TEST(ZipArchive, EntriesAreFoundByName) {
  const ZipArchive archive(memory_source(zip_bytes({item("x/y", "1"), item("x/z", "2")})), {});
  EXPECT_EQ(archive.find("x/z")->size, 1u);
  EXPECT_EQ(archive.find("x"), nullptr);
}

TEST(ZipArchive, EveryBrokenRuleHasItsOwnMessage) {
  struct Fault {
    std::string file;
    const char* message;
  };
  ZipEnds ends;
  ends.entries = 3;
  const std::string more = zip_bytes({item("a"), item("b")}, ends);
  ends.entries = 1;
  const std::string fewer = zip_bytes({item("a"), item("b")}, ends);
  ZipEnds split, moved, fake;
  split.disk = 1;
  moved.directory_offset = 7;
  fake.comment = std::string("PK\x05\x06", 4) + std::string(18, '\0');
  const std::string good = zip_bytes({item("a")});
  const std::vector<Fault> faults = {
      {"PK", "too short"},
      {good.substr(0, good.size() - 1), "no zip end record"},
      {good + "x", "no zip end record"},
      {zip_bytes({item("a")}, fake), "second end record"},
      {more, "wrong signature"},
      {fewer, "another size"},
      {zip_bytes({item("a")}, split), "several disks"},
      {zip_bytes({item("a")}, moved), "does not end where"},
      {zip_bytes({item("a"), item("a")}), "same name"},
      {zip_bytes({item("../a")}), "unsafe name"},
      {zip_bytes({item("a/../b")}), "unsafe name"},
      {zip_bytes({item("/a")}), "unsafe name"},
      {zip_bytes({item("a\\b")}), "unsafe name"},
      {zip_bytes({item(std::string("a\0b", 3))}), "unsafe name"},
      {zip_bytes({item("C:x")}), "unsafe name"},
      {zip_bytes({item("")}), "unsafe name"},
      {with([](ZipItem& i) { i.flags = 1; }), "encrypted"},
      {with([](ZipItem& i) { i.flags = 1 << 6; }), "encrypted"},
      {with([](ZipItem& i) { i.method = 12; }), "method 12"},
      {with([](ZipItem& i) { i.local_method = 8; }), "another method"},
      {with([](ZipItem& i) { i.local_name = "a/c"; }), "another name"},
      {with([](ZipItem& i) { i.local_name = "a/bb"; }), "another name"},
      {with([](ZipItem& i) { i.local_size = 6; }), "other sizes"},
      {with([](ZipItem& i) { i.size = 8; }), "two sizes"},
      {with([](ZipItem& i) { i.size = i.packed_size = 5000; }), "beyond the end"},
      {with([](ZipItem& i) { i.size = i.packed_size = 60; }), "overlaps the directory"},
      {with([](ZipItem& i) {
         i.header_offset = 0;
         i.local_name = "a/a";
       }),
       "another name"},
      {with([](ZipItem& i) { i.header_offset = 3; }), "no local header"},
      {with([](ZipItem& i) { i.header_offset = 0xfffffff0; }), "no local header"},
      {with([](ZipItem& i) { i.crc = 1; }), "checksum"},
      {with([](ZipItem& i) { i.size = 0xffffffff; }), "zip64 extra field is missing"},
  };
  for (const Fault& fault : faults) {
    const std::string text = refused(fault.file);
    EXPECT_NE(text.find(fault.message), std::string::npos) << fault.message << ": " << text;
  }
}

TEST(ZipArchive, OverlappingEntriesAreRefused) {
  // The second entry is a whole archive entry inside the data of the first.
  ZipItem inner = item("b", "12");
  const std::string nested = zip_bytes({inner}).substr(0, 30 + 1 + 2);
  ZipItem outer = item("a", nested);
  inner.header_offset = 30 + 1;
  std::string file = zip_bytes({outer, inner});
  EXPECT_NE(refused(file).find("overlaps another one"), std::string::npos);
}

TEST(ZipArchive, BombsAreRefusedBeforeTheyInflate) {
  ZipItem bomb = item("a", std::string(1 << 20, '\0'));
  bomb.is_deflated = true;  // About 1000:1.
  EXPECT_NE(refused(zip_bytes({bomb})).find("over the limit"), std::string::npos);
  ZipItem honest = item("a", std::string(1 << 20, '\0'));
  EXPECT_EQ(read_all(zip_bytes({honest})).size(), (1u << 20) + 1);
}

TEST(ZipArchive, ALyingInflatedSizeIsRefused) {
  for (uint64_t size : {999u, 1001u}) {
    ZipItem packed = item("a", std::string(1000, 'x'));
    packed.is_deflated = true;
    packed.size = size;
    EXPECT_NE(refused(zip_bytes({packed})).find("does not inflate"), std::string::npos) << size;
  }
}

TEST(ZipArchive, TheNumberOfEntriesIsLimited) {
  Limits limits;
  limits.zip_entries = 1;
  const std::string file = zip_bytes({item("a"), item("b")});
  EXPECT_NE(refusal(file.size(), [&] { read_all(file, limits); }).find("the limit is 1"),
            std::string::npos);
}

}  // namespace
}  // namespace vane
