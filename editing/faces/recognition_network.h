// SPDX-License-Identifier: Apache-2.0
#pragma once
// dlib's face recognition network as dlib's types, for face_identity.cpp, which defines
// read_network, and recognition_weights.cpp: sources that include this take long to compile.

#include <dlib/dnn.h>

#include <filesystem>

namespace vane {

// The network that the published file holds: a ResNet of 29 layers, with affine layers where its
// training had batch normalisation.
namespace recognition {

template <int filters, template <typename> class Norm, int stride, class Sub>
using Block = Norm<dlib::con<filters, 3, 3, 1, 1,
                             dlib::relu<Norm<dlib::con<filters, 3, 3, stride, stride, Sub>>>>>;
template <int filters, class Sub>
using Same = dlib::relu<dlib::add_prev1<Block<filters, dlib::affine, 1, dlib::tag1<Sub>>>>;
template <int filters, class Sub>
using Halved = dlib::relu<dlib::add_prev2<dlib::avg_pool<
    2, 2, 2, 2, dlib::skip1<dlib::tag2<Block<filters, dlib::affine, 2, dlib::tag1<Sub>>>>>>>;
template <class Sub>
using Level4 = Same<32, Same<32, Same<32, Sub>>>;
template <class Sub>
using Level3 = Same<64, Same<64, Same<64, Halved<64, Sub>>>>;
template <class Sub>
using Level2 = Same<128, Same<128, Halved<128, Sub>>>;
template <class Sub>
using Level1 = Same<256, Same<256, Halved<256, Sub>>>;
using Network = dlib::loss_metric<dlib::fc_no_bias<
    128, dlib::avg_pool_everything<Halved<
             256, Level1<Level2<Level3<Level4<dlib::max_pool<
                      3, 3, 2, 2,
                      dlib::relu<dlib::affine<
                          dlib::con<32, 7, 7, 2, 2, dlib::input_rgb_image_sized<150>>>>>>>>>>>>>;

/// Reads the file as published; another one is refused before anything reads it: Error{input} when
/// it is not there, Error{checkpoint} otherwise.
void read_network(const std::filesystem::path& path, Network& network);

}  // namespace recognition
}  // namespace vane
