#include "04_text/data_loader.hpp"

#include <map>
#include <numeric>
#include <set>

#include "helpers.hpp"

namespace gpt {
namespace {

using test::expect_contains;
using test::user_error;

/// Tokens 0, 1, 2, …: a token tells its place.
Tokens counting(int64_t n) {
  std::vector<int32_t> tokens(static_cast<size_t>(n));
  std::iota(tokens.begin(), tokens.end(), 0);
  return Tokens(std::move(tokens));
}

std::vector<int32_t> values(const Tensor& tensor) {
  const auto span = tensor.span<int32_t>();
  return {span.begin(), span.end()};
}

TEST(DataLoader, TargetsAreTheInputsOneTokenLater) {
  const DataLoader loader(counting(1000), 16, 5, 1);
  for (int64_t step = 0; step < 50; ++step) {
    const Batch batch = loader.batch(step);
    EXPECT_EQ(batch.inputs.shape(), (Shape{5, 16}));
    EXPECT_EQ(batch.first_sample, static_cast<uint64_t>(5 * step));
    const auto inputs = values(batch.inputs), targets = values(batch.targets);
    for (size_t i = 0; i < inputs.size(); ++i) {
      EXPECT_EQ(targets[i], inputs[i] + 1);
      if (i % 16 > 0) {
        EXPECT_EQ(inputs[i], inputs[i - 1] + 1);
      }
    }
  }
}

TEST(DataLoader, AnEpochTakesEveryWindowOnce) {
  for (int64_t context : {1, 2, 7, 16})
    for (int64_t n = context + 1; n < 6 * context + 5; ++n) {
      const DataLoader loader(counting(n), context, 3, 9);
      const auto windows = static_cast<uint64_t>(loader.windows_per_epoch());
      ASSERT_GE(windows, 1u);
      for (uint64_t epoch = 0; epoch < 5; ++epoch) {
        std::set<int64_t> begins;
        for (uint64_t i = 0; i < windows; ++i) begins.insert(loader.window_begin(epoch * windows + i));
        ASSERT_EQ(begins.size(), windows);
        const int64_t offset = *begins.begin();
        EXPECT_GE(offset, 0);
        EXPECT_LT(offset, context);
        int64_t expected = offset;
        for (int64_t begin : begins) {
          EXPECT_EQ(begin, expected);
          expected += context;
        }
        EXPECT_LT(*begins.rbegin() + context, n) << "the last target must exist";
        // No more than 2T - 1 tokens sit out.
        EXPECT_LT(n - (static_cast<int64_t>(windows) * context + 1), 2 * context);
      }
    }
}

TEST(DataLoader, OffsetsDifferBetweenEpochsSoThatEveryTokenIsSeen) {
  const DataLoader loader(counting(100), 10, 1, 3);
  std::set<int64_t> offsets;
  std::vector<bool> seen(100);
  const auto windows = static_cast<uint64_t>(loader.windows_per_epoch());
  for (uint64_t sample = 0; sample < 200 * windows; ++sample) {
    const int64_t begin = loader.window_begin(sample);
    offsets.insert(begin % 10);
    for (int64_t i = begin; i <= begin + 10; ++i) seen[static_cast<size_t>(i)] = true;
  }
  EXPECT_EQ(offsets.size(), 10u);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 100);
}

TEST(DataLoader, TheRanksSharesAreTheGlobalBatchForEveryNumberOfRanks) {
  for (int64_t global_batch : {1, 2, 3, 4, 7, 12}) {
    const DataLoader loader(counting(500), 8, global_batch, 4);
    for (int64_t step : {0, 1, 17, 100}) {
      const Batch whole = loader.batch(step);
      for (int ranks = 1; ranks <= 5; ++ranks) {
        std::vector<int32_t> inputs, targets;
        uint64_t next_sample = whole.first_sample;
        for (int rank = 0; rank < ranks; ++rank) {
          const Share share = share_of(global_batch, rank, ranks);
          const Batch part = loader.batch(step, share.first, share.count);
          EXPECT_EQ(part.inputs.shape(), (Shape{share.count, 8}));
          EXPECT_EQ(part.first_sample, next_sample);
          next_sample += static_cast<uint64_t>(share.count);
          for (int32_t token : values(part.inputs)) inputs.push_back(token);
          for (int32_t token : values(part.targets)) targets.push_back(token);
        }
        EXPECT_EQ(inputs, values(whole.inputs));
        EXPECT_EQ(targets, values(whole.targets));
      }
    }
  }
}

TEST(DataLoader, SharesAreEvenToOneRow) {
  for (int64_t total = 0; total < 40; ++total)
    for (int ranks = 1; ranks <= 9; ++ranks) {
      int64_t next = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        const Share share = share_of(total, rank, ranks);
        EXPECT_EQ(share.first, next);
        EXPECT_GE(share.count, total / ranks);
        EXPECT_LE(share.count, (total + ranks - 1) / ranks);
        next += share.count;
      }
      EXPECT_EQ(next, total);
    }
}

