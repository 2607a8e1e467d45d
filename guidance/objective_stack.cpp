// SPDX-License-Identifier: Apache-2.0
#include "guidance/objective_stack.h"

#include "engine/base/error.h"

namespace vane {

void ObjectiveStack::add(std::string name, std::unique_ptr<Objective> objective, float weight) {
  if (!objective) throw Error(ErrorCode::internal, "objective '" + name + "' is missing");
  if (!std::isfinite(weight)) {
    throw Error(ErrorCode::usage, "the weight of objective '" + name + "' is not a number");
  }
  for (const Entry& entry : entries_) {
    if (entry.name == name) {
      throw Error(ErrorCode::usage, "two objectives are named '" + name + "'");
    }
  }
  entries_.push_back({std::move(name), std::move(objective), weight});
}

Score ObjectiveStack::evaluate(const Evaluation& evaluation) {
  Score sum;
  for (const Entry& entry : entries_) {
    if (entry.weight == 0.f) continue;
    Score part;
    try {
      part = entry.objective->evaluate(evaluation);
    } catch (Error& error) {
      error.add_context("while evaluating objective '" + entry.name + "'");
      throw;
    }
    for (const Term& term : part.terms) {
      if (!std::isfinite(term.value.item<double>())) {
        throw Error(ErrorCode::numeric,
                    "objective term '" + entry.name + "' (" + term.name + ") is not finite");
      }
      sum.terms.push_back({part.terms.size() == 1 ? entry.name : entry.name + "." + term.name,
                           term.value, term.weight * entry.weight});
    }
    const Tensor weighted = part.total * entry.weight;
    sum.total = sum.total.defined() ? sum.total + weighted : weighted;
  }
  if (!sum.total.defined()) {
    throw Error(ErrorCode::usage, "no objective is left to follow")
        .with_hint("give at least one term a weight other than 0");
  }
  return sum;
}

bool ObjectiveStack::needs_source() const {
  for (const Entry& entry : entries_) {
    if (entry.weight != 0.f && entry.objective->needs_source()) return true;
  }
  return false;
}

}  // namespace vane
