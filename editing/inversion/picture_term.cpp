// SPDX-License-Identifier: Apache-2.0
#include "editing/inversion/picture_term.h"

#include <map>

#include "engine/tensor/image_tensor.h"
#include "guidance/stage_distance.h"

namespace vane {
namespace {

/// One picture at the sides that it was asked for.
class ReducedPicture {
 public:
  explicit ReducedPicture(const Tensor& picture) : picture_(picture.detach()) {}
  int64_t side() const { return picture_.size(2); }
  const Tensor& at_side(int64_t side) {
    const auto found = sides_.find(side);
    if (found != sides_.end()) return found->second;
    return sides_[side] = picture_.size(2) == side ? picture_ : resize_area(picture_, side, side);
  }

 private:
  Tensor picture_;
  std::map<int64_t, Tensor> sides_;
};

}  // namespace

PictureTerm stage_term(std::shared_ptr<const ClipEncoder> clip, const Tensor& target) {
  const at::NoGradGuard no_grad;
  const StageView wanted = stage_view(*clip, target);
  return [clip = std::move(clip), wanted](const Tensor& picture) {
    return stage_distance(stage_view(*clip, picture), wanted).mean();
  };
}

PictureTerm lpips_term(std::shared_ptr<const Lpips> measure, const Tensor& target) {
  auto wanted = std::make_shared<ReducedPicture>(target);
  return [measure = std::move(measure), wanted](const Tensor& picture) {
    const int64_t side = std::min(picture.size(2), wanted->side());
    return (*measure)(resize_area(picture, side, side), wanted->at_side(side)).mean();
  };
}

PictureTerm pixel_term(const Tensor& target) {
  auto wanted = std::make_shared<ReducedPicture>(target);
  return [wanted](const Tensor& picture) {
    return 4 * (picture - wanted->at_side(picture.size(2))).square().mean();
  };
}

}  // namespace vane
