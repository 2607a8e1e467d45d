// SPDX-License-Identifier: Apache-2.0
#pragma once
// A video of `vane enhance` from file to file, its light steady from frame to frame.

#include "editing/photo_batch.h"
#include "editing/services/enhance.h"

namespace vane {

class RelightMethod;

/// Throws Error{usage} when the request asks for what a video cannot have (another method, a mask,
/// previews, a depth), or the output is no video; before it is opened.
void check_video(const EnhanceRequest& request, const PhotoTask& task);

/// Reads the video twice: first for its shots and one strength for each (the median of what a few
/// of its frames need), then to add the light, which is a moving mean over the frames of a shot
/// (steady_planes.h). Only a few frames are in memory. A video that needs nothing is copied, sound
/// and all, where the name of the output ends alike. Fills in `file` with its status; `job` counts
/// frames, `frame_job` is told when to stop within one.
/// The sound comes along where there is a program ffmpeg (sound.h).
/// Frames that come at uneven times keep them, to within one of the constant rate that is written:
/// the frame before a gap is held. Of odd sides the last column or row is left out.
/// Throws: what VideoReader throws, Error{input} for a file that changes meanwhile, CannotWrite
/// (enhance_one.h), Cancelled; then no output is there.
void enhance_video(const EnhanceRequest& request, const RelightMethod& method,
                   const PhotoTask& task, EnhancedFile& file, Job& job, Job& frame_job);

}  // namespace vane
