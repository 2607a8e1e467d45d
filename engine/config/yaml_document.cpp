// SPDX-License-Identifier: Apache-2.0
#include "engine/config/yaml_document.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/config/field_node.h"

namespace vane {
namespace {

constexpr uint64_t kMaxAliases = 10'000;

// Builds the tree from the parser's events, so that every bound is checked before memory is spent.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& name, const Limits& limits) : name_(name), limits_(limits) {}

  std::shared_ptr<const YamlNode> root() const { return root_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto node = make(mark, YamlNode::Kind::null);
    // Nothing has no place of its own; messages point at its key.
    if (!stack_.empty() && stack_.back().key) {
      node->line = stack_.back().key->line;
      node->column = stack_.back().key->column;
    }
    remember(anchor, node);
    attach(std::move(node), mark);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (++aliases_ > kMaxAliases) fail(mark, fmt::format("more than {} aliases", kMaxAliases));
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) fail(mark, "an alias of something that contains it");
    attach(found->second, mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    auto node = make(mark, YamlNode::Kind::scalar);
    node->text = value;
    node->plain = tag != "!" && tag != "tag:yaml.org,2002:str";
    if (node->plain && has_leading_zero(value)) {
      const auto digits = value.find_first_not_of("+-0");
      fail(mark, "the number " + value + " has a leading zero",
           fmt::format("write {} or '{}'", digits == std::string::npos ? "0" : value.substr(digits),
                       value));
    }
    remember(anchor, node);
    attach(std::move(node), mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::sequence);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::map);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct OpenContainer {
    std::shared_ptr<YamlNode> node;
    YAML::anchor_t anchor;
    YAML::Mark mark;
    std::optional<YamlEntry> key;
    std::unordered_map<std::string, int> key_lines{};
  };

  [[noreturn]] void fail(const YAML::Mark& mark, std::string message, std::string hint = {}) const {
    throw Error(ErrorCode::config, std::move(message))
        .in_file(name_)
        .at_line(mark.line + 1, mark.column + 1)
        .with_hint(std::move(hint));
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    static const std::array<std::string, 10> kKnown = {"",
                                                       "?",
                                                       "!",
                                                       "tag:yaml.org,2002:str",
                                                       "tag:yaml.org,2002:int",
                                                       "tag:yaml.org,2002:float",
                                                       "tag:yaml.org,2002:bool",
                                                       "tag:yaml.org,2002:null",
                                                       "tag:yaml.org,2002:seq",
                                                       "tag:yaml.org,2002:map"};
    if (std::find(kKnown.begin(), kKnown.end(), tag) == kKnown.end()) {
      fail(mark, "the tag " + tag + " is not allowed", "a configuration holds plain values only");
    }
  }

  static bool has_leading_zero(std::string_view text) {
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
    return text.size() > 1 && text.front() == '0' &&
           text.find_first_not_of("0123456789_") == std::string_view::npos;
  }

  std::shared_ptr<YamlNode> make(const YAML::Mark& mark, YamlNode::Kind kind) const {
    auto node = std::make_shared<YamlNode>();
    node->kind = kind;
    node->line = mark.line + 1;
    node->column = mark.column + 1;
    return node;
  }

  void remember(YAML::anchor_t anchor, const std::shared_ptr<const YamlNode>& node) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YamlNode::Kind kind) {
    check_tag(mark, tag);
    if (!stack_.empty() && stack_.back().node->kind == YamlNode::Kind::map && !stack_.back().key) {
      fail(mark, "a key must be plain text");
    }
    if (stack_.size() >= limits_.yaml_depth) {
      fail(mark, fmt::format("nested deeper than {} levels", limits_.yaml_depth),
           "raise --limit yaml.depth=N if this is meant");
    }
    stack_.push_back({make(mark, kind), anchor, mark, {}});
  }

  // The anchor becomes known only here, so an alias inside its own anchor finds nothing.
  void close() {
    OpenContainer done = std::move(stack_.back());
    stack_.pop_back();
    remember(done.anchor, done.node);
    attach(std::move(done.node), done.mark);
  }

