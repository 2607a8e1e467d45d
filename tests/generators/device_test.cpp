// SPDX-License-Identifier: Apache-2.0
// --device cuda without a GPU: a library that runs the device's kernel on the host stands in.
#include "engine/run/device.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/base/error.h"
#include "generators/develop/develop_apply.h"
#include "tests/generators/develop_scenes.h"

namespace vane {
namespace {

using testing::noise_image;
using testing::random_settings;

class Device : public ::testing::Test {
 protected:
  void TearDown() override {
    ::unsetenv("VANE_FAKE_DEVICES");
    ::unsetenv("VANE_FAKE_DEVICE_FAILS");
    select_compute_device("cpu");
  }
  static std::string refusal(const std::string& name, const std::string& folder) {
    try {
      select_compute_device(name, folder);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  }
};

TEST_F(Device, ABuildWithoutTheLibrarySaysHowToGetIt) {
  EXPECT_NE(refusal("cuda", "/nonexistent").find("computes on the CPU only"), std::string::npos);
  EXPECT_EQ(compute_device(), "cpu");
}

TEST_F(Device, AnUnknownNameIsRefused) {
  EXPECT_NE(refusal("tpu", VANE_FAKE_DEVICE).find("known: cpu, cuda"), std::string::npos);
}

TEST_F(Device, NoGpuAndABrokenDriverAreToldApart) {
  ::setenv("VANE_FAKE_DEVICES", "0", 1);
  EXPECT_EQ(refusal("cuda", VANE_FAKE_DEVICE).find("driver"), std::string::npos);
  EXPECT_NE(refusal("cuda", VANE_FAKE_DEVICE).find("no GPU can be used"), std::string::npos);
  ::setenv("VANE_FAKE_DEVICES", "-35", 1);
  EXPECT_NE(refusal("cuda", VANE_FAKE_DEVICE).find("the driver is too old"), std::string::npos);
  EXPECT_EQ(compute_device_module(), nullptr);
}

TEST_F(Device, DevelopsAsTheCpuDoes) {
  QuietJob job;
  const DevelopSettings settings = random_settings(71, 0.5f);
  const Image mask = noise_image(9, 7, 1, 8, 72);
  for (const int depth : {8, 16}) {
    for (const int channels : {1, 2, 3, 4}) {
      const Image source = noise_image(37, 29, channels, depth, 73);
      DevelopOptions options;
      options.opacity = 0.7f;
      options.mask = &mask;
      select_compute_device("cpu");
      const Image expected = develop_apply(source, settings, job, options);
      select_compute_device("cuda", VANE_FAKE_DEVICE);
      const Image actual = develop_apply(source, settings, job, options);
      ASSERT_EQ(actual.channels, expected.channels);
      // Tables on the CPU, formulas on the device: one level of 8 bit, three of 16.
      for (size_t i = 0; i < expected.u8.size(); ++i) {
        ASSERT_NEAR(actual.u8[i], expected.u8[i], 1) << i;
      }
      for (size_t i = 0; i < expected.u16.size(); ++i) {
        ASSERT_NEAR(actual.u16[i], expected.u16[i], 3) << i;
      }
    }
  }
}

TEST_F(Device, AFaultOfTheDeviceIsAResourceError) {
  select_compute_device("cuda", VANE_FAKE_DEVICE);
  ::setenv("VANE_FAKE_DEVICE_FAILS", "1", 1);
  QuietJob job;
  try {
    develop_apply(noise_image(8, 8, 3, 8, 1), random_settings(2, 0.5f), job);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::resource);
    EXPECT_NE(std::string(error.what()).find("a fault"), std::string::npos);
  }
}

}  // namespace
}  // namespace vane
