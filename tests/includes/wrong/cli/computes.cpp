// SPDX-License-Identifier: Apache-2.0
#include <GLFW/glfw3.h>

#include "guidance/direction.h"
#include "neighbour.h"
