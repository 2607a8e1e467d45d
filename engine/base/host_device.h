// SPDX-License-Identifier: Apache-2.0
#pragma once
// Marks inline functions that device code shares with its CPU twin.

#ifdef __CUDACC__
#define VANE_HD __host__ __device__
#else
#define VANE_HD
#endif
