// SPDX-License-Identifier: Apache-2.0
#include "editing/faces/recognition_weights.h"

#include <algorithm>
#include <memory>

#include "editing/faces/recognition_network.h"

namespace vane {
namespace {

/// `count` numbers of the shape's size from `first` on.
RecognitionArray array_of(std::string name, std::vector<int64_t> shape, const float* first) {
  int64_t count = 1;
  for (const int64_t side : shape) count *= side;
  return {std::move(name), std::move(shape), {first, first + count}};
}

/// Sees the layers from the embedding back to the picture.
class Collector {
 public:
  explicit Collector(std::vector<RecognitionArray>& arrays) : arrays_(arrays) {}

  template <class Layer>
  void operator()(size_t, Layer& layer) const {
    add(layer);
  }

 private:
  /// Those without weights.
  template <class Layer>
  void add(const Layer&) const {}

  template <long filters, long rows, long columns, int... steps>
  void add(const dlib::con_<filters, rows, columns, steps...>& layer) const {
    const dlib::tensor& all = layer.get_layer_params();
    const int64_t inputs = (int64_t(all.size()) - filters) / (filters * rows * columns);
    const float* values = all.host();
    arrays_.push_back(array_of("con.biases", {filters}, values + all.size() - filters));
    arrays_.push_back(array_of("con.filters", {filters, inputs, rows, columns}, values));
  }

  void add(const dlib::affine_& layer) const {
    const dlib::alias_tensor_const_instance gamma = layer.get_gamma(), beta = layer.get_beta();
    const auto size = static_cast<int64_t>(gamma.get().size());
    arrays_.push_back(array_of("affine.beta", {size}, beta.get().host()));
    arrays_.push_back(array_of("affine.gamma", {size}, gamma.get().host()));
  }

  template <unsigned long outputs, dlib::fc_bias_mode mode>
  void add(const dlib::fc_<outputs, mode>& layer) const {
    const dlib::tensor& all = layer.get_layer_params();
    const auto inputs = static_cast<int64_t>(all.size() / outputs);
    arrays_.push_back(array_of("fc.weights", {inputs, int64_t(outputs)}, all.host()));
  }

  std::vector<RecognitionArray>& arrays_;
};

}  // namespace

std::vector<RecognitionArray> read_recognition_weights(const std::filesystem::path& network) {
  const auto net = std::make_unique<recognition::Network>();
  recognition::read_network(network, *net);
  std::vector<RecognitionArray> arrays;
  dlib::visit_computational_layers(*net, Collector(arrays));
  const auto& input = net->input_layer();
  arrays.push_back(
      {"mean", {3}, {input.get_avg_red(), input.get_avg_green(), input.get_avg_blue()}});
  std::reverse(arrays.begin(), arrays.end());
  int convolutions = 0;
  for (RecognitionArray& array : arrays) {
    if (array.name == "con.filters") ++convolutions;
    const size_t dot = array.name.find('.');
    if (array.name.starts_with("con.") || array.name.starts_with("affine.")) {
      array.name.insert(dot, std::to_string(convolutions));
    }
  }
  return arrays;
}

}  // namespace vane
