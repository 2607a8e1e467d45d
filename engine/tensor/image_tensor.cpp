// SPDX-License-Identifier: Apache-2.0
#include "engine/tensor/image_tensor.h"

#include <cstring>

#include "engine/base/error.h"

namespace vane {
namespace {

/// All channels as float32 [1,C,H,W] in [0,1].
Tensor samples(const Image& image) {
  if (image.width <= 0 || image.height <= 0 || image.channels < 1 || image.channels > 4) {
    throw Error(ErrorCode::usage, "an empty picture has no tensor");
  }
  const bool deep = image.depth == 16;
  const size_t available = deep ? image.u16.size() : image.u8.size();
  if (available != image.sample_count()) {
    throw Error(ErrorCode::internal, "a picture's samples do not match its size");
  }
  const std::vector<int64_t> sizes{image.height, image.width, image.channels};
  auto* data = deep ? static_cast<void*>(const_cast<uint16_t*>(image.u16.data()))
                    : static_cast<void*>(const_cast<uint8_t*>(image.u8.data()));
  const Tensor raw = at::from_blob(data, sizes, deep ? at::kUInt16 : at::kByte);
  return raw.permute({2, 0, 1})
      .to(at::kFloat)
      .contiguous()
      .div_(deep ? 65535.0 : 255.0)
      .unsqueeze(0);
}

void check_resize(const Tensor& image, int64_t height, int64_t width) {
  if (image.dim() != 4 || image.size(2) < 1 || image.size(3) < 1 || height < 1 || width < 1) {
    throw Error(ErrorCode::usage, "resizing needs [N,C,H,W] and a target of at least one pixel");
  }
}

}  // namespace

Tensor image_to_tensor(const Image& image) {
  const Tensor all = samples(image);
  if (image.is_grey()) return all.slice(1, 0, 1).expand({1, 3, image.height, image.width}).clone();
  return all.slice(1, 0, 3).contiguous();
}

Tensor alpha_to_tensor(const Image& image) {
  if (!image.has_alpha()) return {};
  return samples(image).slice(1, image.channels - 1).contiguous();
}

Tensor mask_to_tensor(const Image& image) {
  const Tensor all = samples(image);
  return all.slice(1, 0, image.is_grey() ? 1 : 3).mean(1, true);
}

Image tensor_to_image(const Tensor& tensor, int depth, int64_t i) {
  if (tensor.dim() != 4 || (tensor.size(1) != 3 && tensor.size(1) != 1) || i < 0 ||
      i >= tensor.size(0) || (depth != 8 && depth != 16)) {
    throw Error(ErrorCode::usage, "a picture is made from [N,3,H,W] or [N,1,H,W], 8 or 16 bit");
  }
  const at::NoGradGuard no_grad;
  const double top = depth == 8 ? 255.0 : 65535.0;
  const Tensor rounded = at::nan_to_num(tensor.detach().select(0, i).cpu().to(at::kFloat), 0.0)
                             .clamp(0.0, 1.0)
                             .mul(top)
                             .round()
                             .permute({1, 2, 0})
                             .to(depth == 8 ? at::kByte : at::kUInt16)
                             .contiguous();
  Image image;
  image.height = static_cast<int>(tensor.size(2));
  image.width = static_cast<int>(tensor.size(3));
  image.channels = static_cast<int>(tensor.size(1));
  image.depth = depth;
  if (depth == 8) {
    image.u8.resize(image.sample_count());
    std::memcpy(image.u8.data(), rounded.const_data_ptr(), rounded.nbytes());
  } else {
    image.u16.resize(image.sample_count());
    std::memcpy(image.u16.data(), rounded.const_data_ptr(), rounded.nbytes());
  }
  return image;
}

Tensor resize_bicubic(const Tensor& image, int64_t height, int64_t width) {
  check_resize(image, height, width);
  if (image.size(2) == height && image.size(3) == width) return image;
  return at::_upsample_bicubic2d_aa(image.contiguous(), {height, width}, false);
}

Tensor resize_bilinear(const Tensor& image, int64_t height, int64_t width) {
  check_resize(image, height, width);
  if (image.size(2) == height && image.size(3) == width) return image;
  return at::_upsample_bilinear2d_aa(image.contiguous(), {height, width}, false);
}

Tensor resize_area(const Tensor& image, int64_t height, int64_t width) {
  check_resize(image, height, width);
  if (image.size(2) == height && image.size(3) == width) return image;
  return at::adaptive_avg_pool2d(image, {height, width});
}

}  // namespace vane
