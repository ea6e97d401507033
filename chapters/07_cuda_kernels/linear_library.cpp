#include "07_cuda_kernels/linear_library.hpp"

#ifdef GPT_CUBLASLT
#include <cublasLt.h>

#include <memory>

#include "06_simt/device_array.hpp"
#endif

namespace gpt::KERNEL_SPACE {

#ifndef GPT_CUBLASLT

std::function<void()> linear_forward_by_library(DType, void*, const void*, const void*, int64_t, int64_t,
                                                int64_t) {
  return {};
}

#else
namespace {

void check(cublasStatus_t status, const char* what) {
  if (status != CUBLAS_STATUS_SUCCESS) simt::detail::cuda_failed(what, cublasLtGetStatusString(status));
}

/// A product that the library has planned.
class Planned {
 public:
  // Its matrices lie by columns. So it computes yᵀ = weight · xᵀ, where our weight is its (inputs, outputs),
  // transposed, and our x its (inputs, rows).
  Planned(DType type, int64_t rows, int64_t inputs, int64_t outputs) : workspace_(workspace_bytes) {
    const cudaDataType number = is_bf16(type) ? CUDA_R_16BF : CUDA_R_32F;
    const auto m = static_cast<uint64_t>(outputs), n = static_cast<uint64_t>(rows),
               k = static_cast<uint64_t>(inputs);
    check(cublasLtCreate(&library_), "cublasLtCreate");
    check(cublasLtMatmulDescCreate(&product_, CUBLAS_COMPUTE_32F, CUDA_R_32F), "cublasLtMatmulDescCreate");
    const cublasOperation_t transposed = CUBLAS_OP_T;
    check(
        cublasLtMatmulDescSetAttribute(product_, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof transposed),
        "cublasLtMatmulDescSetAttribute");
    check(cublasLtMatrixLayoutCreate(&weight_, number, k, m, inputs), "cublasLtMatrixLayoutCreate");
    check(cublasLtMatrixLayoutCreate(&x_, number, k, n, inputs), "cublasLtMatrixLayoutCreate");
    check(cublasLtMatrixLayoutCreate(&y_, number, m, n, outputs), "cublasLtMatrixLayoutCreate");
    cublasLtMatmulPreference_t preference = nullptr;
    check(cublasLtMatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate");
    check(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                               &workspace_bytes, sizeof workspace_bytes),
          "cublasLtMatmulPreferenceSetAttribute");
    int found = 0;
    const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(library_, product_, weight_, x_, y_, y_,
                                                                 preference, 1, &best_, &found);
    cublasLtMatmulPreferenceDestroy(preference);
    check(status, "cublasLtMatmulAlgoGetHeuristic");
    require(found > 0, "cuBLASLt knows no way to compute this product");
  }
  ~Planned() {
    for (const cublasLtMatrixLayout_t layout : {weight_, x_, y_}) cublasLtMatrixLayoutDestroy(layout);
    cublasLtMatmulDescDestroy(product_);
    cublasLtDestroy(library_);
  }
  Planned(const Planned&) = delete;
  Planned& operator=(const Planned&) = delete;

  void run(void* y, const void* x, const void* weight) const {
    const float one = 1, zero = 0;
    check(cublasLtMatmul(library_, product_, &one, weight, weight_, x, x_, &zero, y, y_, y, y_, &best_.algo,
                         workspace_.data(), workspace_bytes, nullptr),
          "cublasLtMatmul");
  }

 private:
  static constexpr size_t workspace_bytes = size_t{32} << 20;  // what NVIDIA advises from sm_90 on

  cublasLtHandle_t library_ = nullptr;
  cublasLtMatmulDesc_t product_ = nullptr;
  cublasLtMatrixLayout_t weight_ = nullptr, x_ = nullptr, y_ = nullptr;
  cublasLtMatmulHeuristicResult_t best_{};
  simt::DeviceArray<std::byte> workspace_;
};

}  // namespace

std::function<void()> linear_forward_by_library(DType type, void* y, const void* x, const void* weight,
                                                int64_t rows, int64_t inputs, int64_t outputs) {
  const auto planned = std::make_shared<Planned>(type, rows, inputs, outputs);
  return [=] { planned->run(y, x, weight); };
}
#endif

}  // namespace gpt::KERNEL_SPACE
