// SPDX-License-Identifier: Apache-2.0
#include "engine/image/colour_model.h"

#include <lcms2.h>

#include <algorithm>
#include <memory>

#include "engine/image/metadata.h"

namespace vane {
namespace {

struct CloseProfile {
  void operator()(void* profile) const { cmsCloseProfile(profile); }
};
struct DeleteTransform {
  void operator()(void* transform) const { cmsDeleteTransform(transform); }
};
struct DeleteContext {
  void operator()(cmsContext context) const { cmsDeleteContext(context); }
};

/// False when the profile cannot be used.
bool convert_by_profile(std::span<const uint8_t> cmyk, size_t pixels, std::span<const uint8_t> icc,
                        std::vector<uint8_t>& rgb) {
  if (icc_channels(icc) != 4 || icc.size() > UINT32_MAX) return false;
  // A context of its own keeps threads apart.
  const std::unique_ptr<std::remove_pointer_t<cmsContext>, DeleteContext> context(
      cmsCreateContext(nullptr, nullptr));
  const std::unique_ptr<void, CloseProfile> from(cmsOpenProfileFromMemTHR(
      context.get(), icc.data(), static_cast<cmsUInt32Number>(icc.size())));
  const std::unique_ptr<void, CloseProfile> to(cmsCreate_sRGBProfileTHR(context.get()));
  if (!from || !to) return false;
  const std::unique_ptr<void, DeleteTransform> transform(
      cmsCreateTransformTHR(context.get(), from.get(), TYPE_CMYK_8, to.get(), TYPE_RGB_8,
                            INTENT_PERCEPTUAL, cmsFLAGS_BLACKPOINTCOMPENSATION));
  if (!transform) return false;
  constexpr size_t kBlock = 1 << 20;  // the count of one call is 32 bits
  for (size_t i = 0; i < pixels; i += kBlock) {
    cmsDoTransform(transform.get(), cmyk.data() + 4 * i, rgb.data() + 3 * i,
                   static_cast<cmsUInt32Number>(std::min(kBlock, pixels - i)));
  }
  return true;
}

}  // namespace

std::vector<uint8_t> cmyk_to_rgb(std::span<const uint8_t> cmyk, size_t pixels,
                                 std::span<const uint8_t> icc) {
  std::vector<uint8_t> rgb(pixels * 3);
  if (convert_by_profile(cmyk, pixels, icc, rgb)) return rgb;
  for (size_t i = 0; i < pixels; ++i) {
    const uint32_t white = 255u - cmyk[4 * i + 3];
    for (size_t c = 0; c < 3; ++c) {
      rgb[3 * i + c] = static_cast<uint8_t>(((255u - cmyk[4 * i + c]) * white + 127u) / 255u);
    }
  }
  return rgb;
}

}  // namespace vane
