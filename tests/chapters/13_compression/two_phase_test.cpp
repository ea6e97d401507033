// The two-phase sum: right, the same on all ranks, nothing lost with a memory, and as many bytes as the
// formula says.

#include "13_compression/two_phase.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <mutex>
#include <set>

#include "13_compression/tournament.hpp"
#include "13_compression/wire_counter.hpp"
#include "rows.hpp"

namespace gpt {
namespace {

using MakeCodec = std::unique_ptr<Codec> (*)();
constexpr MakeCodec codecs[] = {make_bf16_codec, make_fp16_codec, make_int8_codec, make_sign_codec};

TEST(Tournament, EverybodyMeetsEverybodyOnce) {
  for (int ranks = 1; ranks <= 17; ++ranks)
    for (int rank = 0; rank < ranks; ++rank) {
      std::set<int> met;
      for (int round = 0; round < tournament_rounds(ranks); ++round) {
        const int other = partner_of(rank, round, ranks);
        ASSERT_GE(other, 0);
        ASSERT_LT(other, ranks);
        ASSERT_EQ(partner_of(other, round, ranks), rank) << "both must think so";
        ASSERT_TRUE(other == rank || met.insert(other).second);
      }
      ASSERT_EQ(met.size(), static_cast<size_t>(ranks - 1));
    }
}

/// All ranks sum rows of n numbers; returns what each of them gets.
std::vector<Floats> sums(const Codec& codec, int ranks, int64_t n) {
  std::vector<Floats> rows(static_cast<size_t>(ranks));
  run_threads(ranks, [&](Communicator& group) {
    Floats& row = rows[static_cast<size_t>(group.rank())];
    row = numbers(n, static_cast<uint64_t>(group.rank()));
    two_phase_sum(group, codec, row, {}, {1, 2, 3});
  });
  return rows;
}

Floats exact_sum(int ranks, int64_t n) {
  Floats sum(static_cast<size_t>(n));
  for (int rank = 0; rank < ranks; ++rank) {
    const Floats row = numbers(n, static_cast<uint64_t>(rank));
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += row[i];
  }
  return sum;
}

TEST(TwoPhase, SumsWithTheSameBitsOnAllRanks) {
  for (const MakeCodec make : codecs)
    for (const int ranks : {1, 2, 3, 4, 5})
      for (const int64_t n : {0, 1, 2, 3, 7, 1000, 9001}) {
        const auto codec = make();
        const std::vector<Floats> rows = sums(*codec, ranks, n);
        for (const Floats& row : rows)
          ASSERT_TRUE(row.empty() || std::memcmp(row.data(), rows[0].data(), row.size() * sizeof(float)) == 0)
              << codec->name();
        const Floats exact = exact_sum(ranks, n);
        Floats lost(exact.size());
        for (size_t i = 0; i < lost.size(); ++i) lost[i] = exact[i] - rows[0][i];
        // On one rank nothing is sent, so nothing is lost.
        const double factor = ranks == 1 ? 0 : codec->name() == "sign" ? 2 : 0.03;
        EXPECT_LE(norm(lost), factor * norm(exact)) << codec->name() << " " << ranks << " " << n;
      }
}

TEST(TwoPhase, IsRightOnAverage) {
  constexpr int ranks = 3, times = 300;
  constexpr int64_t n = 600;
  const Floats exact = exact_sum(ranks, n);
  std::vector<double> mean(exact.size()), squares(exact.size());
  run_threads(ranks, [&](Communicator& group) {
    const auto codec = make_int8_codec();
    for (int64_t step = 0; step < times; ++step) {
      Floats row = numbers(n, static_cast<uint64_t>(group.rank()));
      two_phase_sum(group, *codec, row, {}, {1, step, 0});
      for (size_t i = 0; i < row.size() && group.rank() == 0; ++i) {
        const double difference = double{row[i]} - exact[i];
        mean[i] += difference / times, squares[i] += difference * difference / times;
      }
    }
  });
  int outside = 0;
  double distances = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    const double distance = mean[i] / std::sqrt(squares[i] / times);
    distances += distance;
    outside += std::abs(distance) > 4;
  }
  EXPECT_LE(outside, 1);
  EXPECT_LT(std::abs(distances) / std::sqrt(static_cast<double>(n)), 4.0);
}

/// The sums of all steps and what is still in the memories are together what the ranks brought.
TEST(TwoPhase, NothingIsLostWithAMemory) {
  constexpr int ranks = 3, steps = 20;
  constexpr int64_t n = 2500;
  for (const MakeCodec make : codecs) {
    std::vector<double> brought(n), arrived(n);
    std::mutex mutex;
    run_threads(ranks, [&](Communicator& group) {
      const auto codec = make();
      Floats mine(n), owner(n);
      for (int64_t step = 0; step < steps; ++step) {
        Floats row = numbers(n, static_cast<uint64_t>(100 * step + group.rank()));
        const std::lock_guard lock(mutex);
        for (size_t i = 0; i < row.size(); ++i) brought[i] += row[i];
      }
      for (int64_t step = 0; step < steps; ++step) {
        Floats row = numbers(n, static_cast<uint64_t>(100 * step + group.rank()));
        two_phase_sum(group, *codec, row, {mine, owner}, {1, step, 0});
        for (size_t i = 0; i < row.size() && group.rank() == 0; ++i) arrived[i] += row[i];
      }
      group.barrier();
      const std::lock_guard lock(mutex);
      for (size_t i = 0; i < arrived.size(); ++i) arrived[i] += double{mine[i]} + double{owner[i]};
    });
    for (size_t i = 0; i < brought.size(); ++i)
      ASSERT_NEAR(arrived[i], brought[i], 2e-5 * 3000) << make()->name() << " " << i;
  }
}

TEST(TwoPhase, TheBytesAreThoseOfTheFormula) {
  for (const MakeCodec make : codecs)
    for (const int ranks : {1, 2, 3, 4})
      for (const int64_t n : {1, 1000, 100000})
        run_threads(ranks, [&](Communicator& threads) {
          const auto counter = std::make_shared<WireCounter>();
          CountingCommunicator group(threads, counter);
          const auto codec = make();
          Floats row = numbers(n, 1);
          two_phase_sum(group, *codec, row, {}, {});
          EXPECT_EQ(counter->bytes(), two_phase_bytes(*codec, n, ranks));
          if (n == 100000 && ranks > 1) {
            const auto dense = static_cast<double>(all_reduce_bytes(4 * n, ranks));
            const double ratio = codec->name() == "sign" ? 30 : codec->name() == "int8" ? 3.9 : 1.99;
            EXPECT_GT(dense, ratio * static_cast<double>(counter->bytes())) << codec->name();
          }
        });
}

TEST(TwoPhase, ANumberThatIsNoneReachesAllRanks) {
  for (const MakeCodec make : codecs)
    run_threads(3, [&](Communicator& group) {
      Floats row = numbers(5000, 1);
      if (group.rank() == 1) row[4000] = std::nanf("");
      two_phase_sum(group, *make(), row, {}, {});
      EXPECT_FALSE(std::isfinite(row[4000])) << make()->name();
    });
}

}  // namespace
}  // namespace gpt
