// SPDX-License-Identifier: Apache-2.0
#pragma once
// From tensors that a pickle describes to records over the bytes that its container holds.

#include <functional>
#include <span>
#include <vector>

#include "engine/weights/pickle_value.h"
#include "engine/weights/state_dict.h"
#include "engine/weights/tensor_table.h"

namespace vane {

/// The stored run of a storage that is not inline, exactly `numel` elements; called once a key.
using StorageBytes = std::function<std::span<const std::byte>(const PickleStorage&)>;

/// Appends one record for each of `found`; tensors that share a storage share its bytes.
void add_pickled_tensors(const PickleArena& arena, const std::vector<NamedTensor>& found,
                         const StorageBytes& storage_bytes, TensorTable& table);

/// Bytes of the stored run that `storage` is (a view of).
uint64_t stored_bytes(const PickleStorage& storage);

}  // namespace vane
