// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the allocator does with large blocks between steps of the same work.

namespace vane {

/// Keeps freed blocks up to 256 MB for the next allocation instead of giving each back to the
/// system. A network that makes pictures one after the other frees and takes the same buffers every
/// time, and most of its kernel time goes into clearing the pages of blocks that it just gave back.
/// For the whole process from now on; does nothing where the C library has no such setting.
void keep_freed_memory();

}  // namespace vane
