// SPDX-License-Identifier: Apache-2.0
// Oracles: the table of variants (clip sheet 6) as loops over single numbers, the ordinary forward
// pass, and laws of the attention matrices.
#include "guidance/dense_clip.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/clip/modified_resnet.h"
#include "engine/clip/vision_transformer.h"
#include "tests/support/linear_clip.h"
#include "tests/support/named_clip.h"

namespace vane {
namespace {

using testing::LinearClip;
using testing::small_clip;

using Row = std::vector<double>;
using Matrix = std::vector<Row>;

constexpr DenseVariant kAll[] = {DenseVariant::vanilla, DenseVariant::maskclip, DenseVariant::sclip,
                                 DenseVariant::clearclip, DenseVariant::naclip};

Matrix matrix_of(const Tensor& tensor) {
  const Tensor wide = tensor.detach().to(at::kDouble).contiguous();
  Matrix rows(static_cast<size_t>(wide.size(0)));
  for (size_t i = 0; i < rows.size(); ++i) {
    const double* data = wide.const_data_ptr<double>() + static_cast<int64_t>(i) * wide.size(1);
    rows[i].assign(data, data + wide.size(1));
  }
  return rows;
}

Row row_of(const Tensor& tensor) { return matrix_of(tensor.view({1, -1})).front(); }

// W x + b; W is [out][in].
Row affine(const Matrix& weight, const Row& bias, const Row& x) {
  Row y(weight.size());
  for (size_t o = 0; o < y.size(); ++o) {
    y[o] = bias.empty() ? 0 : bias[o];
    for (size_t i = 0; i < x.size(); ++i) y[o] += weight[o][i] * x[i];
  }
  return y;
}

Row normalised(const LayerNorm& norm, const Row& x) {
  const Row weight = row_of(norm.weight), bias = row_of(norm.bias);
  double mean = 0, variance = 0;
  for (const double value : x) mean += value / static_cast<double>(x.size());
  for (const double value : x) {
    variance += (value - mean) * (value - mean) / static_cast<double>(x.size());
  }
  Row y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    y[i] = (x[i] - mean) / std::sqrt(variance + norm.epsilon) * weight[i] + bias[i];
  }
  return y;
}

// softmax_j(<a_i,b_j>/sqrt(d) + bias(i,j)) for the numbers first..first+d-1 of every row.
Matrix softmax_of(const Matrix& a, const Matrix& b, size_t first, size_t d,
                  const std::function<double(size_t, size_t)>& bias = {}) {
  Matrix out(a.size(), Row(b.size()));
  for (size_t i = 0; i < a.size(); ++i) {
    double total = 0;
    for (size_t j = 0; j < b.size(); ++j) {
      double score = 0;
      for (size_t k = first; k < first + d; ++k) score += a[i][k] * b[j][k];
      out[i][j] = std::exp(score / std::sqrt(static_cast<double>(d)) + (bias ? bias(i, j) : 0));
      total += out[i][j];
    }
    for (double& value : out[i]) value /= total;
  }
  return out;
}

Matrix attention_by_table(DenseVariant variant, const Matrix& q, const Matrix& k, size_t first,
                          size_t d, size_t columns) {
  switch (variant) {
    case DenseVariant::vanilla:
      return softmax_of(q, k, first, d);
    case DenseVariant::clearclip:
      return softmax_of(q, q, first, d);
    case DenseVariant::sclip: {
      Matrix sum = softmax_of(q, q, first, d);
      const Matrix other = softmax_of(k, k, first, d);
      for (size_t i = 0; i < sum.size(); ++i) {
        for (size_t j = 0; j < sum.size(); ++j) sum[i][j] += other[i][j];
      }
      return sum;
    }
    case DenseVariant::naclip:
      return softmax_of(k, k, first, d, [columns](size_t i, size_t j) {
        if (i == 0 || j == 0) return 0.0;
        const auto at = [columns](size_t t) {
          return std::pair{static_cast<double>((t - 1) / columns),
                           static_cast<double>((t - 1) % columns)};
        };
        const auto [yi, xi] = at(i);
        const auto [yj, xj] = at(j);
        return std::exp(-((yi - yj) * (yi - yj) + (xi - xj) * (xi - xj)) / 50.0);
      });
    case DenseVariant::maskclip: {
      Matrix identity(q.size(), Row(q.size()));
      for (size_t i = 0; i < q.size(); ++i) identity[i][i] = 1;
      return identity;
    }
  }
  return {};
}

Row mlp_by_hand(const ResidualBlock& block, const Row& x) {
  Row hidden =
      affine(matrix_of(block.c_fc_weight), row_of(block.c_fc_bias), normalised(block.ln_2, x));
  for (double& value : hidden) value = value / (1 + std::exp(-1.702 * value));
  return affine(matrix_of(block.c_proj_weight), row_of(block.c_proj_bias), hidden);
}

// Unit patch features of one picture, from the residual stream before the last block.
Matrix features_by_table(const VisionTransformer& tower, const Matrix& stream, DenseVariant variant,
                         size_t columns) {
  const ResidualBlock& block = tower.blocks.back();
  const auto width = stream.front().size();
  const auto heads = static_cast<size_t>(block.shape.heads), d = width / heads;
  Matrix q, k, v;
  for (const Row& x : stream) {
    const Row packed = affine(matrix_of(block.in_proj_weight), row_of(block.in_proj_bias),
                              normalised(block.ln_1, x));
    const auto part = [&](size_t i) {
      return Row(packed.begin() + static_cast<int64_t>(i * width),
                 packed.begin() + static_cast<int64_t>((i + 1) * width));
    };
    q.push_back(part(0));
    k.push_back(part(1));
    v.push_back(part(2));
  }
  Matrix mixed(stream.size(), Row(width));
  for (size_t h = 0; h < heads; ++h) {
    const Matrix a = attention_by_table(variant, q, k, h * d, d, columns);
    for (size_t i = 0; i < stream.size(); ++i) {
      for (size_t j = 0; j < stream.size(); ++j) {
        for (size_t n = h * d; n < (h + 1) * d; ++n) mixed[i][n] += a[i][j] * v[j][n];
      }
    }
  }
  const bool residual = variant == DenseVariant::vanilla || variant == DenseVariant::sclip;
  Matrix features;
  for (size_t i = 1; i < stream.size(); ++i) {
    Row out = affine(matrix_of(block.out_proj_weight), row_of(block.out_proj_bias), mixed[i]);
    if (residual) {
      for (size_t n = 0; n < width; ++n) out[n] += stream[i][n];
      const Row more = mlp_by_hand(block, out);
      for (size_t n = 0; n < width; ++n) out[n] += more[n];
    }
    Row y = affine(matrix_of(tower.proj.t()), {}, normalised(tower.ln_post, out));
    double length = 0;
    for (const double value : y) length += value * value;
    for (double& value : y) value /= std::sqrt(length);
    features.push_back(y);
  }
  return features;
}

class DenseVariants : public ::testing::TestWithParam<DenseVariant> {};

// Oracle 1 (table): every variant, also on a grid that is not square.
TEST_P(DenseVariants, FollowTheTable) {
  const at::NoGradGuard no_grad;
  const auto clip = small_clip();
  for (const auto& [height, width] : {std::pair{32, 32}, std::pair{24, 40}}) {
    const Tensor input = named_values("dense.input", {2, 3, height, width});
    const Tensor features = dense_features(*clip, input, GetParam());
    ASSERT_EQ(features.sizes(), at::IntArrayRef({2, height / 8, width / 8, 16}));
    const Tensor stream = before_last_block(*clip->vit, input);
    for (int64_t n = 0; n < 2; ++n) {
      const Matrix expected = features_by_table(*clip->vit, matrix_of(stream[n]), GetParam(),
                                                static_cast<size_t>(width) / 8);
      const Matrix actual = matrix_of(features[n].reshape({-1, 16}));
      for (size_t i = 0; i < expected.size(); ++i) {
        for (size_t e = 0; e < 16; ++e) EXPECT_NEAR(actual[i][e], expected[i][e], 1e-4);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Each, DenseVariants, ::testing::ValuesIn(kAll));

// Oracle 2: the ordinary forward pass of the tower.
TEST(DenseClip, VanillaIsTheOrdinaryTokens) {
  const at::NoGradGuard no_grad;
  const auto clip = small_clip();
  const Tensor input = named_values("dense.input", {2, 3, 32, 32});
  VisionTaps taps;
  clip->image_embedding_of_input(input, &taps);
  const Tensor tokens = unit(at::matmul(taps.tokens.slice(1, 1), clip->vit->proj));
  const Tensor features = dense_features(*clip, input, DenseVariant::vanilla);
  EXPECT_LT((features.reshape({2, 16, 16}) - tokens).abs().max().item<double>(), 1e-5);
}

TEST(DenseClip, VariantsDifferFromEachOther) {
  const at::NoGradGuard no_grad;
  const auto clip = small_clip();
  const Tensor input = named_values("dense.input", {1, 3, 32, 32});
  const std::vector<Tensor> all = dense_features(*clip, input, kAll);
  for (size_t i = 0; i < all.size(); ++i) {
    // Alone or together, up to rounding: weights change their kernel once they are used again.
    const Tensor alone = dense_features(*clip, input, kAll[i]);
    EXPECT_LT((all[i] - alone).abs().max().item<double>(), 1e-5) << i;
    for (size_t k = 0; k < i; ++k) {
      EXPECT_GT((all[i] - all[k]).abs().max().item<double>(), 1e-3) << i << " " << k;
    }
  }
}

// Oracle 3 (laws of the sheet, section 9).
TEST(DenseClip, AttentionRowsSumToOneAndThoseOfSclipToTwo) {
  const AttentionHeads heads{named_values("q", {1, 2, 13, 6}), named_values("k", {1, 2, 13, 6}),
                             named_values("v", {1, 2, 13, 6})};
  for (const DenseVariant variant : kAll) {
    const Tensor sums = dense_attention(variant, heads, 3, 4).sum(-1);
    const double expected = variant == DenseVariant::sclip ? 2 : 1;
    EXPECT_LT((sums - expected).abs().max().item<double>(), 1e-5);
  }
}

TEST(DenseClip, NaclipWithoutBoundsIsKeyKeyAttention) {
  const AttentionHeads heads{named_values("q", {1, 2, 13, 6}), named_values("k", {1, 2, 13, 6}),
                             named_values("v", {1, 2, 13, 6})};
  AttentionHeads keys = heads;
  keys.query = heads.key;
  DenseOptions wide;
  wide.sigma = 1e6;  // G becomes 1 among patches, 0 beside the class token
  const Tensor bounded = dense_attention(DenseVariant::naclip, heads, 3, 4, wide);
  const Tensor plain = dense_attention(DenseVariant::vanilla, keys, 3, 4);
  const auto among_patches = [](const Tensor& a) {
    const Tensor part = a.slice(2, 1).slice(3, 1);
    return part / part.sum(-1, true);
  };
  EXPECT_LT((among_patches(bounded) - among_patches(plain)).abs().max().item<double>(), 1e-5);
}

// Oracle 1: v_proj then c_proj of every position, as loops.
TEST(DenseClip, ResNetProjectsTheValuesOfItsPool) {
  const at::NoGradGuard no_grad;
  const auto clip = small_clip(true);
  const Tensor input = named_values("dense.resnet", {1, 3, 64, 64});
  const Tensor features = dense_features(*clip, input, DenseVariant::maskclip);
  ASSERT_EQ(features.sizes(), at::IntArrayRef({1, 2, 2, 16}));
  VisionTaps taps;
  clip->image_embedding_of_input(input, &taps);
  const AttentionPool& pool = clip->resnet->pool;
  const Matrix positions = matrix_of(pool.positional_embedding);
  for (size_t p = 0; p < 4; ++p) {
    Row x = row_of(taps.tokens[0].flatten(1).select(1, static_cast<int64_t>(p)).contiguous());
    for (size_t c = 0; c < x.size(); ++c) x[c] += positions[p + 1][c];
    Row y = affine(matrix_of(pool.c_weight), row_of(pool.c_bias),
                   affine(matrix_of(pool.v_weight), row_of(pool.v_bias), x));
    double length = 0;
    for (const double value : y) length += value * value;
    const Row actual = row_of(features[0].reshape({4, 16})[static_cast<int64_t>(p)]);
    for (size_t e = 0; e < y.size(); ++e) EXPECT_NEAR(actual[e], y[e] / std::sqrt(length), 1e-4);
  }
}

TEST(DenseClip, SaysWhichTowersItCannotLookInto) {
  const auto code = [](const auto& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  };
  const auto resnet = small_clip(true);
  const Tensor input = named_values("dense.resnet", {1, 3, 64, 64});
  EXPECT_EQ(code([&] { dense_features(*resnet, input, DenseVariant::sclip); }), ErrorCode::usage);
  const LinearClip linear(6, 1, 6);
  EXPECT_EQ(code([&] { dense_features(linear, input, DenseVariant::maskclip); }), ErrorCode::usage);
  EXPECT_EQ(code([] { dense_variant("proxyclip"); }), ErrorCode::usage);
}

// Oracle 3: LERF's definition; the minimum over negatives is that of the strongest one.
TEST(Relevancy, IsOneHalfAtItsOwnNegativeAndFollowsItsDefinition) {
  const Tensor negatives = unit(named_values("negatives", {3, 16}));
  const Tensor queries = at::cat({negatives.slice(0, 1, 2), unit(named_values("query", {1, 16}))});
  const Tensor features = at::cat({negatives.slice(0, 1, 2), unit(named_values("seen", {4, 16}))});
  const Tensor actual = relevancy(features, queries, negatives);
  EXPECT_EQ(actual[0][0].item<float>(), 0.5f);
  for (int64_t i = 0; i < 5; ++i) {
    const double positive = std::exp(10 * features[i].dot(queries[1]).item<double>());
    double least = 1;
    for (int64_t c = 0; c < 3; ++c) {
      const double negative = std::exp(10 * features[i].dot(negatives[c]).item<double>());
      least = std::min(least, positive / (positive + negative));
    }
    EXPECT_NEAR(actual[i][1].item<double>(), least, 1e-5);
  }
}

}  // namespace
}  // namespace vane
