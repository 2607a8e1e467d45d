// SPDX-License-Identifier: Apache-2.0
#include "editing/document/history.h"

#include "engine/base/error.h"

namespace vane {

History::History(EditStack first, std::string label) {
  states_.push_back({std::move(label), std::move(first)});
}

bool History::commit(std::string label, EditStack stack, const std::string& merge_key) {
  if (stack.hash() == current().hash()) return false;
  states_.resize(at_ + 1);
  if (!merge_key.empty() && merge_key == merge_key_ && at_ > 0) {
    merge(std::move(label), std::move(stack));
    return true;
  }
  states_.push_back({std::move(label), std::move(stack)});
  ++at_;
  merge_key_ = merge_key;
  return true;
}

void History::merge(std::string label, EditStack stack) {
  if (at_ == 0) throw Error(ErrorCode::internal, "the first state cannot be merged");
  states_.resize(at_ + 1);
  if (stack.hash() == states_[at_ - 1].stack.hash()) {
    states_.pop_back();
    --at_;
    merge_key_.clear();
    return;
  }
  states_.back() = {std::move(label), std::move(stack)};
}

void History::undo() {
  if (can_undo()) go_to(at_ - 1);
}

void History::redo() {
  if (can_redo()) go_to(at_ + 1);
}

void History::go_to(size_t position) {
  if (position >= states_.size()) throw Error(ErrorCode::internal, "there is no such state");
  at_ = position;
  merge_key_.clear();
}

}  // namespace vane
