// SPDX-License-Identifier: Apache-2.0
#include "enhance/enhance_method.h"

#include <algorithm>

#include "engine/base/error.h"
#include "enhance/classical/classical_method.h"
#include "enhance/network_method.h"
#include "enhance/relight_method.h"

namespace vane {
namespace {

/// What `vane train enhance` calls the weights of a published network.
constexpr const char* kNetworkFile = "enhancement_model.safetensors";
/// Methods that are the published network, trained in one way or another.
const std::vector<std::string> kNetworks{"rave", "clip-lit", "clip-lit-latent"};

}  // namespace

std::vector<std::string> enhance_method_names() {
  std::vector<std::string> names{"vane"};
  names.insert(names.end(), kNetworks.begin(), kNetworks.end());
  const std::vector<std::string>& classical = classical_method_names();
  names.insert(names.end(), classical.begin(), classical.end());
  return names;
}

std::string default_method(const std::filesystem::path& model) {
  if (model.empty()) return "vane";
  const bool is_folder = std::filesystem::is_directory(model);
  return is_folder && !std::filesystem::exists(model / kNetworkFile) ? "vane" : "rave";
}

std::unique_ptr<EnhanceMethod> make_enhance_method(const std::string& name,
                                                   const std::filesystem::path& model,
                                                   const Limits& limits) {
  if (name == "vane" && std::filesystem::is_regular_file(model)) {
    throw Error(ErrorCode::usage, "the method vane takes a folder of weights")
        .in_file(model)
        .with_hint("--method rave for weights of a CLIP-LIT or RAVE network");
  }
  if (name == "vane") return load_relight_method(model, limits);
  const std::vector<std::string>& classical = classical_method_names();
  if (std::find(classical.begin(), classical.end(), name) != classical.end()) {
    if (!model.empty()) {
      throw Error(ErrorCode::usage, "the method " + name + " has no weights").at_key("--model");
    }
    return std::make_unique<ClassicalMethod>(name);
  }
  if (std::find(kNetworks.begin(), kNetworks.end(), name) == kNetworks.end()) {
    throw Error(ErrorCode::usage, "there is no method " + name).at_key("--method");
  }
  if (model.empty()) {
    throw Error(ErrorCode::usage, "the method " + name + " needs --model")
        .with_hint("weights of a CLIP-LIT or RAVE network (.pth, .safetensors)");
  }
  const std::filesystem::path file =
      std::filesystem::is_directory(model) ? model / kNetworkFile : model;
  return std::make_unique<NetworkMethod>(load_enhancement_network(file, limits), file);
}

}  // namespace vane
