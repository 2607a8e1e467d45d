// SPDX-License-Identifier: Apache-2.0
#pragma once
// A configuration struct seen without its C++ type: named fields of scalars, groups and lists.
// Every consumer (YAML, flags, schema, help, widgets) works on these nodes only.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/config/fields.h"
#include "engine/config/yaml_document.h"

namespace vane {

enum class FieldKind { boolean, integer, number, text, path, group, list, tree };

class FieldNode;

/// A declared field, bound to the object that it was collected from (which must outlive it).
struct Field {
  std::string name, doc;
  FieldOptions options;
  std::unique_ptr<FieldNode> node;
};
using Fields = std::vector<Field>;

/// One value. Functions that do not fit the kind throw Error{internal}.
class FieldNode {
 public:
  virtual ~FieldNode() = default;
  virtual FieldKind kind() const = 0;

  /// std::optional fields may be absent; everything else is always present.
  virtual bool is_optional() const { return false; }
  virtual bool present() const { return true; }
  virtual void clear();

  /// Scalars: reads `text`; returns what is wrong with it, or nothing when it was stored.
  virtual std::optional<std::string> assign(std::string_view text, const FieldOptions& options);
  /// Scalars: the value as text that assign() reads back; empty when absent.
  virtual std::string text() const;
  /// Groups: the fields inside; makes an absent optional group present.
  virtual Fields fields();
  /// Lists.
  virtual size_t size() const;
  virtual void resize(size_t size);
  virtual std::unique_ptr<FieldNode> element(size_t index);
  /// Trees: any YAML, kept as it is for a registry to read.
  virtual std::shared_ptr<const YamlNode>& tree();
};

/// Typed scalars from text and back, locale-free. The parsers return what is wrong, for example
/// `expected a whole number from 1 to 512, got "many"`.
using Complaint = std::optional<std::string>;
Complaint parse_field(std::string_view text, const FieldOptions& options, bool& value);
Complaint parse_field(std::string_view text, const FieldOptions& options, int& value);
Complaint parse_field(std::string_view text, const FieldOptions& options, int64_t& value);
Complaint parse_field(std::string_view text, const FieldOptions& options, uint64_t& value);
Complaint parse_field(std::string_view text, const FieldOptions& options, float& value);
Complaint parse_field(std::string_view text, const FieldOptions& options, double& value);
Complaint parse_field(std::string_view text, const FieldOptions& options, std::string& value);
Complaint parse_field(std::string_view text, const FieldOptions& options,
                      std::filesystem::path& value);
std::string field_text(bool value);
std::string field_text(int value);
std::string field_text(int64_t value);
std::string field_text(uint64_t value);
std::string field_text(float value);
std::string field_text(double value);
std::string field_text(const std::string& value);
std::string field_text(const std::filesystem::path& value);

/// `name` with every _ written as -: the spelling of flags, and what names are compared by.
std::string dashed(std::string_view name);
/// "a whole number from 1 to 512", "one of jpg, png": what a field accepts, for people.
std::string expectation(FieldKind kind, const FieldOptions& options);

namespace detail {

// Accepts any declaration; asks whether a type has fields().
struct FieldProbe {
  template <class M, class C>
  void field(const char*, M C::*, const char*, FieldOptions = {}) {}
};
template <class T>
concept HasFields = requires(FieldProbe& probe) {
  T::fields(probe);
};

template <class T>
constexpr FieldKind scalar_kind() {
  if constexpr (std::is_same_v<T, bool>) return FieldKind::boolean;
  if constexpr (std::is_integral_v<T>) return FieldKind::integer;
  if constexpr (std::is_floating_point_v<T>) return FieldKind::number;
  if constexpr (std::is_same_v<T, std::filesystem::path>) return FieldKind::path;
  return FieldKind::text;
}

template <class T>
std::unique_ptr<FieldNode> make_node(T& value);

template <class T>
class ScalarNode final : public FieldNode {
 public:
  explicit ScalarNode(T& value) : value_(value) {}
  FieldKind kind() const override { return scalar_kind<T>(); }
  std::optional<std::string> assign(std::string_view text, const FieldOptions& options) override {
    return parse_field(text, options, value_);
  }
  std::string text() const override { return field_text(value_); }

