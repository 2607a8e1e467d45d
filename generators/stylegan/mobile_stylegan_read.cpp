// SPDX-License-Identifier: Apache-2.0
// The exporter folded scales, noise strengths and demodulation into nameless constants, so weights
// are found by where they stand in the graph.
#include <fmt/format.h>

#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/tensor/weights.h"
#include "generators/stylegan/mobile_stylegan.h"
#include "generators/stylegan/openvino_graph.h"

namespace vane {

class MobileStyleGanReader {
 public:
  MobileStyleGanReader(const OpenVinoGraph& mapping, const OpenVinoGraph& synthesis)
      : mapping_(mapping), synthesis_(synthesis) {}

  MobileStyleGan read() {
    MobileStyleGan model;
    read_mapping(model);
    read_synthesis(model);
    check(model);
    model.make_style_table();
    model.content_hash_ = hex64(hash_);
    model.average_w_ = model.sampled_average();
    return model;
  }

 private:
  using Graph = const OpenVinoGraph&;

  Tensor tensor(Graph graph, int i, std::vector<int64_t> shape = {}) {
    const OpenVinoNode& node = graph.node(i);
    if (!node.is_constant()) throw graph.wrong(i, "stands where a constant should");
    if (node.constant.dtype != DType::f32 && node.constant.dtype != DType::f16) {
      throw graph.wrong(i, "should hold floating-point numbers");
    }
    Tensor value = tensor_from_record(TensorTable{}, node.constant).to(at::kFloat).clone();
    if (!at::isfinite(value).all().item<bool>()) {
      throw graph.wrong(i, "holds numbers that are not finite");
    }
    hash_ = splitmix64(hash_ ^ xxh64(node.constant.bytes));
    if (shape.empty()) return value;
    int64_t count = 1;
    for (const int64_t side : shape) count *= side;
    if (count != value.numel()) {
      throw graph.wrong(i, fmt::format("has {} numbers instead of {}", value.numel(), count));
    }
    return value.view(shape);
  }

  double number(Graph graph, int i) { return tensor(graph, i, {1}).item<double>(); }

  int named(const std::string& name) const {
    const int i = synthesis_.find("Const", name);
    if (i == -1) {
      throw Error(ErrorCode::checkpoint, "is not the synthesis network of a MobileStyleGAN")
          .in_file(synthesis_.path())
          .at_key(name);
    }
    return i;
  }

  /// Backwards from the result: gain, activation, bias, matrix; down to the normalisation of z.
  void read_mapping(MobileStyleGan& model) {
    int result = -1;
    for (int i = 0; i < mapping_.size(); ++i) {
      if (mapping_.node(i).type == "Result") result = i;
    }
    if (result == -1) {
      throw Error(ErrorCode::checkpoint, "has no result").in_file(mapping_.path());
    }
    int at = mapping_.input(result, 0, "Multiply");
    // The normalisation of z is a product too, but not of a constant.
    while (is_layer_end(at)) {
      MappingLayer layer;
      layer.gain = number(mapping_, mapping_.constant_input(at));
      const int activation = mapping_.input(at, other_port(at), "PReLU");
      layer.slope = number(mapping_, mapping_.constant_input(activation));
      const int add = mapping_.input(activation, 0, "Add");
      const int product = mapping_.input(add, 0, "MatMul");
      layer.weight = tensor(mapping_, mapping_.constant_input(product));
      if (layer.weight.dim() != 2) throw mapping_.wrong(product, "is not fed by a matrix");
      const int reshaped = mapping_.input(add, 1, "Reshape");
      layer.bias = tensor(mapping_, mapping_.input(reshaped, 0, "Const"), {layer.weight.size(0)});
      model.mapping_.insert(model.mapping_.begin(), std::move(layer));
      at = mapping_.other_input(product);
    }
    if (model.mapping_.empty()) throw mapping_.wrong(at, "ends no mapping network");
  }

  bool is_layer_end(int i) const {
    const OpenVinoNode& node = mapping_.node(i);
    if (node.type != "Multiply" || node.inputs.size() != 2) return false;
    for (const int from : node.inputs) {
      if (from != -1 && mapping_.node(from).type == "PReLU") return true;
    }
    return false;
  }
  size_t other_port(int i) const {
    return mapping_.node(i).inputs[0] == mapping_.constant_input(i) ? 1 : 0;
  }

  StyleAffine read_style(const std::string& prefix) {
    StyleAffine style;
    const int weight = named(prefix + "modulation.weight");
    style.weight = tensor(synthesis_, weight);
    if (style.weight.dim() != 2) throw synthesis_.wrong(weight, "is not a matrix");
    style.bias = tensor(synthesis_, named(prefix + "modulation.bias"), {style.weight.size(0)});
    const int product = synthesis_.consumer(weight, "MatMul");
    const int reshaped = synthesis_.consumer(synthesis_.consumer(product, "Add"), "Reshape");
    const int scaled = synthesis_.consumer(reshaped, "Multiply");
    for (const int from : synthesis_.node(scaled).inputs) {
      // Without a constant this is the product with the features already.
      if (from != -1 && synthesis_.node(from).is_constant()) style.scale = number(synthesis_, from);
    }
    return style;
  }

