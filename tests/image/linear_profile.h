// SPDX-License-Identifier: Apache-2.0
#pragma once
// ICC profiles of linear light, which no viewer would mistake for sRGB.

#include <lcms2.h>

#include <cstdint>
#include <vector>

namespace vane::testing {

/// Primaries and white of sRGB (or grey of that white), samples proportional to light.
inline std::vector<uint8_t> linear_profile(bool grey) {
  const cmsCIExyY white{0.3127, 0.3290, 1};
  const cmsCIExyYTRIPLE primaries{{0.64, 0.33, 1}, {0.30, 0.60, 1}, {0.15, 0.06, 1}};
  cmsToneCurve* curve = cmsBuildGamma(nullptr, 1.0);
  cmsToneCurve* curves[3] = {curve, curve, curve};
  const cmsHPROFILE profile =
      grey ? cmsCreateGrayProfile(&white, curve) : cmsCreateRGBProfile(&white, &primaries, curves);
  cmsUInt32Number size = 0;
  cmsSaveProfileToMem(profile, nullptr, &size);
  std::vector<uint8_t> bytes(size);
  cmsSaveProfileToMem(profile, bytes.data(), &size);
  cmsCloseProfile(profile);
  cmsFreeToneCurve(curve);
  return bytes;
}

}  // namespace vane::testing
