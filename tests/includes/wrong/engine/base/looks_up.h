// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>
#include <libraw/libraw.h>

#include "engine/clip/clip_encoder.h"
