// SPDX-License-Identifier: Apache-2.0
// Oracle: sources that say their own name.
#include "engine/data/mixed_source.h"

#include <gtest/gtest.h>

#include <map>

#include "engine/base/error.h"

namespace vane {
namespace {

class NamedSource final : public CaptionedSource {
 public:
  explicit NamedSource(std::string name) : name_(std::move(name)) {}
  CaptionedPicture sample(uint64_t index) const override {
    CaptionedPicture out;
    out.caption.text = name_ + std::to_string(index);
    return out;
  }
  std::vector<Caption> other_captions(uint64_t, int count) const override {
    return std::vector<Caption>(static_cast<size_t>(count), Caption{name_, {}});
  }
  std::string description() const override { return name_; }

 private:
  std::string name_;
};

MixedSource mixed(uint64_t seed) {
  return {{{std::make_shared<NamedSource>("a"), 3.0}, {std::make_shared<NamedSource>("b"), 1.0}},
          4,
          seed};
}

TEST(MixedSource, GroupsStayWholeAndPartsComeInTheirShares) {
  const MixedSource source = mixed(5);
  std::map<char, int> groups;
  for (uint64_t group = 0; group < 2000; ++group) {
    const std::string first = source.sample(4 * group).caption.text;
    ++groups[first[0]];
    for (uint64_t i = 0; i < 4; ++i) {
      EXPECT_EQ(source.sample(4 * group + i).caption.text,
                std::string(1, first[0]) + std::to_string(4 * group + i));
    }
  }
  // Binomial(2000, 3/4): five standard deviations are 97.
  EXPECT_NEAR(groups['a'], 1500, 97);
}

TEST(MixedSource, TheSeedDecidesAndOtherCaptionsAreShared) {
  const MixedSource source = mixed(5), same = mixed(5), other = mixed(6);
  bool differs = false;
  for (uint64_t i = 0; i < 400; ++i) {
    EXPECT_EQ(source.sample(i).caption.text, same.sample(i).caption.text);
    differs = differs || source.sample(i).caption.text != other.sample(i).caption.text;
  }
  EXPECT_TRUE(differs);
  std::map<std::string, int> count;
  for (const Caption& caption : source.other_captions(0, 16)) ++count[caption.text];
  EXPECT_EQ(count["a"], 12);
  EXPECT_EQ(count["b"], 4);
}

TEST(MixedSource, NothingOrAShareOfNothingIsRefused) {
  EXPECT_THROW(MixedSource({}, 4, 1), Error);
  EXPECT_THROW(MixedSource({{std::make_shared<NamedSource>("a"), 0.0}}, 4, 1), Error);
}

}  // namespace
}  // namespace vane
