// SPDX-License-Identifier: Apache-2.0
#pragma once
// The published network of CLIP-LIT and RAVE as a method.

#include "enhance/enhance_method.h"
#include "generators/enhance/enhancement_network.h"

namespace vane {

/// enhance_photo() with the network, tile by tile within the memory that is allowed.
class NetworkMethod final : public EnhanceMethod {
 public:
  explicit NetworkMethod(EnhancementNetwork network, std::filesystem::path file = {})
      : network_(std::move(network)), file_(std::move(file)) {}

  Image enhance(const Image& source, const EnhanceControls& controls, Job& job,
                EnhanceMeasures& measures) const override;
  std::string content_hash() const override { return network_.content_hash; }
  std::filesystem::path weights_file() const override { return file_; }
  int64_t parameter_count() const override;

 private:
  EnhancementNetwork network_;
  std::filesystem::path file_;
};

}  // namespace vane