 private:
  T& value_;
};

template <class T>
class GroupNode final : public FieldNode {
 public:
  explicit GroupNode(T& value) : value_(value) {}
  FieldKind kind() const override { return FieldKind::group; }
  Fields fields() override;

 private:
  T& value_;
};

template <class T>
class ListNode final : public FieldNode {
 public:
  explicit ListNode(std::vector<T>& value) : value_(value) {}
  FieldKind kind() const override { return FieldKind::list; }
  size_t size() const override { return value_.size(); }
  void resize(size_t size) override { value_.resize(size); }
  std::unique_ptr<FieldNode> element(size_t index) override { return make_node(value_.at(index)); }

 private:
  std::vector<T>& value_;
};

template <class T>
class OptionalNode final : public FieldNode {
 public:
  explicit OptionalNode(std::optional<T>& value) : value_(value) {}
  FieldKind kind() const override {
    T sketch{};
    return make_node(sketch)->kind();
  }
  bool is_optional() const override { return true; }
  bool present() const override { return value_.has_value(); }
  void clear() override { value_.reset(); }
  std::optional<std::string> assign(std::string_view text, const FieldOptions& options) override {
    T parsed{};
    auto complaint = make_node(parsed)->assign(text, options);
    if (!complaint) value_ = std::move(parsed);
    return complaint;
  }
  std::string text() const override {
    if (!value_) return {};
    T copy = *value_;
    return make_node(copy)->text();
  }
  Fields fields() override { return inner()->fields(); }
  size_t size() const override {
    if (!value_) return 0;
    T copy = *value_;
    return make_node(copy)->size();
  }
  void resize(size_t size) override { inner()->resize(size); }
  std::unique_ptr<FieldNode> element(size_t index) override { return inner()->element(index); }

 private:
  std::unique_ptr<FieldNode> inner() {
    if (!value_) value_.emplace();
    return make_node(*value_);
  }
  std::optional<T>& value_;
};

class TreeNode final : public FieldNode {
 public:
  explicit TreeNode(std::shared_ptr<const YamlNode>& value) : value_(value) {}
  FieldKind kind() const override { return FieldKind::tree; }
  bool is_optional() const override { return true; }
  bool present() const override { return value_ != nullptr; }
  void clear() override { value_.reset(); }
  std::shared_ptr<const YamlNode>& tree() override { return value_; }

 private:
  std::shared_ptr<const YamlNode>& value_;
};

template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

template <class T>
std::unique_ptr<FieldNode> make_node(T& value) {
  if constexpr (HasFields<T>) {
    return std::make_unique<GroupNode<T>>(value);
  } else if constexpr (is_vector<T>::value) {
    return std::make_unique<ListNode<typename T::value_type>>(value);
  } else if constexpr (is_optional<T>::value) {
    return std::make_unique<OptionalNode<typename T::value_type>>(value);
  } else if constexpr (std::is_same_v<T, std::shared_ptr<const YamlNode>>) {
    return std::make_unique<TreeNode>(value);
  } else {
    return std::make_unique<ScalarNode<T>>(value);
  }
}

template <class T>
struct FieldCollector {
  T& object;
  Fields& out;
  template <class M, class C>
  void field(const char* name, M C::*member, const char* doc, FieldOptions options = {}) {
    out.push_back({name, doc, std::move(options), make_node(object.*member)});
  }
};

}  // namespace detail

/// The fields of `object` in order of declaration, bound to it.
template <class T>
Fields fields_of(T& object) {
  Fields out;
  detail::FieldCollector<T> collector{object, out};
  T::fields(collector);
  return out;
}

template <class T>
Fields detail::GroupNode<T>::fields() {
  return fields_of(value_);
}

}  // namespace vane
