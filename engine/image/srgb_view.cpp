// SPDX-License-Identifier: Apache-2.0
#include "engine/image/srgb_view.h"

#include <lcms2.h>

#include <algorithm>

#include "engine/image/metadata.h"
#include "engine/image/resize.h"

namespace vane {

/// A context of its own, and what lives in it.
struct SrgbView::Transform {
  cmsContext context = cmsCreateContext(nullptr, nullptr);
  cmsHTRANSFORM convert = nullptr;

  Transform() = default;
  Transform(const Transform&) = delete;
  Transform& operator=(const Transform&) = delete;
  ~Transform() {
    if (convert) cmsDeleteTransform(convert);
    if (context) cmsDeleteContext(context);
  }
};

SrgbView::SrgbView(std::shared_ptr<const Transform> transform) : transform_(std::move(transform)) {}

std::optional<SrgbView> SrgbView::of(const Image& image) {
  const std::vector<uint8_t>& icc = image.metadata.icc;
  const cmsUInt32Number colours = image.is_grey() ? 1 : 3;
  if (icc_channels(icc) != static_cast<int>(colours) || icc.size() > UINT32_MAX) return {};
  const auto transform = std::make_shared<Transform>();
  if (!transform->context) return {};
  const auto size = static_cast<cmsUInt32Number>(icc.size());
  const cmsHPROFILE from = cmsOpenProfileFromMemTHR(transform->context, icc.data(), size);
  const cmsHPROFILE to = cmsCreate_sRGBProfileTHR(transform->context);
  const cmsUInt32Number bytes = image.depth == 16 ? 2 : 1;
  const cmsUInt32Number format = COLORSPACE_SH(colours == 1 ? PT_GRAY : PT_RGB) |
                                 CHANNELS_SH(colours) | EXTRA_SH(image.has_alpha() ? 1u : 0u) |
                                 BYTES_SH(bytes);
  // Little CMS would turn curves of grey into a table too coarse for the darks.
  const cmsUInt32Number exact = colours == 1 ? cmsFLAGS_NOOPTIMIZE : 0;
  if (from && to) {
    transform->convert =
        cmsCreateTransformTHR(transform->context, from, format, to, TYPE_RGB_16, INTENT_PERCEPTUAL,
                              cmsFLAGS_BLACKPOINTCOMPENSATION | exact);
  }
  if (from) cmsCloseProfile(from);
  if (to) cmsCloseProfile(to);
  if (!transform->convert) return {};
  SrgbView view(transform);
  view.pixel_bytes_ = size_t{bytes} * static_cast<size_t>(image.channels);
  return view;
}

void SrgbView::convert(const void* samples, size_t pixels, uint16_t* rgb) const {
  constexpr size_t kBlock = 1 << 20;  // the count of one call is 32 bits
  const auto* bytes = static_cast<const uint8_t*>(samples);
  for (size_t i = 0; i < pixels; i += kBlock) {
    cmsDoTransform(transform_->convert, bytes + i * pixel_bytes_, rgb + 3 * i,
                   static_cast<cmsUInt32Number>(std::min(kBlock, pixels - i)));
  }
}

Image srgb_thumbnail(const Image& picture, int long_side) {
  Image small = thumbnail(picture, long_side);
  small.metadata.icc = picture.metadata.icc;
  const auto view = SrgbView::of(small);
  if (!view) return to_rgb8(std::move(small));
  Image out;
  out.width = small.width;
  out.height = small.height;
  out.u8.resize(out.sample_count());
  std::vector<uint16_t> rgb(out.sample_count());
  const void* const samples = small.depth == 16 ? static_cast<const void*>(small.u16.data())
                                                : static_cast<const void*>(small.u8.data());
  view->convert(samples, static_cast<size_t>(small.width) * static_cast<size_t>(small.height),
                rgb.data());
  for (size_t i = 0; i < rgb.size(); ++i) {
    out.u8[i] = static_cast<uint8_t>((rgb[i] + 128) / 257);
  }
  return out;
}

}  // namespace vane
