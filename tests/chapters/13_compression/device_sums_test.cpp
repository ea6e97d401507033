// Compressed sums of gradients on devices: the bits of those on the host, whoever carries the codes.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "07_cuda_kernels/ladder.hpp"
#include "10_collectives/mpi_communicator.hpp"
#include "12_nccl/host_and_device.hpp"
#include "13_compression/compressing_reducer.hpp"
#include "13_compression/make_compression.hpp"
#include "13_compression/saved_state.hpp"
#include "rows.hpp"
#include "tests/chapters/12_nccl/nccl_job.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int64_t steps = 6, warmup = 2;

struct Result {
  std::vector<Tensor> sums;  // of each step
  SavedState unsent;
};

/// What rank 0 has saved, on all ranks.
SavedState shared(const SavedState& saved, Communicator& ranks) {
  SavedState all;
  const auto count = static_cast<size_t>(ranks.all_reduce(static_cast<double>(saved.size()), ReduceOp::max));
  for (size_t i = 0; i < count; ++i) {
    const bool mine = ranks.rank() == 0;
    const std::string name = ranks.broadcast(mine ? saved[i].first : "", 0);
    const double elements = ranks.all_reduce(mine ? double(saved[i].second.elements()) : 0.0, ReduceOp::max);
    const Tensor row = mine ? saved[i].second : Tensor({int64_t(elements)});
    ranks.broadcast(row, 0);
    all.emplace_back(name, row);
  }
  return all;
}

/// Steps of a reducer as DataParallel takes them, with the gradients in `memory`; in the middle they move to
/// `later`, by way of what a checkpoint holds.
Result run(const std::string& spec, Communicator& ranks, const std::shared_ptr<Allocator>& memory,
           const std::shared_ptr<Allocator>& later) {
  ParameterStore store;
  for (const auto& [name, shape] :
       {std::pair{"first", Shape{40, 30}}, {"vector", {37}}, {"second", {20, 51}}})
    store.declare(name, shape, [](const Tensor&, const RandomStream&) {});
  store.allocate(1);
  const BucketPlan plan = plan_buckets(store, 400 * 4);
  std::unique_ptr<CompressingReducer> reducer;
  Tensor gradients;
  Result result;
  const auto begin = [&](const std::shared_ptr<Allocator>& place) {
    reducer = std::make_unique<CompressingReducer>(
        ranks, make_compression(spec, {.seed = 3, .warmup = warmup, .beta1 = 0.9}));
    EXPECT_TRUE(reducer->takes(place->device())) << spec;
    gradients = Tensor({store.size()}, DType::f32, place);
    reducer->arrange(store, plan, gradients);
  };
  begin(memory);
  for (int64_t step = 0; step < steps; ++step) {
    if (step == warmup + 2) {
      const SavedState saved = shared(gather_state(reducer->compression(), ranks), ranks);
      begin(later);
      restore_state(reducer->compression(), ranks.rank(), ranks.size(), ranks.size(),
                    [&](const std::string& name, const Shape&) {
                      return std::ranges::find(saved, name, &SavedState::value_type::first)->second;
                    });
    }
    Floats mine(static_cast<size_t>(store.size()));  // between the parameters zeros
    for (const Parameter& p : store.parameters())
      std::ranges::copy(numbers(p.elements, static_cast<uint64_t>(100 * step + ranks.rank())),
                        mine.begin() + p.offset);
    gradients.copy_from(Tensor::from(mine, gradients.shape()));
    reducer->begin_step(step);
    if (step == warmup && reducer->compression().delivers_momentum())
      reducer->compression().start_momentum(Tensor::full(gradients.shape(), 0.5).on(memory), ranks.size());
    std::vector<std::unique_ptr<Work>> works;
    for (size_t b = 0; b < plan.buckets.size(); ++b)
      works.push_back(reducer->start(b, gradients.slice(0, plan.buckets[b].from, plan.buckets[b].to)));
    for (const auto& work : works) work->wait();
    result.sums.push_back(gradients.host().clone());
  }
  result.unsent = gather_state(reducer->compression(), ranks);
  return result;
}

/// How far a result may be off the host's, relative to the largest number: 0 means the same bits.
struct Bounds {
  double sums = 0, unsent = 0;
};

void expect_same(const Tensor& got, const Tensor& wanted, double bound, const std::string& what) {
  if (bound > 0) {
    EXPECT_LE(relative_error(got, wanted), bound) << what;
    return;
  }
  ASSERT_EQ(got.bytes(), wanted.bytes()) << what;
  EXPECT_EQ(std::memcmp(got.bytes_data(), wanted.bytes_data(), size_t(got.bytes())), 0) << what;
}

void expect_same(const Result& result, const Result& wanted, Communicator& ranks, const Bounds& bounds,
                 const std::string& what) {
  for (int64_t step = 0; step < steps; ++step) {
    const Tensor& sums = result.sums[size_t(step)];
    const Tensor first = sums.clone();
    ranks.broadcast(first, 0);
    expect_same(sums, first, 0, fmt::format("{}, step {}, on all ranks", what, step));
    // What a compression wants whole, in its warm-up or for being small, each communicator adds in an order
    // of its own.
    expect_same(sums, wanted.sums[size_t(step)], step < warmup ? 1e-6 : bounds.sums,
                fmt::format("{}, step {}", what, step));
  }
  ASSERT_EQ(result.unsent.size(), wanted.unsent.size()) << what;
  for (size_t i = 0; i < wanted.unsent.size(); ++i)
    expect_same(result.unsent[i].second, wanted.unsent[i].second, bounds.unsent,
                what + ", " + wanted.unsent[i].first);
}

TEST(CompressionOnDevices, SumsAreThoseOfTheHost) {
  const MpiSession session;
  if (const std::string missing = why_skipped(session); !missing.empty()) GTEST_SKIP() << missing;
  const std::shared_ptr<Allocator> memory = make_device_memory(device_of(session)), host = host_allocator();
  MpiCommunicator hosts(MPI_COMM_WORLD);
  HostAndDevice devices(hosts, connect(session, memory));
  for (const std::string spec : {"bf16", "fp16", "int8", "sign", "topk:0.1", "randomk:0.2"}) {
    const Result wanted = run(spec, hosts, host, host);
    const bool whole = spec.starts_with("topk") || spec.starts_with("randomk");  // sends something whole
    expect_same(run(spec, devices, memory, memory), wanted, hosts, {whole ? 1e-6 : 0.0, 0},
                spec + " over NCCL");
    expect_same(run(spec, hosts, memory, host), wanted, hosts, {},
                spec + ", by way of the host, and back to it");
    expect_same(run(spec, hosts, host, memory), wanted, hosts, {}, spec + ", begun on the host");
  }
  // Products are summed in another order there, and now and then a code is rounded to the next one, which a
  // second iteration enlarges.
  const Result wanted = run("powersgd:4", hosts, host, host);
  expect_same(run("powersgd:8", devices, memory, memory), run("powersgd:8", hosts, host, host), hosts,
              {2e-2, 2e-2}, "powersgd, one iteration");
  constexpr Bounds near{0.25, 0.25};
  expect_same(run("powersgd:4", devices, memory, memory), wanted, hosts, near, "powersgd over NCCL");
  expect_same(run("powersgd:4", hosts, memory, host), wanted, hosts, near, "powersgd, and back to the host");
  expect_same(run("powersgd:4", hosts, host, memory), wanted, hosts, near, "powersgd, begun on the host");
}

}  // namespace
}  // namespace gpt::KERNEL_SPACE
