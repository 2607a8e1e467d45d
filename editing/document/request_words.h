// SPDX-License-Identifier: Apache-2.0
#pragma once
// A request of a service in the words of the command line that asks for the same.

#include <string>
#include <vector>

#include "engine/config/field_node.h"

namespace vane {

/// Adds `field` as a flag with its value, unless it has the value of `standard`.
void add_flag_words(std::vector<std::string>& words, const Field& field, const Field& standard);

/// `words`, the command, and all of the request that differs from the defaults.
template <class Request>
std::vector<std::string> request_words(std::vector<std::string> words, Request request) {
  Request standard;
  const Fields fields = fields_of(request), defaults = fields_of(standard);
  // First, so that no list takes them.
  for (const Field& field : fields) {
    if (!field.options.positional) continue;
    if (field.node->kind() == FieldKind::list) {
      for (size_t i = 0; i < field.node->size(); ++i) {
        words.push_back(field.node->element(i)->text());
      }
    } else {
      words.push_back(field.node->text());
    }
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!fields[i].options.positional) add_flag_words(words, fields[i], defaults[i]);
  }
  if constexpr (requires { request.seed; }) {
    if (request.seed != 0) {
      words.push_back("--seed");
      words.push_back(std::to_string(request.seed));
    }
  }
  return words;
}

}  // namespace vane
