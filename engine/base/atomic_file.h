// SPDX-License-Identifier: Apache-2.0
#pragma once
// Output that appears whole or not at all: temporary name, fsync, rename, fsync of the folder.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string_view>

namespace vane {

/// Receives the bytes of a file in order.
using ByteSink = std::function<void(std::span<const std::byte>)>;

/// Writes `path` through a temporary file beside it. An existing file is replaced and its mode
/// kept. Throws Error{resource} with the system's reason (disk full, read-only, missing folder);
/// then nothing is left behind and an old file is untouched.
void atomic_write(const std::filesystem::path& path,
                  const std::function<void(const ByteSink&)>& producer);
void atomic_write(const std::filesystem::path& path, std::span<const std::byte> bytes);
void atomic_write(const std::filesystem::path& path, std::string_view text);

/// The same for a library that opens its file by name: `producer` is given the name of an empty
/// file, which ends like that of `path`, and has written or replaced and closed it when it returns.
void atomic_write_by_name(const std::filesystem::path& path,
                          const std::function<void(const std::filesystem::path&)>& producer);

/// Lends `user` an empty file in the folder of `beside` that ends like it; it is gone afterwards,
/// unless it was renamed. Throws Error{resource}.
void with_temporary(const std::filesystem::path& beside,
                    const std::function<void(const std::filesystem::path&)>& user);

/// Fails early, before a model is loaded: throws Error{resource} when a file could not be created
/// in the folder of `path`.
void check_writable(const std::filesystem::path& path);

/// Removes temporary files of this process; async-signal-safe, for the second Ctrl+C.
void unlink_temporaries() noexcept;

}  // namespace vane
