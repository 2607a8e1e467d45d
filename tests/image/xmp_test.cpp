// SPDX-License-Identifier: Apache-2.0
// Oracle: packets and JPEG segments put together by hand from XMP parts 1 and 3 (ISO 16684-1;
// Adobe, 1.1.3.1), read back with plain string searches.
#include "engine/image/xmp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "engine/base/hash.h"
#include "engine/image/codec.h"
#include "engine/image/exif.h"
#include "engine/image/metadata.h"
#include "tests/image/file_builder.h"
#include "tests/image/test_images.h"

namespace vane {
namespace {

using testing::FileBuilder;
using namespace std::string_view_literals;

constexpr std::string_view kRdf = "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'";

std::string packet(const std::string& descriptions) {
  return "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF " + std::string(kRdf) + ">" + descriptions +
         "</rdf:RDF></x:xmpmeta>";
}

std::vector<uint8_t> octets(std::string_view text) { return {text.begin(), text.end()}; }
std::string text_of(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

size_t count(std::string_view in, std::string_view what) {
  size_t found = 0;
  for (size_t at = in.find(what); at != in.npos; at = in.find(what, at + 1)) ++found;
  return found;
}

bool holds(const std::vector<std::string>& list, std::string_view part) {
  return std::any_of(list.begin(), list.end(),
                     [&](const std::string& one) { return one.find(part) != one.npos; });
}

struct Segment {
  int marker;
  std::string data;
};

/// A picture with these segments right behind its start marker.
std::vector<std::byte> jpeg_with(const std::vector<Segment>& segments) {
  FileBuilder file;
  file.be(0xFFD8, 2);
  for (const Segment& s : segments) {
    file.be(0xFF00 | s.marker, 2).be(s.data.size() + 2, 2).text(s.data);
  }
  const auto whole = encode_image(testing::smooth_image(16, 16, 3), "jpeg");
  file.bytes.insert(file.bytes.end(), whole.begin() + 2, whole.end());
  return file.bytes;
}

const std::string kExtended = packet("<rdf:Description rdf:about='' xmlns:a='urn:a'><a:Long>" +
                                     std::string(150'000, 'q') + "</a:Long></rdf:Description>");

std::string guid_of(const std::string& text) { return md5_hex(std::as_bytes(std::span(text))); }

Segment standard_segment(const std::string& guid) {
  return {0xE1, std::string("http://ns.adobe.com/xap/1.0/\0"sv) +
                    packet("<rdf:Description rdf:about='' xmlns:xmpNote='http://ns.adobe.com/xmp/"
                           "note/' xmlns:a='urn:a' a:Short='yes' xmpNote:HasExtendedXMP='" +
                           guid + "'/>")};
}

Segment part_segment(const std::string& guid, size_t at, size_t size) {
  FileBuilder numbers;
  numbers.be(kExtended.size(), 4).be(at, 4);
  return {0xE1, std::string("http://ns.adobe.com/xmp/extension/\0"sv) + guid +
                    std::string(reinterpret_cast<const char*>(numbers.bytes.data()), 8) +
                    kExtended.substr(at, size)};
}

std::vector<Segment> whole_segments() {
  const std::string guid = guid_of(kExtended);
  // The parts need not stand in order.
  return {standard_segment(guid), part_segment(guid, 120'000, 60'000),
          part_segment(guid, 0, 60'000), part_segment(guid, 60'000, 60'000)};
}

ImageMetadata read(const std::vector<std::byte>& file) {
  return decode_image(MemorySource(file)).metadata;
}

TEST(ExtendedXmp, IsReadWholeFromPartsInAnyOrder) {
  const ImageMetadata metadata = read(jpeg_with(whole_segments()));
  const std::string xmp = text_of(metadata.xmp);
  EXPECT_NE(xmp.find("a:Short=\"yes\""), xmp.npos);
  EXPECT_NE(xmp.find("<a:Long>" + std::string(150'000, 'q') + "</a:Long>"), xmp.npos);
  EXPECT_EQ(xmp.find("HasExtendedXMP"), xmp.npos);
  EXPECT_TRUE(metadata.left_out.empty());
}

TEST(ExtendedXmp, IsWrittenBackByEveryFormat) {
  const Image image = decode_image(MemorySource(jpeg_with(whole_segments())));
  for (const char* format : {"jpeg", "png", "tiff", "webp"}) {
    SCOPED_TRACE(format);
    const auto file = encode_image(image, format);
    const std::string xmp = text_of(read(file).xmp);
    EXPECT_EQ(count(xmp, "a:Short=\"yes\""), 1u);
    EXPECT_EQ(count(xmp, std::string(150'000, 'q')), 1u);
    EXPECT_EQ(xmp.find("HasExtendedXMP"), xmp.npos);
    const std::string_view bytes(reinterpret_cast<const char*>(file.data()), file.size());
    // 150,000 bytes need three parts of at most 65,458.
    EXPECT_EQ(count(bytes, "http://ns.adobe.com/xmp/extension/"),
              std::string_view(format) == "jpeg" ? 3u : 0u);
  }
}

TEST(ExtendedXmp, DamagedPartsAreReportedAndNotFatal) {
  const std::string guid = guid_of(kExtended), other(32, 'A');
  const std::vector<std::pair<const char*, std::vector<Segment>>> cases = {
      {"a gap", {standard_segment(guid), part_segment(guid, 0, 60'000)}},
      {"an overlap",
       {standard_segment(guid), part_segment(guid, 0, 60'000), part_segment(guid, 50'000, 60'000),
        part_segment(guid, 110'000, 60'000)}},
      {"another digest",
       {standard_segment(other), part_segment(other, 0, 60'000),
        part_segment(other, 60'000, 60'000), part_segment(other, 120'000, 60'000)}},
      {"a part too short",
       {standard_segment(guid), {0xE1, std::string("http://ns.adobe.com/xmp/extension/\0xx"sv)}}},
      {"none at all", {standard_segment(guid)}},
  };
  for (const auto& [name, segments] : cases) {
    SCOPED_TRACE(name);
    const ImageMetadata metadata = read(jpeg_with(segments));
    EXPECT_TRUE(holds(metadata.left_out, "extended XMP"));
    EXPECT_NE(text_of(metadata.xmp).find("a:Short"), std::string::npos);
    EXPECT_EQ(text_of(metadata.xmp).find("HasExtendedXMP"), std::string::npos);
  }
}

TEST(Xmp, GpsGoesAtEveryDepthAndUnderEveryPrefix) {
  auto xmp = XmpPacket::parse(octets(packet(
      "<rdf:Description rdf:about='' xmlns:exif='urn:e' xmlns:q='urn:e' exif:GPSLatitude='46,30N' "
      "exif:FNumber='28/10'><q:GPSLongitude>7,20E</q:GPSLongitude><q:Where><rdf:Bag><rdf:li "
      "exif:GPSAltitude='500/1' exif:Keep='1'/></rdf:Bag></q:Where></rdf:Description>")));
  ASSERT_TRUE(xmp);
  xmp->remove_gps();
  const std::string left = text_of(xmp->bytes());
  EXPECT_EQ(left.find("GPS"), left.npos);
  EXPECT_NE(left.find("exif:FNumber=\"28/10\""), left.npos);
  EXPECT_NE(left.find("exif:Keep=\"1\""), left.npos);
}

TEST(Xmp, StampsReplaceTheToolAndAddToTheHistory) {
  XmpPacket xmp;
  xmp.stamp({"Vane 1", "a=1 & <b>"});
  xmp.stamp({"Vane 2", "c=2"});
  const auto again = XmpPacket::parse(xmp.bytes());
  ASSERT_TRUE(again);
  const std::string text = text_of(again->bytes());
  EXPECT_EQ(count(text, "<xmp:CreatorTool>"), 1u);
  EXPECT_NE(text.find("<xmp:CreatorTool>Vane 2</xmp:CreatorTool>"), text.npos);
  EXPECT_EQ(count(text, "<xmpMM:History>"), 1u);
  EXPECT_EQ(count(text, "<rdf:li "), 2u);
  EXPECT_NE(text.find("<stEvt:parameters>a=1 &amp; &lt;b&gt;</stEvt:parameters>"), text.npos);
  EXPECT_TRUE(text.starts_with("<?xpacket begin="));
}

TEST(Xmp, StampsKeepWhatOthersWrote) {
  auto xmp = XmpPacket::parse(octets(packet(
      "<rdf:Description rdf:about='' xmlns:xmp='http://ns.adobe.com/xap/1.0/' "
      "xmlns:mm='http://ns.adobe.com/xap/1.0/mm/' xmp:CreatorTool='Other' xmp:Rating='5'>"
      "<mm:History><rdf:Seq><rdf:li>first</rdf:li></rdf:Seq></mm:History></rdf:Description>")));
  ASSERT_TRUE(xmp);
  xmp->stamp({"Vane", "x"});
  const std::string text = text_of(xmp->bytes());
  EXPECT_EQ(text.find("Other"), text.npos);
  EXPECT_NE(text.find("xmp:Rating=\"5\""), text.npos);
  EXPECT_LT(text.find("first"), text.find("<stEvt:action>edited"));
  EXPECT_EQ(count(text, "History>"), 2u);
}

TEST(Xmp, WhatCannotBeTakenApartIsRefused) {
  EXPECT_FALSE(XmpPacket::parse(octets("hello")));
  EXPECT_FALSE(XmpPacket::parse(octets("<a><b></a>")));
  EXPECT_FALSE(XmpPacket::parse(octets("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")));
  EXPECT_FALSE(XmpPacket::parse(octets("<!DOCTYPE a [<!ENTITY b 'c'>]>" + packet(""))));
  std::string deep, shallow;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  for (int i = 0; i < 100'000; ++i) deep += "</a>";
  EXPECT_FALSE(XmpPacket::parse(octets(packet(deep))));
  for (int i = 0; i < 300'000; ++i) shallow += "<a/>";
  EXPECT_FALSE(XmpPacket::parse(octets(packet(shallow))));
  // The writer's padding is NULs in some files.
  EXPECT_TRUE(XmpPacket::parse(octets(packet("") + std::string(100, '\0'))));
}

TEST(LeftOut, NamesWhatAJpegCarriesBesideItsPicture) {
  const std::string gain_map = packet(
      "<rdf:Description rdf:about='' xmlns:hdrgm='urn:h' hdrgm:Version='1.0' "
      "xmlns:xmp='urn:x' xmp:Rating='4'/>");
  const Image image = decode_image(
      MemorySource(jpeg_with({{0xE2, std::string("MPF\0II*\0"sv)},
                              {0xE1, std::string("http://ns.adobe.com/xap/1.0/\0"sv) + gain_map},
                              {0xED, std::string("Photoshop 3.0\0"
                                                 "8BIM\x03\xed\0\0\0\0\0\x02hi"sv)},
                              {0xEB, "JP  c2pa"},
                              {0xE5, "strange"},
                              {0xE5, "again"},
                              {0xFE, "a comment"}})));
  const std::vector<std::string> expected = {
      "MPF: pictures behind this one (gain map, preview, depth)",
      "content credentials (JUMBF)",
      "APP5 segment",
      "comment",
      "gain map",
      "Photoshop resources"};
  EXPECT_EQ(image.metadata.left_out, expected);
  EXPECT_EQ(text_of(image.metadata.xmp).find("hdrgm:Version"), std::string::npos);
  EXPECT_NE(text_of(image.metadata.xmp).find("Rating=\"4\""), std::string::npos);
  EXPECT_TRUE(read(encode_image(image, "jpeg")).left_out.empty());
}

TEST(LeftOut, NamesChunksAndFieldsOfOtherFormats) {
  FileBuilder png = testing::png_start(1, 1, 8, 0);
  testing::png_chunk(png, "gAMA", std::string("\0\0\xb1\x8f", 4));
  testing::png_chunk(png, "sRGB", std::string("\0", 1));
  testing::png_chunk(png, "tEXt", std::string("Title\0x", 7));
  testing::png_chunk(png, "caBX", "xx");
  const std::vector<std::string> chunks = {"PNG chunk gAMA", "PNG chunk tEXt", "PNG chunk caBX"};
  EXPECT_EQ(read(testing::png_finish(png, std::string("\0\x07", 2))).left_out, chunks);

  std::vector<testing::TiffItem> fields = {{256, 4, 1, 4}, {257, 4, 1, 2},   {258, 3, 1, 8},
                                           {259, 3, 1, 1}, {262, 3, 1, 1},   {273, 4, 1, 8},
                                           {277, 3, 1, 1}, {278, 4, 1, 2},   {279, 4, 1, 8},
                                           {330, 4, 1, 0}, {40'000, 3, 1, 1}};
  const std::vector<std::string> expected = {"pictures below the first", "TIFF field 40000"};
  EXPECT_EQ(read(testing::tiff_file(fields, "abcdefgh")).left_out, expected);
}

TEST(LeftOut, NamesWhatTheFormatWrittenCannotHold) {
  Image image = testing::smooth_image(8, 8, 4);
  image.metadata.iptc = {0x1c, 2, 5, 0, 1, 'a'};
  image.metadata.density = {300, 300};
  const auto lost = [&](const char* format) { return left_out_by_writing(image, format, {}); };
  using Names = std::vector<std::string>;
  EXPECT_EQ(lost("jpeg"), Names{"alpha channel"});
  EXPECT_EQ(lost("png"), Names{"IPTC"});
  EXPECT_EQ(lost("tiff"), Names{});
  EXPECT_EQ(lost("webp"), (Names{"IPTC", "resolution"}));
  image.metadata.xmp = octets(std::string(100'000, 'x'));
  EXPECT_EQ(lost("jpeg"), (Names{"alpha channel", "XMP: it is longer than a segment"}));
}

TEST(Density, SurvivesEveryChainOfFormats) {
  Image image = testing::smooth_image(8, 8, 3);
  image.metadata.density = {300, 240};
  const char* formats[] = {"jpeg", "png", "tiff"};
  for (const char* first : formats) {
    for (const char* second : formats) {
      SCOPED_TRACE(std::string(first) + " to " + second);
      const Image once = decode_image(MemorySource(encode_image(image, first)));
      const Image twice = decode_image(MemorySource(encode_image(once, second)));
      EXPECT_NEAR(twice.metadata.density.x, 300, 0.05);
      EXPECT_NEAR(twice.metadata.density.y, 240, 0.05);
    }
  }
  // An unknown one stays unknown.
  image.metadata.density = {};
  for (const char* format : formats) {
    EXPECT_FALSE(read(encode_image(image, format)).density.is_known()) << format;
  }
}

TEST(Exif, LosesItsPlaceAndNothingElse) {
  for (const bool is_little : {true, false}) {
    std::vector<uint8_t> block;
    const auto put = [&](uint32_t value, int bytes) {
      for (int i = 0; i < bytes; ++i) {
        block.push_back(uint8_t(value >> (8 * (is_little ? i : bytes - 1 - i))));
      }
    };
    const auto entry = [&](uint32_t tag, uint32_t type, uint32_t number, uint32_t value) {
      put(tag, 2);
      put(type, 2);
      put(number, 4);
      put(value, 4);
    };
    const uint8_t mark = is_little ? 'I' : 'M';
    block = {mark, mark};
    put(42, 2);
    put(8, 4);
    put(3, 2);                        // 8
    entry(0x0110, 2, 8, 80);          // 10: model
    entry(0x8825, 4, 1, 56);          // 22: GPS
    entry(0x9999, 4, 1, 0x01020304);  // 34
    put(0, 4);                        // 46
    put(0, 4);                        // 50
    put(0, 2);                        // 54
    put(1, 2);                        // 56: GPS directory
    entry(2, 2, 10, 70);              // 58
    for (const char c : std::string_view("46.123456\0CAMERA1\0"sv)) block.push_back(uint8_t(c));
    const std::vector<uint8_t> out = exif_without_gps(block);
    const std::string text = text_of(out);
    EXPECT_EQ(text.find("46.123"), text.npos);
    EXPECT_NE(text.find("CAMERA1"), text.npos);
    const TiffReader reader(out);
    const auto directory = read_tiff_directory(reader, 8);
    ASSERT_TRUE(directory);
    ASSERT_EQ(directory->entries.size(), 2u);
    EXPECT_EQ(directory->entries[0].tag, 0x0110);
    EXPECT_EQ(tiff_value(reader, directory->entries[1]), 0x01020304u);
    EXPECT_EQ(directory->next, 0u);
    EXPECT_EQ(out.size(), block.size());
  }
}

}  // namespace
}  // namespace vane
