// SPDX-License-Identifier: Apache-2.0
#pragma once
// The picture of a stack at the size of a screen, quickly: what did not change is kept.

#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "editing/document/document_file.h"
#include "editing/document/edit_stack.h"
#include "editing/services/preview.h"
#include "editing/services/service_door.h"

namespace vane {

struct PreviewPicture {
  SharedImage image;
  /// Stops that the last edit "enhance" added, row by row; empty without one.
  std::vector<float> stops;
  /// What that edit chose as strength; -1 without one.
  double chosen_strength = -1;
};

/// How many pictures are remembered: of states of the stack, and of files.
struct PreviewLimits {
  size_t kept = 12, files = 12;
};

/// Used from one thread.
class PreviewRenderer {
 public:
  explicit PreviewRenderer(ServiceDoor& door, PreviewLimits limits = {})
      : door_(door), limits_(limits) {}

  /// `source` is 8-bit RGB; `source_key` tells it from others. `map`: stops are wanted. Edits that
  /// were not searched for yet show nothing. Throws what the services throw; Cancelled.
  PreviewPicture render(const SharedImage& source, const std::string& source_key,
                        const EditStack& stack, const DocumentPlaces& places, bool map, Job& job);

 private:
  struct Kept {
    std::string key;
    PreviewPicture picture;
  };

  PreviewPicture applied(const PreviewPicture& input, const std::string& input_key,
                         const Edit& edit, const EditStack& stack, const DocumentPlaces& places,
                         bool map, Job& job);
  SharedImage mask_of(const Edit& edit, const EditStack& stack, const DocumentPlaces& places,
                      Job& job);
  SharedImage picture_file(const std::filesystem::path& path, int width, int height);
  const PreviewPicture* find(const std::string& key);
  void keep(const std::string& key, const PreviewPicture& picture);

  ServiceDoor& door_;
  PreviewLimits limits_;
  std::list<Kept> kept_;  // newest first
  std::map<std::string, std::shared_ptr<const void>> lights_;
  std::map<std::string, SharedImage> files_;
};

}  // namespace vane
