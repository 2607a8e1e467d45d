// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who is left in an edit: by dlib's recogniser where there is a face and its files are installed.

namespace vane {

struct IdentityMeasure;  // editing/latent/strength.h
struct LatentScene;

/// face_identity() of dlib's embeddings (editing/faces/face_identity.h) when the source shows a
/// face, else what `clip_identity_measure` measures.
IdentityMeasure identity_measure(const LatentScene& scene);

}  // namespace vane
