// SPDX-License-Identifier: Apache-2.0
#pragma once
// Every state that the stack has had. Undo and redo are steps along them, without limit.

#include <cstddef>
#include <string>
#include <vector>

#include "editing/document/edit_stack.h"

namespace vane {

class History {
 public:
  struct State {
    /// What led to it: "Strength of Enhance light".
    std::string label;
    EditStack stack;
  };

  /// Begins with `first`, which cannot be undone.
  explicit History(EditStack first = {}, std::string label = "Opened");

  const EditStack& current() const { return states_[at_].stack; }
  const std::vector<State>& states() const { return states_; }
  size_t position() const { return at_; }
  bool can_undo() const { return at_ > 0; }
  bool can_redo() const { return at_ + 1 < states_.size(); }

  /// A new state after the current one; what could be redone is gone. States with the same
  /// `merge_key` that follow each other become one (the many steps of one drag); empty: never.
  /// False, and nothing happens, when the stack is the current one.
  bool commit(std::string label, EditStack stack, const std::string& merge_key = {});
  /// Takes the place of the current state, which is none when it leads back to the one before.
  /// Throws Error{internal} for the first.
  void merge(std::string label, EditStack stack);
  /// Ends a merge: the next commit is a state of its own.
  void end_merge() { merge_key_.clear(); }
  void undo();
  void redo();
  /// Any state. Throws Error{internal} for one that is not there.
  void go_to(size_t position);

 private:
  std::vector<State> states_;
  size_t at_ = 0;
  std::string merge_key_;
};

}  // namespace vane
