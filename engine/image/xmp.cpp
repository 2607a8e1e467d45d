// SPDX-License-Identifier: Apache-2.0
#include "engine/image/xmp.h"

#include <algorithm>
#include <pugixml.hpp>
#include <string_view>

namespace vane {

struct XmpPacket::Document {
  pugi::xml_document xml;
  pugi::xml_node rdf;  // rdf:RDF
};

namespace {

constexpr std::ptrdiff_t kMaxTags = 200'000;
constexpr int kMaxDepth = 200;
constexpr unsigned kParse = pugi::parse_full & ~unsigned{pugi::parse_declaration};

std::string_view local_name(std::string_view name) { return name.substr(name.find(':') + 1); }

template <class Node>
bool is_named(const Node& node, std::string_view name) {
  return local_name(node.name()) == name;
}

/// Prefix with its colon; empty without one.
std::string prefix_of(std::string_view name) {
  const size_t colon = name.find(':');
  return std::string(name.substr(0, colon == std::string_view::npos ? 0 : colon + 1));
}

/// Looks for rdf:RDF, and at how deep the tree is.
struct Survey final : pugi::xml_tree_walker {
  pugi::xml_node rdf;
  bool is_sound = true;
  bool for_each(pugi::xml_node& node) override {
    if (!rdf && node.type() == pugi::node_element && is_named(node, "RDF")) rdf = node;
    is_sound = depth() < kMaxDepth && node.type() != pugi::node_doctype;
    return is_sound;
  }
};

/// Removes attributes and elements below `node` that `unwanted` picks by name; how many.
template <class Unwanted>
int remove_below(pugi::xml_node node, const Unwanted& unwanted) {
  int removed = 0;
  for (pugi::xml_attribute attribute = node.first_attribute(); attribute;) {
    const pugi::xml_attribute next = attribute.next_attribute();
    if (unwanted(std::string_view(attribute.name()))) {
      removed += node.remove_attribute(attribute);
    }
    attribute = next;
  }
  for (pugi::xml_node child = node.first_child(); child;) {
    const pugi::xml_node next = child.next_sibling();
    if (child.type() == pugi::node_element && unwanted(std::string_view(child.name()))) {
      removed += node.remove_child(child);
    } else {
      removed += remove_below(child, unwanted);
    }
    child = next;
  }
  return removed;
}

void set_value(pugi::xml_node node, std::string_view name, const std::string& value) {
  for (pugi::xml_attribute attribute : node.attributes()) {
    if (is_named(attribute, name)) attribute.set_value(value.c_str());
  }
  for (pugi::xml_node child : node.children()) {
    if (is_named(child, name)) child.text().set(value.c_str());
  }
}

struct StringWriter final : pugi::xml_writer {
  std::vector<uint8_t> bytes;
  void write(const void* data, size_t size) override {
    const auto* begin = static_cast<const uint8_t*>(data);
    bytes.insert(bytes.end(), begin, begin + size);
  }
};

/// Declares in `target` the prefixes that are known at `node`.
void copy_prefixes(pugi::xml_node node, pugi::xml_node target) {
  for (; node; node = node.parent()) {
    for (const pugi::xml_attribute attribute : node.attributes()) {
      const std::string_view name = attribute.name();
      if (name.starts_with("xmlns:") && name != "xmlns:rdf" &&
          !target.attribute(attribute.name())) {
        target.append_copy(attribute);
      }
    }
  }
}

size_t size_of(pugi::xml_node node) {
  StringWriter writer;
  node.print(writer, "", pugi::format_raw);
  return writer.bytes.size();
}

}  // namespace

XmpPacket::XmpPacket() : document_(std::make_unique<Document>()) {
  // The wrapper of ISO 16684-1, 7.3: begin holds a byte order mark.
  static constexpr char kEmpty[] =
      "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>"
      "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">"
      "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"/>"
      "</x:xmpmeta><?xpacket end=\"w\"?>";
  document_->xml.load_buffer(kEmpty, sizeof kEmpty - 1, kParse, pugi::encoding_utf8);
  document_->rdf = document_->xml.child("x:xmpmeta").child("rdf:RDF");
}

XmpPacket::~XmpPacket() = default;
XmpPacket::XmpPacket(XmpPacket&&) noexcept = default;
XmpPacket& XmpPacket::operator=(XmpPacket&&) noexcept = default;

std::optional<XmpPacket> XmpPacket::parse(std::span<const uint8_t> text) {
  while (!text.empty() && text.back() == 0) text = text.first(text.size() - 1);
  if (std::count(text.begin(), text.end(), uint8_t{'<'}) > kMaxTags) return std::nullopt;
  XmpPacket packet;
  Document& document = *packet.document_;
  if (!document.xml.load_buffer(text.data(), text.size(), kParse)) return std::nullopt;
  Survey survey;
  document.xml.traverse(survey);
  if (!survey.is_sound || !survey.rdf) return std::nullopt;
  document.rdf = survey.rdf;
  return packet;
}

void XmpPacket::remove_gps() {
  remove_below(document_->rdf, [](std::string_view name) {
    return local_name(name).starts_with("GPS") && !name.starts_with("xmlns");
  });
}

bool XmpPacket::remove_gain_map() {
  return remove_below(document_->rdf, [](std::string_view name) {
           return name.starts_with("hdrgm:") || name.starts_with("HDRGainMap:") ||
                  name == "Container:Directory" || name == "GContainer:Directory";
         }) > 0;
}

void XmpPacket::set_size(int width, int height) {
  for (pugi::xml_node description : document_->rdf.children()) {
    for (const char* name : {"PixelXDimension", "ImageWidth"}) {
      set_value(description, name, std::to_string(width));
    }
    for (const char* name : {"PixelYDimension", "ImageLength"}) {
      set_value(description, name, std::to_string(height));
    }
  }
}

void XmpPacket::stamp(const XmpStamp& stamp) {
  constexpr const char* kEvents = "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#";
  const pugi::xml_node rdf = document_->rdf;
  const std::string prefix = prefix_of(rdf.name());
  pugi::xml_node history;
  for (pugi::xml_node description : rdf.children()) {
    for (pugi::xml_attribute attribute = description.first_attribute(); attribute;) {
      const pugi::xml_attribute next = attribute.next_attribute();
      if (is_named(attribute, "CreatorTool")) description.remove_attribute(attribute);
      attribute = next;
    }
    for (pugi::xml_node child = description.first_child(); child;) {
      const pugi::xml_node next = child.next_sibling();
      if (is_named(child, "CreatorTool")) description.remove_child(child);
      if (!history && is_named(child, "History")) history = child;
      child = next;
    }
  }
  pugi::xml_node own = document_->rdf.append_child((prefix + "Description").c_str());
  own.append_attribute((prefix + "about").c_str()) = "";
  own.append_attribute("xmlns:xmp") = "http://ns.adobe.com/xap/1.0/";
  own.append_child("xmp:CreatorTool").text().set(stamp.tool.c_str());
  if (!history) {
    own.append_attribute("xmlns:xmpMM") = "http://ns.adobe.com/xap/1.0/mm/";
    history = own.append_child("xmpMM:History");
  }
  pugi::xml_node sequence =
      history.find_child([](pugi::xml_node child) { return child.type() == pugi::node_element; });
  if (!sequence) sequence = history.append_child((prefix + "Seq").c_str());
  pugi::xml_node entry = sequence.append_child((prefix + "li").c_str());
  entry.append_attribute((prefix + "parseType").c_str()) = "Resource";
  entry.append_attribute("xmlns:stEvt") = kEvents;
  entry.append_child("stEvt:action").text().set("edited");
  entry.append_child("stEvt:softwareAgent").text().set(stamp.tool.c_str());
  entry.append_child("stEvt:parameters").text().set(stamp.parameters.c_str());
}

std::string XmpPacket::extended_guid() const {
  for (const pugi::xml_node description : document_->rdf.children()) {
    for (const pugi::xml_attribute attribute : description.attributes()) {
      if (is_named(attribute, "HasExtendedXMP")) return attribute.value();
    }
    for (const pugi::xml_node child : description.children()) {
      if (is_named(child, "HasExtendedXMP")) return child.text().get();
    }
  }
  return {};
}

void XmpPacket::remove_extended_guid() {
  remove_below(document_->rdf,
               [](std::string_view name) { return local_name(name) == "HasExtendedXMP"; });
}

void XmpPacket::set_extended_guid(const std::string& guid) {
  remove_extended_guid();
  const std::string prefix = prefix_of(document_->rdf.name());
  pugi::xml_node own = document_->rdf.append_child((prefix + "Description").c_str());
  own.append_attribute((prefix + "about").c_str()) = "";
  own.append_attribute("xmlns:xmpNote") = "http://ns.adobe.com/xmp/note/";
  own.append_attribute("xmpNote:HasExtendedXMP") = guid.c_str();
}

void XmpPacket::merge(const XmpPacket& other) {
  for (const pugi::xml_node description : other.document_->rdf.children()) {
    if (description.type() != pugi::node_element) continue;
    pugi::xml_node copy = document_->rdf.append_copy(description);
    copy_prefixes(other.document_->rdf, copy);
  }
}

std::optional<XmpPacket> XmpPacket::split(size_t max_bytes) {
  // Room for the note that names the other part.
  constexpr size_t kNoteBytes = 300;
  struct Property {
    size_t bytes;
    pugi::xml_node description, element;
    pugi::xml_attribute attribute;  // instead of the element
  };
  std::vector<Property> properties;
  for (const pugi::xml_node description : document_->rdf.children()) {
    for (const pugi::xml_attribute attribute : description.attributes()) {
      const std::string_view name = attribute.name();
      if (name.starts_with("xmlns") || local_name(name) == "about") continue;
      properties.push_back(
          {std::string_view(attribute.value()).size(), description, {}, attribute});
    }
    for (const pugi::xml_node element : description.children()) {
      if (element.type() == pugi::node_element) {
        properties.push_back({size_of(element), description, element, {}});
      }
    }
  }
  std::stable_sort(properties.begin(), properties.end(),
                   [](const Property& a, const Property& b) { return a.bytes > b.bytes; });
  size_t size = bytes().size() + kNoteBytes;
  XmpPacket extended;
  for (Property& property : properties) {
    if (size <= max_bytes) break;
    pugi::xml_node target = extended.document_->rdf.append_child("rdf:Description");
    target.append_attribute("rdf:about") = "";
    copy_prefixes(property.description, target);
    if (property.attribute) {
      target.append_copy(property.attribute);
      property.description.remove_attribute(property.attribute);
    } else {
      target.append_copy(property.element);
      property.description.remove_child(property.element);
    }
    size -= std::min(size, property.bytes);
  }
  if (bytes().size() + kNoteBytes > max_bytes) return std::nullopt;
  return extended;
}

std::vector<uint8_t> XmpPacket::bytes() const {
  StringWriter writer;
  document_->xml.save(writer, "", pugi::format_raw | pugi::format_no_declaration,
                      pugi::encoding_utf8);
  return std::move(writer.bytes);
}

}  // namespace vane
