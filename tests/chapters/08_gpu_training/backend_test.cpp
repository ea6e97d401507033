// The backend for GPUs computes what every backend must compute: on the SIMT machine, in its checked build,
// and on a GPU where there is one.

#include "tests/chapters/05_gpt/backend_conformance.hpp"

#include "01_tensors/elementwise.hpp"
#include "08_gpu_training/gpu_backend.hpp"

namespace gpt {
namespace {

std::vector<Candidate> candidates() {
  std::vector<Candidate> all;
  if (KERNEL_SPACE::gpu_status().state != GpuStatus::State::ready) return all;
  for (const DType type : {DType::f32, DType::bf16})
    all.push_back({std::string(name_of(type)),
                   [type] { return KERNEL_SPACE::make_gpu_backend({.compute_type = type}); }});
  return all;
}

}  // namespace

TEST(GpuBackend, LogitsMayLieInLongerRows) {
  for (const Candidate& candidate : candidates()) {
    SCOPED_TRACE(candidate.name);
    const auto backend = candidate.make();
    const auto there = [&](const Tensor& x) { return x.on(backend->allocator()); };
    const int64_t N = 5, V = 37, longer = 48;
    Tensor values({N, V}), targets({N}, DType::i32);
    const RandomStream random(1, RandomUse::example);
    for (int64_t i = 0; i < N * V; ++i)
      values.data<float>()[i] = static_cast<float>(random.normal(static_cast<uint64_t>(i)));
    for (int64_t i = 0; i < N; ++i) targets.data<int32_t>()[i] = static_cast<int32_t>(i * 9);
    const Tensor ids = there(targets), dense = there(values);
    const Tensor whole = there(Tensor::full({N, longer}, 100.0)), apart = whole.slice(1, 0, V);
    apart.copy_from(values);
    const Tensor d_dense = backend->empty({N, V});
    const Tensor d_whole = there(Tensor::full({N, longer}, 7.0, backend->compute_type()));

    const Tensor lse = backend->empty({N}, DType::f32), losses = backend->empty({N}, DType::f32);
    const Tensor lse_apart = lse.clone(), losses_apart = losses.clone();
    backend->cross_entropy_forward(losses, lse, dense, ids);
    backend->cross_entropy_backward(d_dense, dense, lse, ids, 0.5);
    backend->cross_entropy_forward(losses_apart, lse_apart, apart, ids);
    backend->cross_entropy_backward(d_whole.slice(1, 0, V), apart, lse_apart, ids, 0.5);
    const auto same = [](const Tensor& a, const Tensor& b, double tolerance) {
      return max_difference(a.host().to(DType::f64).contiguous(), b.host().to(DType::f64).contiguous()) <=
             tolerance;
    };
    EXPECT_TRUE(same(losses, losses_apart, 1e-5));
    EXPECT_TRUE(same(d_dense, d_whole.slice(1, 0, V), backend->compute_type() == DType::bf16 ? 4e-3 : 1e-6));
    EXPECT_TRUE(same(d_whole.slice(1, V, longer), Tensor::full({N, longer - V}, 7.0), 0.0))
        << "a gap written to";
  }
}

INSTANTIATE_TEST_SUITE_P(Gpu, BackendConformance, testing::ValuesIn(candidates()), candidate_name);

}  // namespace gpt
