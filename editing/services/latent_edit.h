// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane edit` of latents: what a generator of the StyleGAN family shows, moved along directions.
// No torch here.

#include "editing/services/edit.h"

namespace vane {

/// Whether the request is for latent_edit(): another generator than develop, or a latent as input.
bool is_latent_edit(const EditRequest& request);

/// A photograph is inverted first, and what the edit changes is added to it where its face is, at
/// its own size. Moves of all targets are found one by one, each as strong as its gain asks for,
/// and added. Files of several latents: the first is edited. Strength 0 gives the reconstruction
/// bit for bit. A recipe is always written, beside the output unless --sidecar names a place.
/// Throws Error.
EditResult latent_edit(const EditRequest& request, Job& job);

}  // namespace vane
