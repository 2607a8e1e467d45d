// SPDX-License-Identifier: Apache-2.0
#pragma once
// Recorded reference outputs, and small models whose weights follow from their names.

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "engine/clip/clip_layout.h"
#include "engine/clip/clip_load.h"
#include "engine/clip/clip_model.h"
#include "engine/tensor/weights.h"
#include "tests/support/named_values.h"

namespace vane {

inline std::filesystem::path fixture(const std::string& name) {
  return std::filesystem::path(VANE_TEST_DATA) / "clip" / "fixtures" / name;
}

/// A file of tensors with its metadata.
struct Recorded {
  TensorTable table;
  explicit Recorded(const std::string& name) : table(open_weights(fixture(name))) {}
  Tensor operator[](const std::string& key) const {
    return tensor_from_record(table, *table.find(key)).clone();
  }
};

/// The table of named tensors, as a reader would return it; keeps the tensors alive.
TensorTable table_of(std::map<std::string, Tensor> tensors);

/// A folder of this test that disappears with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void write_text(const std::filesystem::path& path, const std::string& text);

/// Configuration stored in the metadata of tests/clip/fixtures/NAME.safetensors.
ClipConfig recorded_config(const std::string& name);
/// The tensors of that model under their open_clip names, made from the names.
std::map<std::string, Tensor> named_tensors(const std::string& name);
ClipModel named_model(const std::string& name);
/// Tensors under open_clip's names as transformers names and lays them out.
std::map<std::string, Tensor> in_hugging_face_names(const std::map<std::string, Tensor>& tensors);
/// The model of hugging_face_config.json, loaded from a folder; its weights follow from the names
/// that transformers gives them.
std::unique_ptr<ClipEncoder> named_hugging_face_model();

/// End positions of the recorded ids: the first largest id of each row.
inline Tensor ends_of(const Tensor& ids) { return end_positions(ids, EndRule::argmax); }

}  // namespace vane
