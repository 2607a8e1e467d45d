// SPDX-License-Identifier: Apache-2.0
#pragma once
// Writes OpenVINO IR files for tests.

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace vane {

class OpenVinoFile {
 public:
  /// A constant that holds `value` (float32); returns its id.
  int constant(const std::string& name, const at::Tensor& value) {
    const at::Tensor dense = value.contiguous();
    std::string shape;
    for (const int64_t side : dense.sizes()) {
      shape += (shape.empty() ? "" : ", ") + std::to_string(side);
    }
    const int id = next_++;
    layers_ += fmt::format(
        "<layer id=\"{}\" name=\"{}\" type=\"Const\" version=\"opset1\">"
        "<data element_type=\"f32\" shape=\"{}\" offset=\"{}\" size=\"{}\"/>"
        "<output><port id=\"0\"/></output></layer>\n",
        id, name, shape, bytes_.size(), dense.nbytes());
    bytes_.append(static_cast<const char*>(dense.const_data_ptr()), dense.nbytes());
    return id;
  }
  /// A layer that is fed by `inputs`, in order.
  int layer(const std::string& type, const std::vector<int>& inputs) {
    const int id = next_++;
    layers_ +=
        fmt::format("<layer id=\"{}\" name=\"{}_{}\" type=\"{}\"><input>", id, type, id, type);
    for (size_t i = 0; i < inputs.size(); ++i) {
      layers_ += fmt::format("<port id=\"{}\"/>", i);
      edges_ +=
          fmt::format("<edge from-layer=\"{}\" from-port=\"0\" to-layer=\"{}\" to-port=\"{}\"/>\n",
                      inputs[i], id, i);
    }
    layers_ += "</input></layer>\n";
    return id;
  }
  std::string xml() const {
    return "<?xml version=\"1.0\"?>\n<net name=\"N\" version=\"10\"><layers>\n" + layers_ +
           "</layers><edges>\n" + edges_ + "</edges></net>\n";
  }
  const std::string& bytes() const { return bytes_; }
  void write(const std::filesystem::path& stem) const {
    std::ofstream(stem.string() + ".xml") << xml();
    std::ofstream(stem.string() + ".bin", std::ios::binary) << bytes_;
  }

 private:
  int next_ = 0;
  std::string layers_, edges_, bytes_;
};

}  // namespace vane
