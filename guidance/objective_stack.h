// SPDX-License-Identifier: Apache-2.0
#pragma once
// Several weighted objectives as one.

#include <memory>
#include <string>
#include <vector>

#include "guidance/objective.h"

namespace vane {

/// Sum of weighted objectives. Terms of the score keep their unweighted values; a term's name is
/// the entry's name, or "ENTRY.TERM" when the entry has several.
class ObjectiveStack : public Objective {
 public:
  /// `name` must not be taken yet (Error{usage}).
  /// A weight may be negative but must be finite; weight 0 switches an entry off, unevaluated.
  void add(std::string name, std::unique_ptr<Objective> objective, float weight = 1.f);
  bool empty() const { return entries_.empty(); }

  /// Error{usage} when the stack is empty or every weight is 0. Error{numeric} names the entry.
  Score evaluate(const Evaluation& evaluation) override;
  bool needs_source() const override;

 private:
  struct Entry {
    std::string name;
    std::unique_ptr<Objective> objective;
    float weight;
  };
  std::vector<Entry> entries_;
};

}  // namespace vane
