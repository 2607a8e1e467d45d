// SPDX-License-Identifier: Apache-2.0
#pragma once
// XMP packets (ISO 16684-1): RDF in XML, taken apart and put together again.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vane {

/// What was done to a picture, for its history. Holds no time, so that the same work gives the same
/// bytes.
struct XmpStamp {
  /// The program with its version.
  std::string tool;
  /// What it did, as "name=value" words.
  std::string parameters;
};

/// One packet. Names are told by what follows their prefix, as files choose their own prefixes.
class XmpPacket {
 public:
  /// An empty one.
  XmpPacket();
  ~XmpPacket();
  XmpPacket(XmpPacket&&) noexcept;
  XmpPacket& operator=(XmpPacket&&) noexcept;
  /// Nothing for text that is no XML, has a DOCTYPE, no rdf:RDF, more than 200,000 tags or more
  /// than 200 levels.
  static std::optional<XmpPacket> parse(std::span<const uint8_t> text);

  /// Removes properties whose name begins with GPS, at any depth.
  void remove_gps();
  /// Removes what describes a second picture behind this one (Ultra HDR's hdrgm and Container,
  /// Apple's HDRGainMap); true when there was any.
  bool remove_gain_map();
  /// Writes the size into the properties that hold one already.
  void set_size(int width, int height);
  /// Sets xmp:CreatorTool and adds an entry to xmpMM:History.
  void stamp(const XmpStamp& stamp);
  /// The GUID that xmpNote:HasExtendedXMP names; empty without one.
  std::string extended_guid() const;
  void remove_extended_guid();
  void set_extended_guid(const std::string& guid);
  /// Takes over the descriptions of `other`.
  void merge(const XmpPacket& other);
  /// Moves its largest properties into a packet of their own until bytes() has at most
  /// `max_bytes`; nothing when that cannot be reached.
  std::optional<XmpPacket> split(size_t max_bytes);

  std::vector<uint8_t> bytes() const;

 private:
  struct Document;
  std::unique_ptr<Document> document_;
};

}  // namespace vane
