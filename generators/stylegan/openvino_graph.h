// SPDX-License-Identifier: Apache-2.0
#pragma once
// The graph of an OpenVINO IR (version 10 and 11): NAME.xml lists the layers, NAME.bin holds the
// constants. Only its structure and constants are read; nothing is executed. No torch.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/base/limits.h"
#include "engine/weights/tensor_table.h"

namespace vane {

/// One layer of the graph.
struct OpenVinoNode {
  std::string type, name;
  /// Index of the node that feeds each input port, by port order; -1 for an unconnected one.
  std::vector<int> inputs;
  /// Nodes that this one feeds, in file order.
  std::vector<int> consumers;
  /// Of a Const only: what it holds. Its bytes lie in the `.bin`.
  TensorRecord constant;
  bool is_constant() const { return type == "Const"; }
};

class OpenVinoGraph {
 public:
  /// Reads `xml` and the `.bin` beside it. Throws Error{checkpoint}: damaged XML, unknown or
  /// duplicate layers in the edges, a constant whose offset and size do not lie in the `.bin` or do
  /// not fit its shape, a file over the limits on weights.
  static OpenVinoGraph open(const std::filesystem::path& xml, const Limits& limits = {});

  int size() const { return static_cast<int>(nodes_.size()); }
  const OpenVinoNode& node(int i) const { return nodes_.at(static_cast<size_t>(i)); }
  const std::filesystem::path& path() const { return path_; }

  /// Node of this type and name; -1 when there is none.
  int find(std::string_view type, std::string_view name) const;
  /// The only consumer of this type; throws Error{checkpoint} naming `i` when there is another
  /// number of them.
  int consumer(int i, std::string_view type) const;
  /// The node that feeds input `port`; throws Error{checkpoint} when it is of another type.
  int input(int i, size_t port, std::string_view type) const;
  /// The constant among the two inputs, and the other input; throws Error{checkpoint} when there is
  /// not exactly one constant.
  int constant_input(int i) const;
  int other_input(int i) const;

  /// An Error{checkpoint} about node `i`.
  Error wrong(int i, const std::string& message) const;

 private:
  std::filesystem::path path_;
  std::shared_ptr<const ByteSource> bytes_;
  std::vector<OpenVinoNode> nodes_;
};

}  // namespace vane
