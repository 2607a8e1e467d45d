// SPDX-License-Identifier: Apache-2.0
// Any bytes as an XMP packet: refused, or changed in every way and still a packet, without what was
// to go.

#include <algorithm>

#include "engine/image/xmp.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using vane::require;
  using vane::XmpPacket;
  auto packet = XmpPacket::parse({data, size});
  if (!packet) return 0;
  packet->remove_gain_map();
  packet->remove_gps();
  packet->set_size(640, 480);
  packet->stamp({"Vane", "fuzz=1"});
  packet->set_extended_guid("0123456789ABCDEF0123456789ABCDEF");
  require(packet->extended_guid().size() == 32, "the note is found again");
  packet->remove_extended_guid();
  require(packet->extended_guid().empty(), "the note is gone");
  XmpPacket whole;
  whole.merge(*packet);
  const std::vector<uint8_t> bytes = whole.bytes();
  static constexpr std::string_view kStamp = "fuzz=1";
  require(std::search(bytes.begin(), bytes.end(), kStamp.begin(), kStamp.end()) != bytes.end(),
          "the stamp is merged");
  if (const auto extended = whole.split(1000)) {
    require(whole.bytes().size() <= 1000, "the first part is as short as asked for");
  }
  return 0;
}
