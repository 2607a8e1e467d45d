// SPDX-License-Identifier: Apache-2.0
#include "editing/document/edit_stack.h"

#include <algorithm>

#include "editing/document/document_file.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"

namespace vane {
namespace {

auto position(const std::vector<EditStack::Entry>& edits, int64_t id) {
  const auto at = std::find_if(edits.begin(), edits.end(),
                               [id](const EditStack::Entry& edit) { return edit->id == id; });
  if (at == edits.end()) {
    throw Error(ErrorCode::internal, "there is no edit " + std::to_string(id));
  }
  return at - edits.begin();
}

}  // namespace

const Edit* EditStack::find(int64_t id) const {
  for (const Entry& edit : edits_) {
    if (edit->id == id) return edit.get();
  }
  return nullptr;
}

EditStack EditStack::with_added(Edit edit) const {
  EditStack next = *this;
  edit.id = next.next_id_++;
  next.edits_.push_back(std::make_shared<const Edit>(std::move(edit)));
  return next;
}

EditStack EditStack::with_changed(Edit edit) const {
  EditStack next = *this;
  const auto at = position(edits_, edit.id);
  next.edits_[static_cast<size_t>(at)] = std::make_shared<const Edit>(std::move(edit));
  return next;
}

EditStack EditStack::without(int64_t id) const {
  EditStack next = *this;
  next.edits_.erase(next.edits_.begin() + position(edits_, id));
  const std::string name = "#" + std::to_string(id);
  for (Entry& entry : next.edits_) {
    if (entry->mask != name) continue;
    Edit edit = *entry;
    edit.mask.clear();
    entry = std::make_shared<const Edit>(std::move(edit));
  }
  return next;
}

EditStack EditStack::moved(int64_t id, size_t to) const {
  EditStack next = *this;
  const auto at = next.edits_.begin() + position(edits_, id);
  const Entry entry = *at;
  next.edits_.erase(at);
  const auto target = std::min(to, next.edits_.size());
  next.edits_.insert(next.edits_.begin() + static_cast<std::ptrdiff_t>(target), entry);
  return next;
}

uint64_t EditStack::hash() const { return xxh64(stack_text(*this)); }

void EditStackBuilder::add(Edit edit) {
  if (edit.id < 1 || stack_.find(edit.id)) {
    throw Error(ErrorCode::config,
                "the number " + std::to_string(edit.id) + " of an edit is taken, or below 1");
  }
  stack_.next_id_ = std::max(stack_.next_id_, edit.id + 1);
  stack_.edits_.push_back(std::make_shared<const Edit>(std::move(edit)));
}

void EditStackBuilder::set_next_id(int64_t next) {
  stack_.next_id_ = std::max(stack_.next_id_, next);
}

}  // namespace vane
