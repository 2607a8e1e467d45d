// SPDX-License-Identifier: Apache-2.0
#pragma once
// The thing in a request: "can you find the red mug for me?" -> "the red mug". No torch.

#include <string>
#include <vector>

namespace vane {

/// Takes the words of asking off: openings ("where is", "show me", "a picture of", …), endings
/// ("for me", "in this scene", "please"), and marks at the end. What has nothing else stays as it
/// is. Case is ignored, and kept in what remains.
std::string thing_asked_for(const std::string& request);

/// The phrase in the frames that captions come in: itself, "a picture of …", "a photo of …", and
/// so on. Their mean is steadier than any of them (Radford et al. 2021, section 3.1.4).
std::vector<std::string> caption_frames(const std::string& phrase);

/// The phrase with another of the eleven basic colours (Berlin & Kay 1969) in the place of the
/// first that it names, one for each; none where it names none.
std::vector<std::string> in_other_colours(const std::string& phrase);

}  // namespace vane
