#include "exercises/04_text/exact_windows.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gpt {
namespace {

TEST(ExactWindows, MakeEveryTokenButTheFirstATargetOnce) {
  for (const int64_t tokens : {2, 3, 8, 9, 10, 100, 1001})
    for (const int64_t context : {1, 3, 8, 200}) {
      std::vector<int> targets(static_cast<size_t>(tokens));
      for (const TextWindow& w : exact_windows(tokens, context))
        for (int64_t t = w.first + 1; t <= w.first + w.length; ++t) {
          ASSERT_LT(t, tokens) << "a window reaches beyond the last of " << tokens
                               << " tokens: its last target is one further "
                               << "than its last input";
          ++targets[static_cast<size_t>(t)];
        }
      EXPECT_EQ(targets[0], 0) << "nothing predicts the first token";
      for (size_t t = 1; t < targets.size(); ++t)
        ASSERT_EQ(targets[t], 1)
            << "token " << t << " of " << tokens << " with context " << context
            << " is a target so many times. 0: does a window begin where the one before has its last "
            << "target, or one later? 0 at the end: what is left over counts, too";
    }
}

TEST(ExactWindows, OfAnExample) {
  EXPECT_THAT(exact_windows(8, 3),
              testing::ElementsAre(TextWindow{0, 3}, TextWindow{3, 3}, TextWindow{6, 1}));
}

TEST(ExactWindows, OfNothingToPredict) {
  EXPECT_TRUE(exact_windows(0, 3).empty());
  EXPECT_TRUE(exact_windows(1, 3).empty());
}

}  // namespace
}  // namespace gpt
