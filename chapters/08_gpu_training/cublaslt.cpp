#include "08_gpu_training/cublaslt.hpp"
#ifdef SIMT_USE_CUDA

#include <algorithm>
#include <bit>

#include "06_simt/simt.hpp"
#include "common/check.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int64_t workspace_bytes = 32 << 20;  // what NVIDIA recommends for Hopper

void check(cublasStatus_t status, const char* what) {
  if (status != CUBLAS_STATUS_SUCCESS) simt::detail::cuda_failed(what, cublasLtGetStatusString(status));
}

cudaDataType_t type_of(const Tensor& tensor) {
  return tensor.dtype() == DType::bf16 ? CUDA_R_16BF : CUDA_R_32F;
}

/// The largest power of two, up to 256, that divides the address: fast algorithms need 16 bytes.
uint32_t alignment(const Tensor& tensor) {
  const auto address = reinterpret_cast<uintptr_t>(tensor.address());
  return static_cast<uint32_t>(std::min<uintptr_t>(256, address & (~address + 1)));
}

cublasLtMatrixLayout_t layout(const Tensor& tensor, int64_t rows, int64_t columns) {
  cublasLtMatrixLayout_t result = nullptr;
  check(cublasLtMatrixLayoutCreate(&result, type_of(tensor), static_cast<uint64_t>(rows),
                                   static_cast<uint64_t>(columns), tensor.strides()[0]),
        "cublasLtMatrixLayoutCreate");
  return result;
}

}  // namespace

/// What the library wants to know about a product, and how it will compute it.
struct CublasLt::Plan {
  cublasLtMatmulDesc_t description = nullptr;
  cublasLtMatrixLayout_t a = nullptr, b = nullptr, d = nullptr;  // C is stored as D
  cublasLtMatmulAlgo_t algorithm{};
  bool found = false;

  ~Plan() {
    for (const cublasLtMatrixLayout_t matrix : {a, b, d}) cublasLtMatrixLayoutDestroy(matrix);
    cublasLtMatmulDescDestroy(description);
  }
  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, const T& value) const {
    check(cublasLtMatmulDescSetAttribute(description, attribute, &value, sizeof value),
          "cublasLtMatmulDescSetAttribute");
  }
};

CublasLt::CublasLt(const std::shared_ptr<Allocator>& allocator, cudaStream_t stream, bool tf32)
    : stream_(stream), tf32_(tf32), workspace_({workspace_bytes / 4}, DType::f32, allocator) {
  check(cublasLtCreate(&handle_), "cublasLtCreate");
}

CublasLt::~CublasLt() {
  plans_.clear();
  cublasLtDestroy(handle_);
}

// [plan]
CublasLt::Plan& CublasLt::plan(const MatrixProduct& p) {
  const Tensor& c = p.c.defined() ? p.c : p.d;
  const uint32_t aligned[] = {alignment(p.a), alignment(p.b), alignment(c), alignment(p.d)};
  int64_t alignments = 0;
  for (const uint32_t bytes : aligned) alignments = alignments << 16 | bytes;
  const int flags = p.transpose_a | p.transpose_b << 1 | p.bias.defined() << 2 |
                    (p.a.dtype() == DType::bf16) << 3 | (p.d.dtype() == DType::bf16) << 4;
  std::unique_ptr<Plan>& known =
      plans_[{p.m, p.n, p.k, flags, alignments, p.a.strides()[0], p.b.strides()[0], p.d.strides()[0]}];
  if (known) return *known;

  known = std::make_unique<Plan>();
  Plan& plan = *known;
  check(cublasLtMatmulDescCreate(&plan.description, tf32_ ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F,
                                 CUDA_R_32F),
        "cublasLtMatmulDescCreate");
  plan.set(CUBLASLT_MATMUL_DESC_TRANSA, p.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
  plan.set(CUBLASLT_MATMUL_DESC_TRANSB, p.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
  if (p.bias.defined()) {
    plan.set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
    plan.set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, p.bias.address());
  }
  plan.a = p.transpose_a ? layout(p.a, p.k, p.m) : layout(p.a, p.m, p.k);
  plan.b = p.transpose_b ? layout(p.b, p.n, p.k) : layout(p.b, p.k, p.n);
  plan.d = layout(p.d, p.m, p.n);

  cublasLtMatmulPreference_t preference = nullptr;
  check(cublasLtMatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate");
  const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, auto value) {
    check(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value),
          "cublasLtMatmulPreferenceSetAttribute");
  };
  prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<uint64_t>(workspace_bytes));
  // A sum that is cut into parts is added up from memory, in order; not by whoever comes first.
  prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
         static_cast<uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, aligned[0]);
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, aligned[1]);
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, aligned[2]);
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, aligned[3]);
  cublasLtMatmulHeuristicResult_t best{};
  int results = 0;
  const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
      handle_, plan.description, plan.a, plan.b, plan.d, plan.d, preference, 1, &best, &results);
  cublasLtMatmulPreferenceDestroy(preference);
  plan.found = status == CUBLAS_STATUS_SUCCESS && results > 0 && best.state == CUBLAS_STATUS_SUCCESS;
  plan.algorithm = best.algo;
  return plan;
}
// [/plan]

bool CublasLt::multiply(const MatrixProduct& p) {
  if (p.m == 0 || p.n == 0) return true;
  GPT_CHECK(!p.c.defined() || p.c.strides()[0] == p.d.strides()[0], "rows {} and {} apart", p.d.strides()[0],
            p.c.strides()[0]);
  const Plan& plan = this->plan(p);
  if (!plan.found) return false;
  if (p.bias.defined()) plan.set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, p.bias.address());
  const float one = 1.0f, beta = p.c.defined() ? 1.0f : 0.0f;
  const Tensor& c = p.c.defined() ? p.c : p.d;
  check(cublasLtMatmul(handle_, plan.description, &one, p.a.address(), plan.a, p.b.address(), plan.b, &beta,
                       c.address(), plan.d, p.d.address(), plan.d, &plan.algorithm, workspace_.address(),
                       static_cast<size_t>(workspace_bytes), stream_),
        "cublasLtMatmul");
  return true;
}

}  // namespace gpt::KERNEL_SPACE
#endif
