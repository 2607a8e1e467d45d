// SPDX-License-Identifier: Apache-2.0
#include "editing/services/faces.h"

#include <fmt/format.h>

#include "cli/command_table.h"
#include "editing/services/face_crops.h"
#include "engine/base/text.h"

namespace vane {

Command faces_dataset_command() {
  return {
      "faces dataset",
      "measured portraits to train from",
      {{"vane faces dataset -n 3000 -o faces/", "three thousand, continued when called again"},
       {"vane faces dataset --from faces/ -o measured/", "after an update that measures better"}},
      [](Invocation& call) {
        FacesDatasetRequest request;
        call.read(request);
        const auto result = call.compute<FacesDatasetResult>("faces dataset", request);
        return call.finish(
            {{"output", result.output}, {"faces", result.faces}, {"kept", result.kept}},
            fmt::format("{}  {} faces, {} of them from before\n", printable(result.output, 1000),
                        result.faces, result.kept));
      }};
}

Command faces_align_command() {
  return {
      "faces align",
      "upright crops of faces, as FFHQ and the encoders of StyleGAN have them",
      {{"vane faces align photo.jpg -o face.png", "the largest face, 1024 px"},
       {"vane faces align group.jpg --face all --size 256 -o face.png", "face-1.png and so on"}},
      [](Invocation& call) {
        FacesAlignRequest request;
        call.read(request);
        const auto result = call.compute<FacesAlignResult>("faces align", request);
        Json faces = Json::array();
        std::string text;
        for (const AlignedFace& face : result.faces) {
          faces.push_back({{"output", face.output},
                           {"face", face.number},
                           {"eye_distance", face.eye_distance},
                           {"quad", face.quad}});
          text += fmt::format("{}  face {}, {:.0f} px between the eyes\n",
                              printable(face.output, 1000), face.number, face.eye_distance);
        }
        return call.finish({{"faces", faces}}, text);
      }};
}

Command faces_paste_command() {
  return {"faces paste",
          "an edited crop back into its photograph",
          {{"vane faces paste photo.jpg edited.png -o out.jpg", "adds what differs from the crop"},
           {"vane faces paste photo.jpg edited.png --before reconstruction.png -o out.jpg",
            "adds what an edit changed of a reconstruction"},
           {"vane faces paste photo.jpg other.png --replace -o out.jpg", "another face instead"}},
          [](Invocation& call) {
            FacesPasteRequest request;
            call.read(request);
            const auto result = call.compute<FacesPasteResult>("faces paste", request);
            return call.finish(
                {{"output", result.output}, {"changed", result.changed}, {"quad", result.quad}},
                fmt::format("{}  {:.1f} % of the pixels changed\n", printable(result.output, 1000),
                            100 * result.changed));
          }};
}

Command faces_compare_command() {
  return {"faces compare",
          "whether faces are one person's: 1 the same, 0 a stranger",
          {{"vane faces compare portrait.jpg edited.jpg", ""}},
          [](Invocation& call) {
            FacesCompareRequest request;
            call.read(request);
            const auto result = call.compute<FacesCompareResult>("faces compare", request);
            Json faces = Json::array();
            std::string text;
            for (const ComparedFace& face : result.faces) {
              faces.push_back(
                  {{"file", face.file}, {"identity", face.identity}, {"distance", face.distance}});
              text += fmt::format("{:.3f}  {}\n", face.identity, printable(face.file, 1000));
            }
            if (result.faces.size() > 1) {
              text += fmt::format("mean distance of all pairs: {:.4f}\n", result.mean_distance);
            }
            return call.finish({{"reference", result.reference},
                                {"faces", faces},
                                {"mean_distance", result.mean_distance}},
                               text);
          }};
}

}  // namespace vane