  StyledLayer read_layer(const std::string& prefix) {
    StyledLayer layer;
    layer.style = read_style(prefix + "conv.");
    const int bias = named(prefix + "bias");
    const int biased = synthesis_.consumer(bias, "Add");
    layer.bias = tensor(synthesis_, bias).flatten();
    const int activation = synthesis_.consumer(biased, "PReLU");
    layer.slope = number(synthesis_, synthesis_.constant_input(activation));
    const int noisy = synthesis_.other_input(biased);
    layer.noise = tensor(synthesis_, synthesis_.constant_input(noisy));
    const int convolution = synthesis_.other_input(noisy);
    if (synthesis_.node(convolution).type != "Convolution") {
      throw synthesis_.wrong(convolution, "stands where a Convolution should");
    }
    layer.weight = tensor(synthesis_, synthesis_.constant_input(convolution));
    const int before = synthesis_.other_input(convolution);
    if (synthesis_.node(before).type == "GroupConvolution") {
      layer.depthwise = tensor(synthesis_, synthesis_.constant_input(before),
                               {layer.style.weight.size(0), 1, 3, 3});
    }
    return layer;
  }

  void read_synthesis(MobileStyleGan& model) {
    model.input_ = tensor(synthesis_, named("m.input.input"));
    model.first_ = read_layer("m.conv1.");
    for (int k = 0; synthesis_.find("Const", fmt::format("m.layers.{}.conv1.bias", k)) != -1; ++k) {
      const std::string prefix = fmt::format("m.layers.{}.", k);
      model.blocks_.push_back({read_style(prefix + "up."), read_layer(prefix + "conv1."),
                               read_layer(prefix + "conv2.")});
    }
    named("m.layers.0.conv1.bias");  // at least one block
    const std::string head = fmt::format("m.layers.{}.to_img.", model.blocks_.size() - 1);
    model.head_.style = read_style(head + "conv.");
    model.head_.weight = tensor(synthesis_, named(head + "conv.weight"),
                                {12, model.head_.style.weight.size(0), 1, 1});
    model.head_.bias = tensor(synthesis_, named(head + "bias"), {12});
  }

  void require(bool holds, const std::string& what) const {
    if (holds) return;
    throw Error(ErrorCode::checkpoint, "sizes of its layers do not fit together")
        .in_file(synthesis_.path())
        .at_key(what);
  }

  void check_layer(const StyledLayer& layer, int64_t in, int64_t side, int64_t w,
                   const std::string& what) const {
    require(layer.style.weight.sizes() == at::IntArrayRef({in, w}), what + " style");
    const int64_t kernel = layer.depthwise.defined() ? 1 : 3;
    require(layer.weight.dim() == 4 && layer.weight.size(1) == in &&
                layer.weight.size(2) == kernel && layer.weight.size(3) == kernel,
            what + " weight");
    require(layer.bias.size(0) == layer.weight.size(0), what + " bias");
    require(layer.noise.sizes() == at::IntArrayRef({1, 1, side, side}), what + " noise");
  }

  void check(const MobileStyleGan& model) const {
    int64_t features = model.mapping_.front().weight.size(1);
    for (const MappingLayer& layer : model.mapping_) {
      if (layer.weight.size(1) != features) {
        throw Error(ErrorCode::checkpoint, "sizes of its layers do not fit together")
            .in_file(mapping_.path());
      }
      features = layer.weight.size(0);
    }
    require(model.blocks_.size() <= 12, "number of blocks");
    require(model.input_.dim() == 4 && model.input_.size(0) == 1 && model.input_.size(2) == 4 &&
                model.input_.size(3) == 4,
            "m.input.input");
    const int64_t w = features;
    check_layer(model.first_, model.input_.size(1), 4, w, "m.conv1");
    int64_t channels = model.first_.weight.size(0), side = 4;
    for (size_t k = 0; k < model.blocks_.size(); ++k) {
      const MobileBlock& block = model.blocks_[k];
      const std::string name = fmt::format("m.layers.{}", k);
      require(channels % 4 == 0 && block.up.weight.sizes() == at::IntArrayRef({channels, w}), name);
      require(block.first.depthwise.defined() && block.second.depthwise.defined(), name);
      side *= 2;
      check_layer(block.first, channels / 4, side, w, name + ".conv1");
      check_layer(block.second, block.first.weight.size(0), side, w, name + ".conv2");
      channels = block.second.weight.size(0);
    }
    require(model.head_.style.weight.sizes() == at::IntArrayRef({channels, w}), "to_img");
  }

  const OpenVinoGraph& mapping_;
  const OpenVinoGraph& synthesis_;
  uint64_t hash_ = 0;
};

MobileStyleGan MobileStyleGan::load(const std::filesystem::path& folder, const Limits& limits) {
  for (const char* name : {"MappingNetwork.xml", "SynthesisNetwork.xml"}) {
    if (!std::filesystem::exists(folder / name)) {
      throw Error(ErrorCode::input, "the face generator is not there")
          .in_file(folder / name)
          .with_hint("vane models get faces");
    }
  }
  const OpenVinoGraph mapping = OpenVinoGraph::open(folder / "MappingNetwork.xml", limits);
  const OpenVinoGraph synthesis = OpenVinoGraph::open(folder / "SynthesisNetwork.xml", limits);
  return MobileStyleGanReader(mapping, synthesis).read();
}

}  // namespace vane
