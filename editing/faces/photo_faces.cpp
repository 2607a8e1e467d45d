// SPDX-License-Identifier: Apache-2.0
#include "editing/faces/photo_faces.h"

#include <fmt/format.h>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/image/resize.h"
#include "engine/image/srgb_view.h"

namespace vane {

FaceChoice parse_face_choice(const std::string& face, bool may_be_all) {
  FaceChoice choice;
  if (face == "largest") return choice;
  if (face == "all" && may_be_all) {
    choice.all = true;
    return choice;
  }
  const auto number = parse_integer(face);
  if (!number || *number < 1 || *number > 1000000) {
    throw Error(ErrorCode::usage, fmt::format("--face takes a number from 1 on{}, not '{}'",
                                              may_be_all ? ", `largest` or `all`" : " or `largest`",
                                              printable(face)));
  }
  choice.number = static_cast<int>(*number);
  return choice;
}

Image seen_by_detectors(const Image& photo) {
  if (SrgbView::of(photo)) return srgb_thumbnail(photo, std::max(photo.width, photo.height));
  return to_rgb8(photo);
}

ChosenFaces find_faces(FaceLandmarkFinder& finder, const Image& photo,
                       const std::filesystem::path& path, const FaceChoice& choice, Job& job) {
  job.progress(0, 0, "finding faces");
  try {
    // Numbers count all faces, so the small ones are wanted too.
    const auto found = finder.find_all(seen_by_detectors(photo), choice.all || choice.number > 0);
    job.check_cancelled();
    ChosenFaces chosen = choose_faces(found, choice);
    for (const ChosenFace& face : chosen.faces) {
      if (looks_drawn(photo, face.crop)) {
        chosen.warnings.push_back(fmt::format(
            "face {} looks drawn; generators and encoders of faces know photographs", face.number));
      }
    }
    for (const std::string& warning : chosen.warnings) {
      job.warn(fmt::format("{}: {}", path.string(), warning));
    }
    return chosen;
  } catch (Error& error) {
    error.set_file_if_empty(path);
    throw;
  }
}

}  // namespace vane
