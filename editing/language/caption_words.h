// SPDX-License-Identifier: Apache-2.0
#pragma once
// Phrases around and beside a phrase. No torch.

#include <string>
#include <vector>

namespace vane {

/// The phrase in the frames that captions come in: itself, "a picture of …", "a photo of …", and
/// so on. Their mean is steadier than any of them (Radford et al. 2021, section 3.1.4).
std::vector<std::string> caption_frames(const std::string& phrase);

/// The phrase with another of the eleven basic colours (Berlin & Kay 1969) in the place of the
/// first that it names, one for each; none where it names none.
std::vector<std::string> in_other_colours(const std::string& phrase);

}  // namespace vane
