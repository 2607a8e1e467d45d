// SPDX-License-Identifier: Apache-2.0
#pragma once
// The sidecar of a photograph: its stack of edits as YAML that can be edited by hand.

#include <filesystem>
#include <optional>
#include <string>

#include "editing/document/edit_stack.h"
#include "engine/base/limits.h"

namespace vane {

/// Where the parts of a document lie.
struct DocumentPlaces {
  std::filesystem::path photo;
  /// PHOTO.vane.yaml
  std::filesystem::path sidecar;
  /// PHOTO.vane: what searches found, masks, intermediate pictures, the journal.
  std::filesystem::path folder;
};

/// Beside the photograph; where nothing can be written there, in
/// $XDG_DATA_HOME/vane/documents (~/.local/share without it), in a folder named after its path.
/// Paths are absolute. Creates nothing but that folder.
DocumentPlaces document_places(const std::filesystem::path& photo);

struct Document {
  /// Name of the photograph when it was written, and the hash of its bytes (XXH64); empty: unknown.
  std::string photo, photo_hash;
  /// A person's own words; kept.
  std::string notes;
  EditStack stack;
};

/// YAML of the edits alone: the same text for the same stack.
std::string stack_text(const EditStack& stack);
std::string document_text(const Document& document);
/// Throws Error{config} with line and column: unknown keys, wrong values, a newer version.
Document parse_document(const std::string& text, const std::string& name,
                        const Limits& limits = {});

/// A document on disk. Writes atomically and never over what another program wrote since.
class DocumentFile {
 public:
  explicit DocumentFile(std::filesystem::path path) : path_(std::move(path)) {}

  /// Nothing when there is no file. Throws Error{config}, Error{input}.
  std::optional<Document> load(const Limits& limits = {});
  /// Returns where it was written: the path, or, when the file there is not the one that was loaded
  /// or saved last, NAME.conflict-N.yaml beside it, which it stays with. Throws Error{resource}.
  std::filesystem::path save(const Document& document);
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::optional<std::string> known_;
};

}  // namespace vane
