// SPDX-License-Identifier: Apache-2.0
#include "enhance/network_method.h"

namespace vane {

Image NetworkMethod::enhance(const Image& source, const EnhanceControls& controls, Job& job,
                             EnhanceMeasures& measures) const {
  const EnhancePhotoOptions options{.strength = controls.strength,
                                    .mask = controls.mask,
                                    .tiles = {.memory_bytes = controls.memory_bytes}};
  return enhance_photo(network_, source, options, job, &measures);
}

int64_t NetworkMethod::parameter_count() const { return numbers_of(network_); }

}  // namespace vane
