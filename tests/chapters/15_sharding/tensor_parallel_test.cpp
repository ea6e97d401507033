#include "15_sharding/tensor_parallel.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "01_tensors/elementwise.hpp"
#include "13_compression/wire_counter.hpp"
#include "15_sharding/predictions.hpp"
#include "15_sharding/shared_weights.hpp"

namespace gpt {
namespace {

/// Random numbers of f64, the same on all ranks.
Tensor random(const Shape& shape, uint64_t stream, double deviation = 1) {
  const Tensor x(shape, DType::f64);
  const RandomStream numbers(7, RandomUse::example, stream);
  for (int64_t i = 0; i < x.elements(); ++i)
    x.data<double>()[i] = deviation * numbers.normal(static_cast<uint64_t>(i));
  return x;
}

Tensor share(const Tensor& whole, const Cut& cut, const Communicator& group) {
  return share_view(whole, cut, group.rank(), group.size()).clone();
}

void expect_near(const Tensor& a, const Tensor& b, const char* what) {
  ASSERT_EQ(a.shape(), b.shape()) << what;
  EXPECT_LT(max_difference(a, b), 1e-12) << what;
}

constexpr Cut by_rows{0}, by_columns{1};

TEST(TensorParallel, TwoLayersAreThoseOfOneRank) {
  const auto backend = make_reference_backend();
  const Tensor x0 = random({2, 3, 5}, 1), w1 = random({8, 5}, 2), b1 = random({8}, 3), w2 = random({5, 8}, 4),
               b2 = random({5}, 5), dy = random({2, 3, 5}, 6);
  const auto leaf = [](const Tensor& t) { return Variable::leaf(t.clone()); };
  const Variable x = leaf(x0), v1 = leaf(w1), c1 = leaf(b1), v2 = leaf(w2), c2 = leaf(b2);
  const Variable y = linear(*backend, gelu(*backend, linear(*backend, x, v1, c1)), v2, c2, x);
  y.backward(dy);
  for (const int ranks : {1, 2, 4})
    run_threads(ranks, [&](Communicator& group) {
      const auto own = make_reference_backend();
      const Variable xs = leaf(x0), s1 = leaf(share(w1, by_rows, group)),
                     d1 = leaf(share(b1, by_rows, group)), s2 = leaf(share(w2, by_columns, group)),
                     d2 = leaf(b2);
      const Variable wide = gelu(*own, column_parallel_linear(*own, group, xs, s1, d1));
      EXPECT_EQ(wide.shape()[2], 8 / ranks);
      const Variable ys = row_parallel_linear(*own, group, wide, s2, d2, xs);
      ys.backward(dy);
      expect_near(ys.value(), y.value(), "y");
      expect_near(xs.gradient(), x.gradient(), "dx");
      expect_near(s1.gradient(), share(v1.gradient(), by_rows, group), "d_weight of the columns");
      expect_near(d1.gradient(), share(c1.gradient(), by_rows, group), "d_bias of the columns");
      expect_near(s2.gradient(), share(v2.gradient(), by_columns, group), "d_weight of the rows");
      expect_near(d2.gradient(), c2.gradient(), "d_bias of the rows");
    });
}

TEST(TensorParallel, EmbeddingAndLossOfASplitVocabulary) {
  const auto backend = make_reference_backend();
  const int64_t V = 11, C = 4;
  const Tensor tokens = Tensor::from<int32_t>({0, 10, 5, 3, 5, 7}, {2, 3}),
               targets = Tensor::from<int32_t>({10, 2, -1, 3, 0, 7}, {2, 3});
  const Tensor table = random({V, C}, 1), positions = random({5, C}, 2);
  const Variable t = Variable::leaf(table.clone()), p = Variable::leaf(positions.clone());
  const Variable x = embedding(*backend, tokens, t, p);
  const Variable loss = cross_entropy(*backend, unembedding(*backend, x, t), targets, 0.25);
  loss.backward();
  for (const int ranks : {1, 2, 3, 4, 11})
    run_threads(ranks, [&](Communicator& group) {
      const auto own = make_reference_backend();
      const Span mine = span_of(V, group.rank(), ranks);
      const Variable ts = Variable::leaf(share(table, by_rows, group)),
                     ps = Variable::leaf(positions.clone());
      const Variable xs = vocabulary_parallel_embedding(*own, group, tokens, ts, mine, ps);
      expect_near(xs.value(), x.value(), "x");
      const Variable logits = unembedding(*own, enter_parallel(group, xs), ts);
      const Variable ls = vocabulary_parallel_cross_entropy(*own, group, logits, mine, targets, 0.25);
      ls.backward();
      EXPECT_NEAR(ls.value().item(), loss.value().item(), 1e-12);
      expect_near(ts.gradient(), share(t.gradient(), by_rows, group), "d_table");
      expect_near(ps.gradient(), p.gradient(), "d_positions");
    });
}

TEST(TensorParallel, LargeLogitsDoNotOverflow) {
  run_threads(2, [](Communicator& group) {
    const auto backend = make_reference_backend();
    // The largest logit of the row lies on rank 1, far above all of rank 0.
    const Tensor logits = group.rank() == 0 ? Tensor::from<double>({-4000, 10}, {1, 2})
                                            : Tensor::from<double>({5000, 4999}, {1, 2});
    const Span mine = span_of(4, group.rank(), 2);
    const Tensor target = Tensor::from<int32_t>({3}, {1});
    const Variable z = Variable::leaf(logits);
    const Variable loss = vocabulary_parallel_cross_entropy(*backend, group, z, mine, target, 1);
    EXPECT_NEAR(loss.value().item(), 1 + std::log1p(std::exp(-1.0)), 1e-12);
    loss.backward();
    if (group.rank() == 0) {
      EXPECT_EQ(max_difference(z.gradient(), Tensor::zeros({1, 2}, DType::f64)), 0);
    } else {
      EXPECT_NEAR(z.gradient().at<double>({0, 0}), 1 / (1 + std::exp(-1.0)), 1e-12);
    }
  });
}

const GptConfig config{.layers = 3, .heads = 4, .width = 16, .context = 8, .vocabulary = 13};

TEST(SharedGpt, BeginsAsTheWholeModelDoes) {
  const auto backend = make_reference_backend();
  const Gpt whole(config, *backend, 9);
  for (const int ranks : {1, 2, 4})
    run_threads(ranks, [&](Communicator& group) {
      const auto own = make_reference_backend();
      const auto sharing = std::make_shared<TensorSharing>(config, group);
      const Gpt shared(config, *own, 9, nullptr, nullptr, sharing);
      for (const Parameter& p : shared.parameters().parameters())
        EXPECT_EQ(max_difference(whole_of(*sharing, p, shared.parameters().values()),
                                 whole.parameters().value(whole.parameters().parameter(p.name))),
                  0)
            << p.name;
    });
}

TEST(SharedGpt, EvaluatesWithoutATape) {
  const auto backend = make_reference_backend();
  Gpt whole(config, *backend, 9);
  const Tensor tokens = Tensor::from<int32_t>({1, 2, 3, 4, 5, 6, 7, 12}, {2, 4});
  const double expected = whole.loss(tokens, tokens, 0.5, {}).value().item();
  run_threads(2, [&](Communicator& group) {
    const auto own = make_reference_backend();
    Gpt shared(config, *own, 9, nullptr, nullptr, std::make_shared<TensorSharing>(config, group));
    const Variable loss = shared.loss(tokens, tokens, 0.5, {});
    EXPECT_FALSE(loss.requires_gradient());
    EXPECT_NEAR(loss.value().item(), expected, 1e-12);
  });
}

TEST(SharedGpt, WritesWithItsCacheAsTheWholeModelDoes) {
  const auto backend = make_reference_backend();
  Gpt whole(config, *backend, 9);
  const Tensor prompt = Tensor::from<int32_t>({3, 0, 12}, {1, 3}), next = Tensor::from<int32_t>({7}, {1, 1});
  KvCache cache = whole.make_cache(1);
  const Tensor first = whole.next_logits(prompt, cache), second = whole.next_logits(next, cache);
  for (const int ranks : {2, 4})
    run_threads(ranks, [&](Communicator& group) {
      const auto own = make_reference_backend();
      Gpt shared(config, *own, 9, nullptr, nullptr, std::make_shared<TensorSharing>(config, group));
      KvCache part = shared.make_cache(1);
      EXPECT_EQ(part.qkv[0].elements(), cache.qkv[0].elements() / ranks);
      expect_near(shared.next_logits(prompt, part), first, "after the prompt");
      expect_near(shared.next_logits(next, part), second, "after one more token");
    });
}

TEST(SharedGpt, AFileOfTheWholeModelLoadsAtAnyDegree) {
  const std::string stem = testing::TempDir() + fmt::format("slice_{}", getpid());
  const std::string first = stem + "_1.safetensors", second = stem + "_2.safetensors";
  const auto backend = make_cpu_backend();
  const Gpt whole(config, *backend, 9);
  SafetensorsWriter writer;
  add_weights(writer, whole.parameters(), whole.parameters().values());
  writer.write(first);
  // Two ranks share each layer of two stages.
  run_threads(4, [&](Communicator& all) {
    const auto own = make_cpu_backend();
    const auto group = all.split(all.rank() / 2, all.rank()), stages = all.split(all.rank() % 2, all.rank());
    const auto sharing =
        std::make_shared<TensorSharing>(config, *group, span_of(config.layers, stages->rank(), 2));
    const Gpt shared(config, *own, 1, nullptr, nullptr, sharing);
    const ParameterStore& store = shared.parameters();
    load_share(SafetensorsFile(first), *sharing, store, store.values());
    SafetensorsWriter mine;
    add_whole_weights(mine, *sharing, store, store.values(), stages.get());
    if (all.rank() == 0) mine.write(second);
  });
  EXPECT_EQ(read_file(first), read_file(second)) << "byte for byte";
  std::filesystem::remove(first);
  std::filesystem::remove(second);
}

TEST(SharedGpt, SaysWhyItCannotBeCut) {
  run_threads(3, [](Communicator& group) {
    try {
      const TensorSharing sharing(config, group);
      ADD_FAILURE() << "4 heads on 3 ranks";
    } catch (const UserError& error) {
      EXPECT_NE(std::string(error.what()).find("4 attention heads"), std::string::npos) << error.what();
    }
  });
}

TEST(Predictions, MemoryIsThatOfTheSlices) {
  for (const int ranks : {1, 2, 4})
    for (const int stages : {1, 3})
      run_threads(ranks, [&](Communicator& group) {
        const auto own = make_cpu_backend();
        for (int stage = 0; stage < stages; ++stage) {
          const auto sharing =
              std::make_shared<TensorSharing>(config, group, span_of(config.layers, stage, stages));
          const Gpt shared(config, *own, 9, nullptr, nullptr, sharing);
          const int64_t predicted = parameter_count(config, sharing->place());
          EXPECT_EQ(shared.parameters().parameter_count(), predicted);
        }
      });
  const auto own = make_cpu_backend();
  EXPECT_EQ(parameter_count(config, {.layers = {0, config.layers}}), parameter_count(config));
}

TEST(Predictions, BytesOnTheWireAreCountedToTheByte) {
  const int64_t B = 2, T = 8;
  for (const int ranks : {2, 4})
    run_threads(ranks, [&](Communicator& threads) {
      const auto counter = std::make_shared<WireCounter>();
      CountingCommunicator group(threads, counter);
      const auto own = make_cpu_backend();
      Gpt shared(config, *own, 9, nullptr, nullptr, std::make_shared<TensorSharing>(config, group));
      const Tensor tokens = Tensor::zeros({B, T}, DType::i32);
      const int64_t before = counter->bytes();
      const Variable loss = shared.loss(tokens, tokens, 1.0, {.training = true});
      const int64_t forward = counter->bytes() - before;
      loss.backward();
      const int64_t backward = counter->bytes() - before - forward;
      EXPECT_EQ(forward, tensor_parallel_bytes(config, ranks, B * T).forward);
      EXPECT_EQ(backward, tensor_parallel_bytes(config, ranks, B * T).backward);
    });
}

}  // namespace
}  // namespace gpt