TEST(DataLoader, ALoaderAsksNoOneWhatCameBefore) {
  const DataLoader first(counting(777), 8, 6, 5);
  std::map<int64_t, std::vector<int32_t>> in_order;
  for (int64_t step = 0; step < 60; ++step) in_order[step] = values(first.batch(step).inputs);
  for (int64_t step : {59, 3, 30, 0, 31}) {
    const DataLoader resumed(counting(777), 8, 6, 5);
    EXPECT_EQ(values(resumed.batch(step).inputs), in_order[step]) << "step " << step;
  }
}

TEST(DataLoader, BatchSizeOnlyCutsTheSameSequenceDifferently) {
  const DataLoader sixes(counting(777), 8, 6, 5), twos(counting(777), 8, 2, 5);
  for (int64_t step = 0; step < 40; ++step)
    EXPECT_EQ(values(sixes.batch(step, 2, 2).inputs), values(twos.batch(3 * step + 1).inputs));
}

TEST(DataLoader, SeedsGiveDifferentOrders) {
  EXPECT_NE(values(DataLoader(counting(5000), 8, 6, 1).batch(0).inputs),
            values(DataLoader(counting(5000), 8, 6, 2).batch(0).inputs));
}

TEST(DataLoader, ATextShorterThanTheContextIsAUserError) {
  EXPECT_EQ(user_error([] { DataLoader(counting(64), 64, 1, 1); }),
            "the text has only 64 tokens, but a context of 64 needs at least 65");
  EXPECT_EQ(DataLoader(counting(65), 64, 1, 1).windows_per_epoch(), 1);
  EXPECT_THROW(DataLoader(counting(65), 64, 4, 1).batch(0, 3, 2), Error);
}

TEST(SequentialBatches, EveryTokenButTheFirstIsATargetOnceInOrder) {
  for (int64_t n = 2; n < 70; ++n)
    for (int64_t context : {1, 4, 7})
      for (int64_t rows : {1, 3}) {
        const SequentialBatches batches(counting(n), context, rows);
        int32_t next = 1;
        for (int64_t i = 0; i < batches.size(); ++i) {
          const Batch batch = batches[i];
          EXPECT_LE(batch.inputs.size(0), rows);
          EXPECT_GE(batch.inputs.size(0), 1);
          EXPECT_LE(batch.inputs.size(1), context);
          if (i + 1 < batches.size()) {
            EXPECT_EQ(batch.inputs.size(1), context);
          }
          const auto inputs = values(batch.inputs), targets = values(batch.targets);
          for (size_t j = 0; j < targets.size(); ++j, ++next) {
            ASSERT_EQ(targets[j], next) << n << ' ' << context << ' ' << rows;
            ASSERT_EQ(inputs[j], next - 1);
          }
        }
        EXPECT_EQ(next, n);
        EXPECT_EQ(batches.targets(), n - 1);
      }
}

TEST(SequentialBatches, OneTokenPredictsNothing) {
  expect_contains(user_error([] { SequentialBatches(counting(1), 4, 1); }),
                  "at least two tokens, and there are 1");
}

}  // namespace
}  // namespace gpt
