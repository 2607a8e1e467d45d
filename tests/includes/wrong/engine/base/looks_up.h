// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>
#include <libraw/libraw.h>
#include <opencv2/videoio.hpp>

#include "engine/clip/clip_encoder.h"
