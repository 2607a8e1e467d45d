// SPDX-License-Identifier: Apache-2.0
#include "engine/text/tokenizer.h"

#include <gtest/gtest.h>

#include <fstream>

#include "engine/base/assets.h"
#include "engine/base/error.h"

namespace vane {
namespace {

using Ids = std::vector<int64_t>;

struct Golden {
  const char* text;
  Ids ids;
};

// Oracle 5: the OpenAI tokenizer with ftfy 6.3.1 (clip sheet, section 3.4).
const std::vector<Golden>& golden() {
  static const std::vector<Golden> vectors = {
      {"a diagram", {320, 22697}},
      {"a dog", {320, 1929}},
      {"a cat", {320, 2368}},
      {"", {}},
      {"HELLO", {3306}},
      {"X X X", {343, 343, 343}},
      {"!!!", {995}},
      {"$", {259}},
      {"Hello, World!", {3306, 267, 1002, 256}},
      {"a photo of a backlit face.", {320, 1125, 539, 320, 1663, 4350, 1710, 269}},
      {"well-lit", {1123, 268, 4350}},
      {"it's 2024, we've won!", {585, 568, 273, 271, 273, 275, 267, 649, 1200, 1749, 256}},
      {"we'LL", {649, 1342}},
      {"'S", {568}},
      {"don't can't", {847, 713, 753, 713}},
      {"caf\u00e9", {15304}},
      {"cafe\u0301", {15304}},
      {"na\u00efve r\u00e9sum\u00e9", {1097, 35689, 563, 29106, 7054, 4166}},
      {"日本語", {39121, 44353, 34002, 508}},
      {"\U0001F600", {7334}},
      {"I\u2019m here", {328, 880, 763}},
      {"&lt;b&gt; &amp;amp;", {283, 321, 285, 261}},
      {"  many   spaces\t\n here ", {1346, 9006, 763}},
      {"3.14159", {274, 269, 272, 275, 272, 276, 280}},
      {"a\u00a0b", {320, 321}},
      {"\u0130stanbul", {328, 16384, 11231}},
      {"straße", {1894, 127, 253, 324}},
      {"ΣΙΓΜΑΣ", {139, 225, 138, 117, 138, 111, 138, 120, 138, 109, 139, 480}},
      {"_under_score_", {318, 1798, 318, 4431, 318}},
      {"½ cup Ⅷ", {33613, 1937, 158, 227, 371}},
      {"\u200bzero", {9844, 5848}},
      {"e-mail@x.com", {324, 268, 2614, 287, 343, 269, 2464}},
      {"\ufb01ne", {3797}},
      {"Ｈｅｌｌｏ", {3306}},
      {"supercalifragilisticexpialidocious",
       {1642, 2857, 13093, 2076, 5868, 26850, 835, 639, 38466}},
      {"ไทย", {31718, 245, 33091}},
      {"हिन्दी", {29446, 26721, 26090, 19389, 29552, 25751}},
      {"\U0001F468\u200d\U0001F469", {25023, 964, 358}},
      {"â€™s broken mojibake schÃ¶n", {568, 5107, 617, 3252, 11878, 844, 7255, 333}},
      {"object", {14115}},
      {"things", {1739}},
      {"stuff", {3487}},
      {"texture", {16505}},
      {"£", {1950}},
      {"<|startoftext|> inner <|endoftext|>", {49406, 6955, 49407}},
  };
  return vectors;
}

TEST(Tokenizer, ReproducesTheGoldenVectors) {
  for (const Golden& g : golden()) EXPECT_EQ(Tokenizer::builtin().encode(g.text), g.ids) << g.text;
}

}  // namespace
}  // namespace vane
