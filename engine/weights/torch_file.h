// SPDX-License-Identifier: Apache-2.0
#pragma once
// PyTorch `.pt`/`.pth` files, read for their tensors by a restricted pickle interpreter that
// executes nothing: zip archives (since 1.6), legacy streams, and TorchScript archives.

#include <memory>
#include <string_view>

#include "engine/weights/tensor_table.h"

namespace vane {

/// Zip container written by torch.save or torch.jit.save. Throws Error{checkpoint}.
TensorTable parse_torch_zip(std::shared_ptr<const ByteSource> source, const Limits& limits = {},
                            std::string_view state_dict_key = {});

/// Stream of pickles written by torch.save before 1.6. Throws Error{checkpoint}.
TensorTable parse_torch_legacy(std::shared_ptr<const ByteSource> source, const Limits& limits = {},
                               std::string_view state_dict_key = {});

/// A pickle with its storages inside, as NVLabs' StyleGAN .pkl files are: the module objects are
/// read as data, the Python source among them is ignored. Throws Error{checkpoint}.
TensorTable parse_bare_pickle(std::shared_ptr<const ByteSource> source, const Limits& limits = {},
                              std::string_view state_dict_key = {});

}  // namespace vane
