// SPDX-License-Identifier: Apache-2.0
#pragma once
// Frames that come at uneven times, and where they go in a video of a constant rate.

#include <cstdint>
#include <optional>
#include <vector>

namespace vane {

/// The rate that a video is to be written at. Containers declare the mean rate, which is too slow
/// where most frames come faster than it (a telephone that pauses in the dark).
class FrameRate {
 public:
  explicit FrameRate(double declared) : declared_(declared) {}

  /// When the next frame is shown, in seconds; 0 where a file does not say.
  void add(double seconds);
  /// Frames a second: as declared, unless the median interval is shorter by a tenth.
  double rate() const;

 private:
  double declared_;
  std::vector<float> intervals_;
  std::optional<double> before_;
};

/// Numbers frames by the time that they are shown at: each comes after the one before, none is left
/// out, and gaps stay open. A lag of one frame is no gap, so that times that a container rounds are
/// none either; 10 s without a frame are a jump of the clock, and closed.
class FramePlaces {
 public:
  explicit FramePlaces(double rate) : rate_(rate) {}

  /// The place of the next frame, from 0 on; `seconds` as in FrameRate::add().
  int64_t next(double seconds);

 private:
  double rate_;
  std::optional<double> start_;  // the time of place 0
  int64_t next_ = 0;
};

}  // namespace vane
