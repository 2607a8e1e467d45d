// SPDX-License-Identifier: Apache-2.0
#pragma once
// The edits of one photograph in their order. Values: every change gives another stack, which
// shares the edits that it did not touch.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "editing/document/edit.h"

namespace vane {

class EditStack {
 public:
  using Entry = std::shared_ptr<const Edit>;

  const std::vector<Entry>& edits() const { return edits_; }
  size_t size() const { return edits_.size(); }
  bool empty() const { return edits_.empty(); }
  /// Null when there is no such edit.
  const Edit* find(int64_t id) const;
  /// Larger than every number that was ever given in this stack's past.
  int64_t next_id() const { return next_id_; }

  /// The edit at the end, with a number of its own.
  EditStack with_added(Edit edit) const;
  /// The edit of the same number takes the place of the old one. Throws Error{internal} when there
  /// is none.
  EditStack with_changed(Edit edit) const;
  /// Without it; edits that it was the mask of have none.
  EditStack without(int64_t id) const;
  /// Moved to position `to` (the end when that is beyond it).
  EditStack moved(int64_t id, size_t to) const;

  /// Of all that decides about the picture and of the order. Equal for equal stacks.
  uint64_t hash() const;

 private:
  friend class EditStackBuilder;
  std::vector<Entry> edits_;
  int64_t next_id_ = 1;
};

/// For readers of files. Throws Error{config} for a number that is taken or below 1.
class EditStackBuilder {
 public:
  void add(Edit edit);
  void set_next_id(int64_t next);
  EditStack take() { return std::move(stack_); }

 private:
  EditStack stack_;
};

}  // namespace vane
