// SPDX-License-Identifier: Apache-2.0
#pragma once
// dlib's face recognition network, which Vane states identities with, as tensors: so that a loss
// can ask for a person. Source: dlib's dnn_face_recognition_ex.cpp (King 2017), a ResNet of 29
// layers; its output must agree with editing/faces/face_identity.h.

#include <span>
#include <vector>

#include "editing/faces/recognition_weights.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// A convolution with the affine layer behind it folded in.
struct IdentityConvolution {
  Tensor weight, bias;  // [O,C,k,k], [O]
};

struct IdentityUnit {
  IdentityConvolution first, second;  // 3x3
  /// `first` has stride 2 and no padding; what skips the unit is averaged 2x2.
  bool halved = false;
};

struct IdentityNetwork {
  Tensor mean;               // [3,1,1], of samples in [0,255]
  IdentityConvolution stem;  // 7x7, stride 2, no padding
  std::vector<IdentityUnit> units;
  Tensor linear;  // [128,256]
};

/// `arrays` as read_recognition_weights gives them. Throws Error{checkpoint} naming the first array
/// that is missing or of another shape.
IdentityNetwork make_identity_network(std::span<const RecognitionArray> arrays);

/// One residual unit: [N,C,H,W] -> [N,O,h,w]. Maps that differ in size or channels are added as
/// dlib adds them, the smaller one continued with zeros to the right, below and behind.
/// Differentiable in x.
Tensor identity_unit(const IdentityUnit& unit, const Tensor& x);

/// chips [N,3,150,150], RGB in [0,1], as face_chips cuts them -> [N,128] of about unit length.
/// Differentiable in the chips; computes in the type of the weights. Throws Error{usage} on another
/// shape.
Tensor identity_embedding(const IdentityNetwork& network, const Tensor& chips);

}  // namespace vane
