// SPDX-License-Identifier: Apache-2.0
#pragma once
// Uncompressed AVI files (RIFF, BI_RGB), of any size and with gaps between frames, which the
// program itself does not write.

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "engine/image/image.h"

namespace vane::testing {

inline std::string little_endian(uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

inline std::string riff_chunk(const std::string& name, const std::string& content) {
  return name + little_endian(content.size(), 4) + content + (content.size() % 2 ? "\0" : "");
}

inline std::string riff_list(const std::string& type, const std::string& content) {
  return riff_chunk("LIST", type + content);
}

/// Rows from the bottom up, blue first, each padded to four bytes.
inline std::string dib_of(const Image& frame) {
  std::string out;
  for (int y = frame.height - 1; y >= 0; --y) {
    for (int x = 0; x < frame.width; ++x) {
      const uint8_t* rgb = &frame.u8[size_t(y * frame.width + x) * 3];
      for (const int c : {2, 1, 0}) out += static_cast<char>(rgb[c]);
    }
    out.resize((out.size() + 3) / 4 * 4);
  }
  return out;
}

/// `frames` 8-bit RGB of one size, or nothing where the frame before stays.
inline void write_avi(const std::filesystem::path& path, int fps,
                      const std::vector<std::optional<Image>>& frames) {
  const Image& first = frames.at(0).value();
  const auto width = uint64_t(first.width), height = uint64_t(first.height);
  const auto number = [](uint64_t value) { return little_endian(value, 4); };
  const uint64_t size = dib_of(first).size();
  const std::string header = number(1000000 / uint64_t(fps)) + number(0) + number(0) +
                             number(0x10) + number(frames.size()) + number(0) + number(1) +
                             number(size) + number(width) + number(height) + std::string(16, '\0');
  const std::string stream = "vids" + std::string("DIB ") + std::string(12, '\0') + number(1) +
                             number(uint64_t(fps)) + number(0) + number(frames.size()) +
                             number(size) + number(0) + number(0) + std::string(8, '\0');
  const std::string format = number(40) + number(width) + number(height) + little_endian(1, 2) +
                             little_endian(24, 2) + number(0) + number(size) +
                             std::string(16, '\0');
  std::string movie, index;
  for (const std::optional<Image>& frame : frames) {
    const std::string content = frame ? dib_of(*frame) : "";
    index += "00db" + number(frame ? 0x10 : 0) + number(movie.size() + 4) + number(content.size());
    movie += riff_chunk("00db", content);
  }
  const std::string body =
      riff_list("hdrl",
                riff_chunk("avih", header) +
                    riff_list("strl", riff_chunk("strh", stream) + riff_chunk("strf", format))) +
      riff_list("movi", movie) + riff_chunk("idx1", index);
  const std::string bytes = riff_chunk("RIFF", "AVI " + body);
  std::ofstream(path, std::ios::binary).write(bytes.data(), std::streamsize(bytes.size()));
}

}  // namespace vane::testing
