// SPDX-License-Identifier: Apache-2.0
#pragma once
// The faces of a photograph as commands ask for them: by --face, with a word to the person about
// what is doubtful.

#include <filesystem>
#include <string>

#include "editing/faces/face_choice.h"
#include "engine/base/job.h"
#include "engine/image/image.h"

namespace vane {

/// "largest", a number from 1 on, or with `may_be_all` "all". Throws Error{usage} for anything
/// else.
FaceChoice parse_face_choice(const std::string& face, bool may_be_all);

/// What detectors look at: 8-bit sRGB of the photograph's size.
Image seen_by_detectors(const Image& photo);

/// Warnings, also that a face looks drawn, go to the job with the name of the file. Throws
/// Error{input} naming it when there is no face or none that can be used.
ChosenFaces find_faces(FaceLandmarkFinder& finder, const Image& photo,
                       const std::filesystem::path& path, const FaceChoice& choice, Job& job);

}  // namespace vane
