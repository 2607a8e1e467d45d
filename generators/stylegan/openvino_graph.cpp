// SPDX-License-Identifier: Apache-2.0
#include "generators/stylegan/openvino_graph.h"

#include <charconv>
#include <map>
#include <optional>
#include <pugixml.hpp>

#include "engine/base/text.h"

namespace vane {
namespace {

using Ids = std::map<int64_t, int>;

template <class T>
std::optional<T> parsed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  T value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "512, 1, 3, 3" -> its numbers; "" is the shape of a scalar.
std::optional<std::vector<int64_t>> parsed_shape(std::string_view text) {
  std::vector<int64_t> shape;
  while (!trimmed(std::string(text)).empty()) {
    const size_t comma = text.find(',');
    const auto side = parsed<int64_t>(text.substr(0, comma));
    if (!side || *side < 0 || shape.size() == 8) return std::nullopt;
    shape.push_back(*side);
    text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
  }
  return shape;
}

std::optional<DType> parsed_type(std::string_view name) {
  static const std::map<std::string_view, DType> types = {
      {"f64", DType::f64}, {"f32", DType::f32},        {"f16", DType::f16}, {"bf16", DType::bf16},
      {"i64", DType::i64}, {"i32", DType::i32},        {"i16", DType::i16}, {"i8", DType::i8},
      {"u8", DType::u8},   {"boolean", DType::boolean}};
  const auto found = types.find(name);
  if (found == types.end()) return std::nullopt;
  return found->second;
}

Error broken(const std::string& message, const std::string& layer) {
  return Error(ErrorCode::checkpoint, message).at_key(layer);
}

TensorRecord read_constant(const pugi::xml_node& data, const std::string& name,
                           std::span<const std::byte> bytes) {
  TensorRecord record;
  record.name = name;
  const auto type = parsed_type(data.attribute("element_type").value());
  const auto shape = parsed_shape(data.attribute("shape").value());
  const auto offset = parsed<uint64_t>(data.attribute("offset").value());
  const auto size = parsed<uint64_t>(data.attribute("size").value());
  if (!type) throw broken("has a constant of an unknown element type", name);
  if (!shape || !offset || !size) {
    throw broken("has a constant without a readable shape, offset and size", name);
  }
  record.dtype = *type;
  record.shape = *shape;
  uint64_t needed = dtype_bytes(*type);
  for (const int64_t side : *shape) {
    if (side != 0 && needed > bytes.size() / static_cast<uint64_t>(side)) {
      throw broken("has a constant larger than its .bin file", name);
    }
    needed *= static_cast<uint64_t>(side);
  }
  if (needed != *size) throw broken("has a constant whose size does not fit its shape", name);
  if (*offset > bytes.size() || *size > bytes.size() - *offset) {
    throw broken("has a constant that ends beyond its .bin file", name);
  }
  record.bytes = bytes.subspan(*offset, *size);
  record.strides.assign(record.shape.size(), 1);
  for (size_t i = record.shape.size(); i-- > 1;) {
    record.strides[i - 1] = record.strides[i] * record.shape[i];
  }
  return record;
}

int64_t id_of(const pugi::xml_node& element, const char* attribute) {
  const auto id = parsed<int64_t>(element.attribute(attribute).value());
  if (!id) throw broken("has no readable attribute " + std::string(attribute), element.name());
  return *id;
}

std::vector<OpenVinoNode> read_layers(const pugi::xml_node& net, std::span<const std::byte> bytes,
                                      const Limits& limits, Ids& ids,
                                      std::vector<std::map<int64_t, size_t>>& ports) {
  std::vector<OpenVinoNode> nodes;
  for (const pugi::xml_node& layer : net.child("layers").children("layer")) {
    OpenVinoNode node;
    node.type = layer.attribute("type").value();
    node.name = layer.attribute("name").value();
    if (nodes.size() >= limits.weights_tensors) {
      throw broken("has too many layers", node.name).with_hint("raise --limit weights.tensors");
    }
    if (!ids.emplace(id_of(layer, "id"), static_cast<int>(nodes.size())).second) {
      throw broken("has two layers of one id", node.name);
    }
    if (node.is_constant()) node.constant = read_constant(layer.child("data"), node.name, bytes);
    ports.emplace_back();
    for (const pugi::xml_node& port : layer.child("input").children("port")) {
      ports.back().emplace(id_of(port, "id"), ports.back().size());
    }
    node.inputs.assign(ports.back().size(), -1);
    nodes.push_back(std::move(node));
  }
  return nodes;
}

void read_edges(const pugi::xml_node& net, const Ids& ids,
                const std::vector<std::map<int64_t, size_t>>& ports,
                std::vector<OpenVinoNode>& nodes) {
  for (const pugi::xml_node& edge : net.child("edges").children("edge")) {
    const auto from = ids.find(id_of(edge, "from-layer"));
    const auto to = ids.find(id_of(edge, "to-layer"));
    if (from == ids.end() || to == ids.end())
      throw broken("joins a layer that is not there", "edge");
    OpenVinoNode& target = nodes[static_cast<size_t>(to->second)];
    const auto& known = ports[static_cast<size_t>(to->second)];
    const auto port = known.find(id_of(edge, "to-port"));
    if (port == known.end()) throw broken("has an edge to a port that is not there", target.name);
    if (target.inputs[port->second] != -1) {
      throw broken("has two edges to one port", target.name);
    }
    target.inputs[port->second] = from->second;
    nodes[static_cast<size_t>(from->second)].consumers.push_back(to->second);
  }
}

}  // namespace

OpenVinoGraph OpenVinoGraph::open(const std::filesystem::path& xml, const Limits& limits) {
  constexpr int kCode = static_cast<int>(ErrorCode::checkpoint);
  const auto text = MappedFile::open(xml, limits.weights_header_bytes, kCode);
  auto bin = xml;
  bin.replace_extension(".bin");
  OpenVinoGraph graph;
  graph.path_ = xml;
  graph.bytes_ = MappedFile::open(bin, limits.weights_file_bytes, kCode);
  try {
    pugi::xml_document document;
    const pugi::xml_parse_result result =
        document.load_buffer(text->view().data(), text->view().size());
    if (!result) {
      throw Error(ErrorCode::checkpoint, std::string("is not XML: ") + result.description())
          .at_byte(static_cast<uint64_t>(result.offset));
    }
    const pugi::xml_node net = document.child("net");
    if (!net.child("layers")) {
      throw Error(ErrorCode::checkpoint, "is not an OpenVINO graph: it has no net with layers");
    }
    Ids ids;
    std::vector<std::map<int64_t, size_t>> ports;
    graph.nodes_ = read_layers(net, graph.bytes_->view(), limits, ids, ports);
    read_edges(net, ids, ports, graph.nodes_);
  } catch (Error& error) {
    error.set_file_if_empty(xml);
    throw;
  }
  return graph;
}

int OpenVinoGraph::find(std::string_view type, std::string_view name) const {
  for (int i = 0; i < size(); ++i) {
    if (node(i).type == type && node(i).name == name) return i;
  }
  return -1;
}

int OpenVinoGraph::consumer(int i, std::string_view type) const {
  int found = -1;
  for (const int candidate : node(i).consumers) {
    if (node(candidate).type != type) continue;
    if (found != -1) throw wrong(i, "feeds more than one " + std::string(type));
    found = candidate;
  }
  if (found == -1) throw wrong(i, "feeds no " + std::string(type));
  return found;
}

int OpenVinoGraph::input(int i, size_t port, std::string_view type) const {
  const OpenVinoNode& here = node(i);
  const int from = port < here.inputs.size() ? here.inputs[port] : -1;
  if (from == -1 || node(from).type != type) {
    throw wrong(i, "is not fed by a " + std::string(type) + " at input " + std::to_string(port));
  }
  return from;
}

int OpenVinoGraph::constant_input(int i) const {
  const std::vector<int>& inputs = node(i).inputs;
  int found = -1, count = 0;
  for (const int from : inputs) {
    if (from == -1 || !node(from).is_constant()) continue;
    found = from;
    ++count;
  }
  if (inputs.size() != 2 || count != 1) throw wrong(i, "is not fed by one constant and one layer");
  return found;
}

int OpenVinoGraph::other_input(int i) const {
  const int constant = constant_input(i);
  const std::vector<int>& inputs = node(i).inputs;
  const int other = inputs[0] == constant ? inputs[1] : inputs[0];
  if (other == -1) throw wrong(i, "has an input that nothing feeds");
  return other;
}

Error OpenVinoGraph::wrong(int i, const std::string& message) const {
  return Error(ErrorCode::checkpoint, node(i).type + " " + message)
      .at_key(node(i).name)
      .in_file(path_);
}

}  // namespace vane
