// Ranks that are not about to do the same.

#include "11_ddp/handshake.hpp"

#include <gtest/gtest.h>

namespace gpt {
namespace {

/// What the ranks find, which must be the same on all.
template <class F>
std::string found(int ranks, F&& agreements_of) {
  std::vector<std::string> sentences(static_cast<size_t>(ranks));
  run_threads(ranks, [&](Communicator& c) {
    sentences[static_cast<size_t>(c.rank())] = find_disagreement(agreements_of(c.rank()), c);
  });
  for (const std::string& sentence : sentences) EXPECT_EQ(sentence, sentences[0]);
  return sentences[0];
}

TEST(Handshake, HasNothingToSayWhereAllAgree) {
  for (const int ranks : {1, 2, 3, 5}) {
    EXPECT_EQ(found(ranks, [](int) { return std::vector<Agreement>{{"a", "1"}, {"b", ""}}; }), "");
    EXPECT_EQ(found(ranks, [](int) { return std::vector<Agreement>{}; }), "");
  }
}

TEST(Handshake, NamesTheRankTheThingAndBothValues) {
  for (const int odd : {0, 1, 2, 3}) {
    const auto agreements = [&](int rank) {
      return std::vector<Agreement>{{"model", "small"}, {"lr", rank == odd ? "0.2" : "0.1"}};
    };
    EXPECT_EQ(found(4, agreements),
              fmt::format("rank {} has another lr than rank {}: 0.2, not 0.1", odd, odd == 0 ? 1 : 0));
  }
}

TEST(Handshake, BetweenTwoBelievesTheLowerRank) {
  EXPECT_EQ(found(2,
                  [](int rank) {
                    return std::vector<Agreement>{{"lr", rank == 0 ? "0.2" : "0.1"}};
                  }),
            "rank 1 has another lr than rank 0: 0.1, not 0.2");
}

TEST(Handshake, NamesTheFirstOfSeveralAndLeavesOutWhatIsLong) {
  const auto agreements = [](int rank) {
    return std::vector<Agreement>{{"plan", std::string(1000, rank == 2 ? 'x' : 'y')},
                                  {"lr", rank == 1 ? "0.2" : "0.1"}};
  };
  EXPECT_EQ(found(3, agreements), "rank 2 has another plan than rank 0");
}

TEST(Handshake, SaysWhenTheListsDiffer) {
  const std::string sentence = "rank 2 runs another version of this program than rank 0";
  EXPECT_EQ(found(3,
                  [](int rank) {
                    return std::vector<Agreement>{{rank == 2 ? "a" : "b", "1"}};
                  }),
            sentence);
  EXPECT_EQ(found(3,
                  [](int rank) {
                    return std::vector<Agreement>(rank == 2 ? 1 : 2, {"a", "1"});
                  }),
            sentence);
}

}  // namespace
}  // namespace gpt
