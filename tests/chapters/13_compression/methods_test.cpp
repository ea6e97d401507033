// The methods beyond codes: what they choose, what they keep, and that nothing is lost.

#include <gtest/gtest.h>

#include <mutex>
#include <numeric>

#include "13_compression/compressing_reducer.hpp"
#include "13_compression/largest.hpp"
#include "13_compression/make_compression.hpp"
#include "13_compression/power_sgd.hpp"
#include "13_compression/sparse_momentum.hpp"
#include "13_compression/wire_counter.hpp"
#include "13_compression/zigzag.hpp"
#include "rows.hpp"

namespace gpt {
namespace {

TEST(Largest, ThoseOfASort) {
  for (const int64_t n : {1, 2, 7, 100, 1000})
    for (const int64_t k : {int64_t{1}, n / 3 + 1, n}) {
      Floats x = numbers(n, static_cast<uint64_t>(n));
      for (size_t i = 0; i < x.size(); i += 5) x[i] = i % 2 ? 3.0f : -3.0f;  // ties
      std::vector<int32_t> wanted(x.size());
      std::iota(wanted.begin(), wanted.end(), 0);
      std::stable_sort(wanted.begin(), wanted.end(), [&](int32_t a, int32_t b) {
        return std::abs(x[static_cast<size_t>(a)]) > std::abs(x[static_cast<size_t>(b)]);
      });
      wanted.resize(static_cast<size_t>(k));
      std::sort(wanted.begin(), wanted.end());
      ASSERT_EQ(largest(x, k), wanted) << n << " " << k;
    }
}

TEST(OneOfEachPart, EveryPositionIsAsLikelyAndNoneComesTwice) {
  std::vector<int> hits(100);
  for (uint64_t time = 0; time < 1000; ++time) {
    std::vector<int32_t> positions(25);
    host_workshop().draw(positions, 0, 100, rounding_key(1, time, 0));
    for (size_t i = 0; i < positions.size(); ++i) {
      ASSERT_GE(positions[i], static_cast<int32_t>(4 * i));
      ASSERT_LT(positions[i], static_cast<int32_t>(4 * i + 4));
      ++hits[static_cast<size_t>(positions[i])];
    }
  }
  for (const int h : hits) EXPECT_NEAR(h, 250, 5 * std::sqrt(1000 * 0.25 * 0.75));
}

TEST(Zigzag, SignsGetNowhereWithoutAMemoryAndArriveWithOne) {
  const std::vector<Point> without = descend_by_signs(false, 1000, 0.01),
                           with = descend_by_signs(true, 1000, 0.01);
  for (const Point& p : without) ASSERT_NEAR(p.x + p.y, 2.0, 1e-6) << "every step goes along (1, -1)";
  EXPECT_GE(zigzag_loss(without.back()), 1.0);
  EXPECT_LT(zigzag_loss(with.back()), 0.05);
}

/// A store with two matrices and a vector, whose gradients are numbers that depend on rank and step.
struct Arena {
  ParameterStore store;
  BucketPlan plan;
  Arena() {
    store.declare("first", {40, 30}, [](const Tensor&, const RandomStream&) {});
    store.declare("vector", {37}, [](const Tensor&, const RandomStream&) {});
    store.declare("second", {20, 50}, [](const Tensor&, const RandomStream&) {});
    store.allocate(1);
    plan = plan_buckets(store, 400 * 4);  // tensors across the ends of buckets
  }
  Floats fill(int rank, int64_t step) {
    store.gradients().fill(0.0);
    for (const Parameter& p : store.parameters()) {
      const Floats x = numbers(p.elements, static_cast<uint64_t>(1000 * step + 10 * rank) + p.name.size());
      std::copy(x.begin(), x.end(), store.gradients().data<float>() + p.offset);
    }
    return {store.gradients().span<float>().begin(), store.gradients().span<float>().end()};
  }
  void sum(Compression& compression, Communicator& group, int64_t step) {
    for (size_t b = 0; b < plan.buckets.size(); ++b) compression.sum(group, b, step);
  }
};

/// What came out in all steps and the residuals are together what went in, but for rounding: the momenta of
/// all ranks, or their gradients.
TEST(Methods, NothingIsLost) {
  constexpr int ranks = 3, steps = 12;
  for (const char* spec : {"sign", "topk:0.05", "randomk:0.05", "powersgd:2"}) {
    std::vector<double> in, out;
    std::mutex mutex;
    run_threads(ranks, [&](Communicator& group) {
      Arena arena;
      const auto size = static_cast<size_t>(arena.store.size());
      {
        const std::lock_guard lock(mutex);
        in.resize(size), out.resize(size);
      }
      // β₁ = 0: the momentum is the gradient, so that what goes in is known.
      const auto compression = make_compression(spec, {.seed = 3, .warmup = 1, .beta1 = 0});
      compression->arrange(arena.store, arena.plan, arena.store.gradients());
      for (int64_t step = 1; step <= steps; ++step) {
        const Floats mine = arena.fill(group.rank(), step);
        arena.sum(*compression, group, step);
        const std::lock_guard lock(mutex);
        for (size_t i = 0; i < size; ++i) in[i] += mine[i];
        for (size_t i = 0; i < size && group.rank() == 0; ++i)
          out[i] += arena.store.gradients().data<float>()[i];
      }
      const std::lock_guard lock(mutex);
      for (const StateRow& row : compression->state())
        if (row.name == "residual" || row.name == "owner")
          for (size_t i = 0; i < size; ++i) out[i] += row.row.data<float>()[i];
    });
    Arena arena;
    for (const Parameter& p : arena.store.parameters())  // the padding is nobody's
      for (int64_t i = p.offset; i < p.offset + p.elements; ++i)
        ASSERT_NEAR(out[static_cast<size_t>(i)], in[static_cast<size_t>(i)], 1e-2)
            << spec << " " << p.name << " " << i - p.offset;
  }
}

/// Of a top-k, exactly: what is not sent stays as it is.
TEST(TopK, SendsTheLargestAndKeepsTheRest) {
  Arena arena;
  const auto alone = make_single_communicator();
  SparseMomentum top_k(SparseMomentum::Choice::top_k, 0.01, 1, {.warmup = 1, .beta1 = 0});
  top_k.arrange(arena.store, arena.plan, arena.store.gradients());
  const Floats before = arena.fill(0, 1);
  arena.sum(top_k, *alone, 100);
  const float* residual = top_k.state()[1].row.data<float>();
  int64_t sent = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    const float out = arena.store.gradients().data<float>()[i];
    ASSERT_EQ(out + residual[i], before[i]);
    ASSERT_TRUE(out == 0 || residual[i] == 0);
    sent += out != 0;
  }
  EXPECT_EQ(sent, 12 + 10 + 37) << "1% of the matrices, and the vector";
}

TEST(TopK, BeginsWithAQuarter) {
  const SparseMomentum top_k(SparseMomentum::Choice::top_k, 0.01, 1, {.warmup = 100, .beta1 = 0.9});
  EXPECT_EQ(top_k.ratio(100), 0.25);
  EXPECT_NEAR(top_k.ratio(150), 0.05, 1e-12);
  EXPECT_NEAR(top_k.ratio(200), 0.01, 1e-12);
  EXPECT_NEAR(top_k.ratio(5000), 0.01, 1e-12);
  EXPECT_EQ(top_k.count(10, 5000), 1);
}

TEST(PowerSgd, OrthonormalRowsAndZerosWhereTheyDepend) {
  constexpr int64_t n = 50, r = 4;
  Floats p = numbers(n * r, 1);
  for (size_t i = 0; i < n; ++i) p[2 * n + i] = 3 * p[i] - p[n + i];  // row 2 depends on 0 and 1
  HostThinMatrices().orthonormalise(p, r);
  for (int64_t a = 0; a < r; ++a)
    for (int64_t b = 0; b < r; ++b) {
      double product = 0;
      for (int64_t i = 0; i < n; ++i)
        product += double{p[static_cast<size_t>(a * n + i)]} * p[static_cast<size_t>(b * n + i)];
      EXPECT_NEAR(product, a == b && a != 2 ? 1 : 0, 1e-6) << a << b;
    }
}

/// Two matrices of rank 2 on each of two ranks, whose sum has rank 4.
TEST(PowerSgd, IsExactForAMatrixOfItsRank) {
  run_threads(2, [](Communicator& group) {
    ParameterStore store;
    store.declare("m", {40, 60}, [](const Tensor&, const RandomStream&) {});
    store.allocate(1);
    const BucketPlan plan = plan_buckets(store, 1000);
    PowerSgd compression({.rank = 4, .seed = 1}, "");
    compression.arrange(store, plan, store.gradients());
    for (int64_t step = 0; step < 3; ++step) {
      Floats whole(2400);
      for (uint64_t rank = 0; rank < 2; ++rank) {
        const Floats a = numbers(80, 7 * rank + static_cast<uint64_t>(step)), b = numbers(120, 9 * rank + 5);
        for (size_t i = 0; i < 40; ++i)
          for (size_t j = 0; j < 60; ++j) {
            const float x = a[i] * b[j] + a[40 + i] * b[60 + j];
            whole[60 * i + j] += x;
            if (static_cast<int>(rank) == group.rank()) store.gradients().data<float>()[60 * i + j] = x;
          }
      }
      for (size_t b = 0; b < plan.buckets.size(); ++b) compression.sum(group, b, step);
      Floats lost = whole;
      for (size_t i = 0; i < whole.size(); ++i) lost[i] -= store.gradients().data<float>()[i];
      EXPECT_LT(norm(lost), 1e-4 * norm(whole)) << step << ": no more than rounding";
    }
  });
}

TEST(PowerSgd, AGradientOfZerosDoesNotEndIt) {
  Arena arena;
  const auto alone = make_single_communicator();
  PowerSgd compression({.rank = 2, .seed = 1}, "");
  compression.arrange(arena.store, arena.plan, arena.store.gradients());
  arena.store.gradients().fill(0.0);
  arena.sum(compression, *alone, 0);
  for (const float g : arena.store.gradients().span<float>()) ASSERT_EQ(g, 0.0f);
  arena.fill(0, 1);
  arena.sum(compression, *alone, 1);
  double size = 0;
  for (const float g : arena.store.gradients().span<float>()) size += std::abs(g);
  EXPECT_GT(size, 1.0);
}

/// On the row whose turn it is nothing is left, and what comes out is what went in since its last turn:
/// exactly, in f32. On the others something is left.
TEST(PowerSgd, EachRowGoesWholeInItsTurn) {
  run_threads(2, [](Communicator& group) {
    constexpr int64_t turn = 6;
    Arena arena;
    PowerSgd compression({.rank = 1, .seed = 1, .turn = turn}, "");
    compression.arrange(arena.store, arena.plan, arena.store.gradients());
    std::vector<int> turns(60);  // 40 rows of the first matrix, 20 of the second
    for (int64_t step = 3; step < 3 + turn; ++step) {
      const Tensor before = compression.state()[0].row.clone(), gradient = arena.store.gradients();
      arena.fill(group.rank(), step);
      const Tensor wanted = gradient.clone();
      for (int64_t i = 0; i < before.elements(); ++i) wanted.data<float>()[i] += before.data<float>()[i];
      group.all_reduce(wanted, ReduceOp::sum);
      arena.sum(compression, group, step);
      const float* left = compression.state()[0].row.data<float>();
      size_t row = 0;
      for (const Parameter& p : arena.store.parameters())
        for (int64_t r = 0; p.shape.rank() == 2 && r < p.shape[0]; ++r, ++row) {
          const int64_t from = p.offset + r * p.shape[1], to = from + p.shape[1];
          const bool whole = std::all_of(left + from, left + to, [](float x) { return x == 0; });
          turns[row] += whole;
          for (int64_t i = from; i < to && whole; ++i)
            ASSERT_EQ(gradient.data<float>()[i], wanted.data<float>()[i]) << p.name << " " << r;
        }
    }
    EXPECT_EQ(turns, std::vector<int>(60, 1)) << "each once in " << turn << " steps";
  });
}

/// A row that goes whole does not take the only column from the others, however large it is.
TEST(PowerSgd, TheColumnsHaveTheRestToThemselves) {
  ParameterStore store;
  store.declare("m", {6, 20}, [](const Tensor&, const RandomStream&) {});
  store.allocate(1);
  PowerSgd compression({.rank = 1, .seed = 1, .turn = 6}, "");
  compression.arrange(store, plan_buckets(store, 1000), store.gradients());
  const Floats large = numbers(20, 1), row = numbers(20, 2);
  float* m = store.gradients().data<float>();
  for (size_t i = 0; i < 120; ++i) m[i] = i < 20 ? 1000 * large[i] : static_cast<float>(i / 20) * row[i % 20];
  compression.sum(*make_single_communicator(), 0, 0);
  for (const float left : compression.state()[0].row.span<float>()) EXPECT_NEAR(left, 0, 1e-4);
}

TEST(PowerSgd, ASecondIterationComesNearer) {
  const auto alone = make_single_communicator();
  std::vector<double> lost;
  for (const int64_t iterations : {1, 2, 20}) {
    Arena arena;
    PowerSgd compression({.rank = 2, .seed = 1, .iterations = iterations}, "");
    compression.arrange(arena.store, arena.plan, arena.store.gradients());
    arena.fill(0, 1);
    arena.sum(compression, *alone, 1);
    const auto left = compression.state()[0].row.span<float>();
    lost.push_back(norm({left.begin(), left.end()}));
  }
  EXPECT_LT(lost[1], 0.95 * lost[0]);
  EXPECT_GT(lost[1], lost[2]) << "the best that two columns can do";
}

/// A residual is never longer than a fixed multiple of what comes in: the compressions contract.
TEST(Methods, ResidualsDoNotGrow) {
  for (const char* spec : {"sign", "topk:0.1", "randomk:0.1", "powersgd:2"})
    run_threads(2, [&](Communicator& group) {
      Arena arena;
      const auto compression = make_compression(spec, {.seed = 3, .warmup = 1, .beta1 = 0});
      compression->arrange(arena.store, arena.plan, arena.store.gradients());
      double longest = 0;
      for (int64_t step = 1; step <= 200; ++step) {
        arena.fill(group.rank(), step);
        arena.sum(*compression, group, step + 1000);
        if (step == 100 || step == 200)
          for (const StateRow& row : compression->state())
            if (row.name == "residual")
              longest = std::max(longest, norm({row.row.span<float>().begin(), row.row.span<float>().end()}));
      }
      const double one = norm(arena.fill(group.rank(), 1));
      EXPECT_LT(longest, 20 * one) << spec;
    });
}

TEST(Methods, TheBytesAreThoseOfTheFormula) {
  // Matrices of 1200 and 1000 numbers, a vector of 37, on 4 ranks; dense, 2·3/4·4 = 6 bytes a number.
  const auto coded = [](int64_t n) { return two_phase_bytes(*make_int8_codec(), n, 4); };
  const std::vector<std::pair<std::string, int64_t>> wanted{
      {"topk:0.01", 3 * 8 * (12 + 10) + 6 * 37},
      {"randomk:0.01", 6 * (12 + 10) + 6 * 37},
      // The smaller one goes whole: 8·(20 + 50) are more than half of it.
      {"powersgd:8", coded(8 * 40) + coded(8 * 30) + coded(20 * 50 + 37)},
      // Two iterations; and in step 1003 = 5·200 + 3 the fourth fifth of the rows: 24 … 31 and 12 … 15; the
      // vector travels with the latter.
      {"powersgd:2", 2 * (coded(2 * 40) + coded(2 * 30) + coded(2 * 20) + coded(2 * 50)) + coded(8 * 30) +
                         coded(4 * 50 + 37)}};
  for (const auto& [spec, bytes] : wanted)
    run_threads(4, [&, spec = spec, bytes = bytes](Communicator& threads) {
      const auto counter = std::make_shared<WireCounter>();
      CountingCommunicator group(threads, counter);
      Arena arena;
      const auto compression = make_compression(spec, {.seed = 3, .warmup = 1, .beta1 = 0.9});
      compression->arrange(arena.store, arena.plan, arena.store.gradients());
      arena.fill(group.rank(), 1);
      arena.sum(*compression, group, 1003);
      EXPECT_EQ(counter->bytes(), bytes) << spec;
    });
}

}  // namespace
}  // namespace gpt
