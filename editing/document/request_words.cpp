// SPDX-License-Identifier: Apache-2.0
#include "editing/document/request_words.h"

#include "engine/base/text.h"

namespace vane {
namespace {

void add_value(std::vector<std::string>& words, const std::string& flag, const std::string& value) {
  // A value that looks like a flag has to be glued to its own.
  if (value.starts_with('-')) {
    words.push_back(flag + "=" + value);
  } else {
    words.push_back(flag);
    words.push_back(value);
  }
}

}  // namespace

void add_flag_words(std::vector<std::string>& words, const Field& field, const Field& standard) {
  FieldNode& node = *field.node;
  const std::string flag = field.options.short_flag == "o" ? "-o" : "--" + dashed(field.name);
  if (node.kind() == FieldKind::list) {
    for (size_t i = 0; i < node.size(); ++i) {
      const std::string value = node.element(i)->text();
      if (field.options.repeat || i == 0) {
        add_value(words, flag, value);
      } else {
        words.push_back(value);
      }
    }
    return;
  }
  if (node.present() == standard.node->present() && node.text() == standard.node->text()) return;
  if (node.kind() == FieldKind::boolean) {
    words.push_back((node.text() == "true" ? "--" : "--no-") + dashed(field.name));
  } else {
    add_value(words, flag, node.text());
  }
}

}  // namespace vane
