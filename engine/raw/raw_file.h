// SPDX-License-Identifier: Apache-2.0
#pragma once
// The raw files of cameras, through LibRaw. This folder is the only one that knows that library.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace vane {

/// What a raw file says about its photograph; fields that it does not have are empty or 0.
struct RawDescription {
  std::string maker, model, artist, description, software;
  /// Sensitivity, exposure in seconds, f-number, focal length in millimetres.
  double iso = 0, exposure = 0, aperture = 0, focal_length = 0;
  /// "YYYY:MM:DD HH:MM:SS" by the camera's clock.
  std::string date;
  bool has_position = false;
  /// Degrees, minutes, seconds; the references are 'N' or 'S' and 'E' or 'W'.
  double latitude[3] = {}, longitude[3] = {};
  char latitude_reference = 'N', longitude_reference = 'E';
};

/// Size, before anything is developed.
struct RawSize {
  /// Of the developed, upright picture.
  uint64_t width = 0, height = 0;
  /// 1 for cameras without colour, otherwise 3.
  int channels = 3;
  /// Of everything that the sensor recorded.
  uint64_t sensor_width = 0, sensor_height = 0;
};

/// A developed picture: upright, sRGB-encoded, interleaved rows of 16 bits.
struct RawSamples {
  uint64_t width = 0, height = 0;
  int channels = 3;
  std::vector<uint16_t> values;
};

/// One opened raw file. LibRaw neither prints nor throws through this class.
class RawFile {
 public:
  /// Reads the structure of `file`, which outlives this. `max_bytes` caps what the sensor's samples
  /// may need. Throws Error{input}: not a raw file that LibRaw knows, or damaged.
  RawFile(std::span<const std::byte> file, uint64_t max_bytes);
  ~RawFile();
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  RawSize size() const;
  RawDescription description() const;

  /// Decodes and develops: the camera's white balance, AHD demosaicing, no automatic brightness,
  /// highlights clipped, the curve of sRGB (sheet enhance.md, section 9). Once only.
  /// Throws Error{input} for samples that are cut off or damaged unless `tolerate_damage`;
  /// Error{resource} for a lack of memory.
  RawSamples develop(bool tolerate_damage);

 private:
  struct Decoder;
  std::unique_ptr<Decoder> decoder_;
};

}  // namespace vane
