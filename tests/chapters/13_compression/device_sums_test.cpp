// Compressed sums of gradients on devices: the bits of those on the host, whoever carries the codes.

#include <gtest/gtest.h>

#include <cstring>

#include "10_collectives/mpi_communicator.hpp"
#include "12_nccl/host_and_device.hpp"
#include "13_compression/compressing_reducer.hpp"
#include "13_compression/make_compression.hpp"
#include "13_compression/saved_state.hpp"
#include "rows.hpp"
#include "tests/chapters/12_nccl/nccl_job.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int64_t steps = 5, warmup = 2;

struct Result {
  std::vector<Tensor> sums;  // of each step
  SavedState unsent;
};

/// Steps of a reducer as DataParallel takes them, with the gradients in `memory`.
Result run(const std::string& spec, Communicator& ranks, const std::shared_ptr<Allocator>& memory) {
  ParameterStore store;
  for (const auto& [name, shape] :
       {std::pair{"first", Shape{40, 30}}, {"vector", {37}}, {"second", {20, 51}}})
    store.declare(name, shape, [](const Tensor&, const RandomStream&) {});
  store.allocate(1);
  const BucketPlan plan = plan_buckets(store, 400 * 4);
  CompressingReducer reducer(ranks, make_compression(spec, {.seed = 3, .warmup = warmup, .beta1 = 0.9}));
  EXPECT_TRUE(reducer.takes(memory->device())) << spec;
  const Tensor gradients({store.size()}, DType::f32, memory);
  reducer.arrange(store, plan, gradients);
  Result result;
  for (int64_t step = 0; step < steps; ++step) {
    const Floats mine = numbers(store.size(), static_cast<uint64_t>(100 * step + ranks.rank()));
    gradients.copy_from(Tensor::from(mine, gradients.shape()));
    reducer.begin_step(step);
    if (step == warmup && reducer.compression().delivers_momentum())
      reducer.compression().start_momentum(Tensor::full(gradients.shape(), 0.5).on(memory), ranks.size());
    std::vector<std::unique_ptr<Work>> works;
    for (size_t b = 0; b < plan.buckets.size(); ++b)
      works.push_back(reducer.start(b, gradients.slice(0, plan.buckets[b].from, plan.buckets[b].to)));
    for (const auto& work : works) work->wait();
    result.sums.push_back(gradients.host().clone());
  }
  result.unsent = gather_state(reducer.compression(), ranks);
  return result;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.bytes() == b.bytes() && std::memcmp(a.bytes_data(), b.bytes_data(), size_t(a.bytes())) == 0;
}

void expect_same(const Result& result, const Result& wanted, const std::string& what) {
  // What a compression wants whole in its warm-up, each communicator adds in an order of its own.
  for (int64_t step = what.starts_with("sign") ? warmup : 0; step < steps; ++step)
    EXPECT_TRUE(same_bits(result.sums[size_t(step)], wanted.sums[size_t(step)])) << what << ", step " << step;
  ASSERT_EQ(result.unsent.size(), wanted.unsent.size()) << what;
  for (size_t i = 0; i < wanted.unsent.size(); ++i)
    EXPECT_TRUE(same_bits(result.unsent[i].second, wanted.unsent[i].second))
        << what << ", " << wanted.unsent[i].first;
}

TEST(CompressionOnDevices, SumsAreThoseOfTheHost) {
  const MpiSession session;
  if (const std::string missing = why_skipped(session); !missing.empty()) GTEST_SKIP() << missing;
  const std::shared_ptr<Allocator> memory = make_device_memory(device_of(session));
  MpiCommunicator hosts(MPI_COMM_WORLD);
  HostAndDevice devices(hosts, connect(session, memory));
  for (const char* spec : {"bf16", "fp16", "int8", "sign"}) {
    const Result wanted = run(spec, hosts, host_allocator());
    expect_same(run(spec, devices, memory), wanted, fmt::format("{} over NCCL", spec));
    expect_same(run(spec, hosts, memory), wanted, fmt::format("{}, codes by way of the host", spec));
  }
  for (const char* spec : {"topk:0.1", "powersgd:2"})
    EXPECT_FALSE(make_compression(spec)->takes(memory->device())) << "it works on the host";
}

}  // namespace
}  // namespace gpt::KERNEL_SPACE
