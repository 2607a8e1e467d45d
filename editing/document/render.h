// SPDX-License-Identifier: Apache-2.0
#pragma once
// Runs the commands of a document through the services.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "editing/document/commands.h"
#include "editing/services/service_door.h"

namespace vane {

/// What a search came to.
struct Found {
  /// Relative to the document's folder.
  std::filesystem::path file;
  /// The picture at full strength; of a mask: the mask.
  std::filesystem::path picture;
  /// One line for a person.
  std::string summary;
};

/// Runs steps in order and knows which of its pictures are still what they would be made again as.
/// Used from one thread at a time.
class DocumentRenderer {
 public:
  explicit DocumentRenderer(ServiceDoor& door) : door_(door) {}

  /// Every picture between them that did not change stays; the last step runs always when `whole`.
  /// Throws what the services throw; Cancelled.
  void run(const std::vector<Step>& steps, bool whole, Job& job);

  /// Writes the picture of the stack. Without a step the photograph is copied, or written anew
  /// where `output` has another format.
  void export_picture(const EditStack& stack, const DocumentPlaces& places,
                      const std::filesystem::path& output, Job& job);

  /// Runs the search of an edit of the stack on the picture that comes before it; a mask looks at
  /// the photograph itself.
  Found search(const EditStack& stack, const DocumentPlaces& places, int64_t id, Job& job);

 private:
  /// Of everything that decides about what a step writes.
  std::string key_of(const Step& step, const std::string& input_key) const;
  void call(const Step& step, Job& job);

  ServiceDoor& door_;
  std::map<std::filesystem::path, std::string> made_;
};

}  // namespace vane
