// SPDX-License-Identifier: Apache-2.0
#pragma once
// Threads and numeric modes of the whole process.

namespace vane {

/// Cores that this process may run on, counting hardware threads of one core once; at least 1.
int physical_core_count();
/// Hardware threads that this process may run on.
int logical_core_count();

/// Sets intra-op threads (0: physical cores), one inter-op thread, flushing of denormals, and
/// deterministic operations, so that a seed and a thread count fix every byte. Call it before any
/// tensor operation; calling it again changes the thread count only. Returns the count in force.
int set_compute_threads(int threads);
/// Threads for loops of our own beside tensor operations: what `set_compute_threads` was asked for,
/// else every hardware thread that this process may run on.
int loop_threads();

}  // namespace vane