  void attach(std::shared_ptr<const YamlNode> node, const YAML::Mark& mark) {
    if (stack_.size() + node->height > limits_.yaml_depth + 1) {
      fail(mark, fmt::format("nested deeper than {} levels", limits_.yaml_depth),
           "raise --limit yaml.depth=N if this is meant");
    }
    if (node->expanded > limits_.yaml_nodes) too_many(mark);
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    OpenContainer& top = stack_.back();
    if (top.node->kind == YamlNode::Kind::map && !top.key) {
      take_key(top, *node, mark);
      return;
    }
    top.node->expanded += node->expanded;
    top.node->height = std::max(top.node->height, node->height + 1);
    if (top.node->expanded > limits_.yaml_nodes) too_many(mark);
    if (top.node->kind == YamlNode::Kind::sequence) {
      top.node->items.push_back(std::move(node));
    } else {
      top.key->value = std::move(node);
      top.node->entries.push_back(std::move(*top.key));
      top.key.reset();
    }
  }

  [[noreturn]] void too_many(const YAML::Mark& mark) const {
    fail(mark, fmt::format("more than {} values with every alias written out", limits_.yaml_nodes),
         "raise --limit yaml.nodes=N if this is meant");
  }

  void take_key(OpenContainer& top, const YamlNode& node, const YAML::Mark& mark) const {
    if (node.kind != YamlNode::Kind::scalar) fail(mark, "a key must be plain text");
    if (node.plain && node.text == "<<") {
      fail(mark, "merge keys (<<) are not supported", "repeat the keys");
    }
    const auto [first, inserted] = top.key_lines.emplace(dashed(node.text), mark.line + 1);
    if (!inserted) {
      fail(mark, fmt::format("the key \"{}\" is given twice, first in line {}",
                             printable(node.text), first->second));
    }
    top.key = YamlEntry{node.text, mark.line + 1, mark.column + 1, nullptr};
  }

  const std::string& name_;
  const Limits& limits_;
  std::vector<OpenContainer> stack_;
  std::unordered_map<YAML::anchor_t, std::shared_ptr<const YamlNode>> anchors_;
  std::shared_ptr<const YamlNode> root_;
  uint64_t aliases_ = 0;
};

void check_utf8(std::string_view text, const std::string& name) {
  if (is_utf8(text)) return;
  int line = 1;
  while (true) {
    const size_t end = text.find('\n');
    const std::string_view row = text.substr(0, end);
    if (!is_utf8(row) || end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
    ++line;
  }
  throw Error(ErrorCode::config, "the text is not UTF-8")
      .in_file(name)
      .at_line(line, 1)
      .with_hint("save it as UTF-8");
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  const std::string wanted = dashed(key);
  for (const YamlEntry& entry : entries) {
    if (dashed(entry.key) == wanted) return entry.value.get();
  }
  return nullptr;
}

std::shared_ptr<const YamlNode> parse_yaml(std::string_view text, const std::string& name,
                                           const Limits& limits) {
  if (text.size() > limits.yaml_bytes) {
    throw Error(ErrorCode::config, "is larger than " + byte_size_text(limits.yaml_bytes))
        .in_file(name)
        .with_hint("raise --limit yaml.bytes=SIZE if this is meant");
  }
  check_utf8(text, name);
  TreeBuilder builder(name, limits);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder) || !builder.root()) {
      return std::make_shared<YamlNode>();
    }
    auto root = builder.root();
    if (parser.HandleNextDocument(builder)) {
      throw Error(ErrorCode::config, "holds more than one document (---)").in_file(name);
    }
    return root;
  } catch (const YAML::Exception& problem) {
    throw Error(ErrorCode::config, problem.msg)
        .in_file(name)
        .at_line(problem.mark.line + 1, problem.mark.column + 1);
  }
}

std::shared_ptr<const YamlNode> parse_yaml_file(const std::filesystem::path& path,
                                                const Limits& limits) {
  // Size is the parser's to judge: its message names the limit.
  const auto file = MappedFile::open(path, UINT64_MAX, static_cast<int>(ErrorCode::input));
  const auto bytes = file->view();
  return parse_yaml({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string(),
                    limits);
}

}  // namespace vane
