// product(): the matrix product of the trainer, by oneDNN.

#include <oneapi/dnnl/dnnl.hpp>

#include <string>
#include <unordered_map>

#include "01_tensors/matmul.hpp"

namespace gpt {
namespace {

dnnl::memory::data_type type_of(const Tensor& t) {
  GPT_CHECK(t.dtype() == DType::f32 || t.dtype() == DType::bf16, "product() takes f32 or bf16, not {}",
            t.dtype());
  return t.dtype() == DType::f32 ? dnnl::memory::data_type::f32 : dnnl::memory::data_type::bf16;
}

/// oneDNN describes a matrix as we do: sizes and strides.
dnnl::memory::desc describe(const Tensor& t) {
  const dnnl::memory::dims sizes(t.shape().begin(), t.shape().end());
  const dnnl::memory::dims strides(t.strides().begin(), t.strides().end());
  return {sizes, type_of(t), strides};
}

/// The bias as a matrix with one row, so that it broadcasts over the rows of the result.
dnnl::memory::desc describe_bias(const Tensor& bias, int rank) {
  dnnl::memory::dims sizes(static_cast<size_t>(rank), 1), strides(static_cast<size_t>(rank), bias.elements());
  sizes.back() = bias.elements();
  strides.back() = 1;
  return {sizes, type_of(bias), strides};
}

const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

/// Everything that distinguishes one prepared product from another.
std::string key_of(const Tensor& a, const Tensor& b, const Tensor& out, const ProductOptions& options) {
  std::string key;
  const auto append = [&key](const auto& value) {
    key.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  for (const Tensor* t : {&a, &b, &out}) {
    append(t->dtype());
    for (int d = 0; d < t->rank(); ++d) {
      append(t->size(d));
      append(t->strides()[d]);
    }
  }
  append(options.bias != nullptr);
  append(options.residual != nullptr);
  append(options.accumulate);
  return key;
}

dnnl::matmul prepare(const Tensor& a, const Tensor& b, const Tensor& out, const ProductOptions& options) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::library);
  dnnl::post_ops then;
  if (options.accumulate) then.append_sum(1.0f);
  if (options.residual) then.append_binary(dnnl::algorithm::binary_add, describe(*options.residual));
  attributes.set_post_ops(then);
  const dnnl::matmul::desc desc =
      options.bias ? dnnl::matmul::desc(describe(a), describe(b), describe_bias(*options.bias, out.rank()),
                                        describe(out))
                   : dnnl::matmul::desc(describe(a), describe(b), describe(out));
  return dnnl::matmul(dnnl::matmul::primitive_desc(desc, attributes, engine()));
}

}  // namespace

void product(const Tensor& a, const Tensor& b, const Tensor& out, const ProductOptions& options) {
  GPT_CHECK(a.rank() == b.rank() && a.rank() == out.rank() && a.size(-1) == b.size(-2) &&
                out.size(-2) == a.size(-2) && out.size(-1) == b.size(-1),
            "product of shapes {} and {} into {}", a.shape(), b.shape(), out.shape());
  // oneDNN generates code when a product is prepared, so each thread keeps what it has prepared. A training
  // run uses a few dozen shapes.
  thread_local std::unordered_map<std::string, dnnl::matmul> prepared;
  const std::string key = key_of(a, b, out, options);
  auto found = prepared.find(key);
  if (found == prepared.end()) found = prepared.emplace(key, prepare(a, b, out, options)).first;

  thread_local dnnl::stream stream(engine());
  const auto memory = [](const Tensor& t, const dnnl::memory::desc& desc) {
    return dnnl::memory(desc, engine(), t.bytes_data());
  };
  std::unordered_map<int, dnnl::memory> arguments{{DNNL_ARG_SRC, memory(a, describe(a))},
                                                  {DNNL_ARG_WEIGHTS, memory(b, describe(b))},
                                                  {DNNL_ARG_DST, memory(out, describe(out))}};
  if (options.bias)
    arguments.emplace(DNNL_ARG_BIAS, memory(*options.bias, describe_bias(*options.bias, out.rank())));
  if (options.residual)
    arguments.emplace(DNNL_ARG_ATTR_MULTIPLE_POST_OP(options.accumulate ? 1 : 0) | DNNL_ARG_SRC_1,
                      memory(*options.residual, describe(*options.residual)));
  found->second.execute(stream, arguments);
}

}  // namespace gpt
