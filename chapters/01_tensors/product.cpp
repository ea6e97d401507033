// product(): the matrix product of the trainer, by oneDNN.

#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>

#include <optional>
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

/// oneDNN describes a matrix as we do: sizes and strides. But of a single row or column it also looks at the
/// stride that no element needs, and refuses some; so it gets the one that a dense matrix would have.
dnnl::memory::desc describe(const Tensor& t) {
  const dnnl::memory::dims sizes(t.shape().begin(), t.shape().end());
  Shape strides = t.strides();
  if (t.size(-2) == 1) strides[-2] = strides[-1] == 1 ? t.size(-1) : 1;
  if (t.size(-1) == 1) strides[-1] = strides[-2] == 1 ? t.size(-2) : 1;
  return {sizes, type_of(t), dnnl::memory::dims(strides.begin(), strides.end())};
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

/// Everything that distinguishes one prepared product from another: types, sizes, strides, what else is done,
/// and how many threads it was divided among.
std::string key_of(const Tensor& a, const Tensor& b, const Tensor& out, const ProductOptions& options) {
  std::string key;
  const auto append = [&key](const auto& value) {
    key.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  append(omp_get_max_threads());
  append(options.accumulate);
  for (const Tensor* t : {&a, &b, &out, options.bias, options.residual}) {
    append(t != nullptr);
    if (t == nullptr) continue;
    append(t->dtype());
    for (int d = 0; d < t->rank(); ++d) {
      append(t->size(d));
      append(t->strides()[d]);
    }
  }
  return key;
}

/// oneDNN's code for a product.
struct Prepared {
  dnnl::matmul product;
  dnnl::memory::desc b;               // how it wants the second operand
  std::optional<dnnl::reorder> pack;  // to bring it there, where it does not lie so already
};

/// From this many rows on it pays to pack the second operand first, into the order in which the product reads
/// it: every number of it is packed once and used for every row. For 3,072 rows packing takes 1 to 5% of the
/// product's time and saves 5% in f32, 10 to 20% in bf16, the operand being in a cache; a whole training step
/// gains 3% in f32 and hardly anything in bf16.
constexpr int64_t rows_worth_packing = 2048;

/// oneDNN's code for a product, or nothing when it has none for these types on this processor.
std::optional<Prepared> prepare(const Tensor& a, const Tensor& b, const Tensor& out,
                                const ProductOptions& options) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::library);
  dnnl::post_ops then;
  if (options.accumulate) then.append_sum(1.0f);
  if (options.residual) then.append_binary(dnnl::algorithm::binary_add, describe(*options.residual));
  attributes.set_post_ops(then);
  const dnnl::memory::desc bias =
      options.bias ? describe_bias(*options.bias, out.rank()) : dnnl::memory::desc();
  const dnnl::memory::desc plain = describe(b);
  const bool packed = a.rank() == 2 && a.size(0) >= rows_worth_packing;
  const dnnl::memory::desc wanted =
      packed ? dnnl::memory::desc(dnnl::memory::dims(b.shape().begin(), b.shape().end()), type_of(b),
                                  dnnl::memory::format_tag::any)
             : plain;
  try {
#if DNNL_VERSION_MAJOR >= 3
    const dnnl::matmul::primitive_desc description(engine(), describe(a), wanted, bias, describe(out),
                                                   attributes);
#else
    const dnnl::matmul::primitive_desc description({describe(a), wanted, bias, describe(out)}, attributes,
                                                   engine());
#endif
    const dnnl::memory::desc b_order = description.weights_desc();
    Prepared prepared{dnnl::matmul(description), b_order, {}};
    if (b_order != plain) prepared.pack = dnnl::reorder({engine(), plain, engine(), b_order});
    return prepared;
  } catch (const dnnl::error& error) {
    if (error.status == dnnl_unimplemented) return std::nullopt;
    throw;
  }
}

/// Throws Error, with shapes and strides, when product() cannot do what it is asked for.
void check_product(const Tensor& a, const Tensor& b, const Tensor& out, const ProductOptions& options) {
  const auto same_batch = [&](const Tensor& t) {
    for (int d = 0; d < out.rank() - 2; ++d)
      if (t.size(d) != out.size(d)) return false;
    return true;
  };
  GPT_CHECK(out.rank() >= 2 && a.rank() == out.rank() && b.rank() == out.rank() && a.size(-1) == b.size(-2) &&
                out.size(-2) == a.size(-2) && out.size(-1) == b.size(-1) && same_batch(a) && same_batch(b),
            "product of shapes {} and {} into {}", a.shape(), b.shape(), out.shape());
  GPT_CHECK(a.size(-1) > 0, "product of shapes {} and {}: nothing to sum over", a.shape(), b.shape());
  for (const Tensor* t : {&a, &b, &out}) {
    // One dimension is dense, and a step along the other leads past it.
    const auto dense = [t](int along, int across) {
      return (t->strides()[along] == 1 || t->size(along) == 1) &&
             (t->strides()[across] >= t->size(along) || t->size(across) == 1);
    };
    GPT_CHECK(dense(-1, -2) || dense(-2, -1),
              "product() of a matrix of shape {} with strides {}: neither rows nor columns are dense",
              t->shape(), t->strides());
  }
  if (const Tensor* bias = options.bias)
    GPT_CHECK(bias->shape() == Shape{out.size(-1)} && bias->is_contiguous(),
              "a bias of shape {} with strides {} for a product of shape {}", bias->shape(), bias->strides(),
              out.shape());
  if (const Tensor* residual = options.residual) {
    GPT_CHECK(residual->shape() == out.shape(), "a residual of shape {} for a product of shape {}",
              residual->shape(), out.shape());
    GPT_CHECK(residual->bytes_data() != out.bytes_data(), "the residual is the output: that is `accumulate`");
  }
}

/// The same product in f32: for mixed types, and for bf16 where the processor has no instructions for it.
void product_in_f32(const Tensor& a, const Tensor& b, const Tensor& out, const ProductOptions& options) {
  const auto is_f32 = [](const Tensor* t) { return t == nullptr || t->dtype() == DType::f32; };
  GPT_CHECK(!(is_f32(&a) && is_f32(&b) && is_f32(&out) && is_f32(options.bias)),
            "oneDNN has no product of shapes {} and {} with strides {} and {}", a.shape(), b.shape(),
            a.strides(), b.strides());
  const Tensor result = out.to(DType::f32);
  const Tensor bias = options.bias ? options.bias->to(DType::f32) : Tensor();
  ProductOptions converted = options;
  if (options.bias) converted.bias = &bias;
  product(a.to(DType::f32), b.to(DType::f32), result, converted);
  if (out.dtype() != DType::f32) out.copy_from(result);
}

}  // namespace

void product(const Tensor& a, const Tensor& b, const Tensor& out, const ProductOptions& options) {
  check_product(a, b, out, options);
  if (out.elements() == 0) return;
  // oneDNN generates code when a product is prepared, so each thread keeps what it has prepared. A training
  // run uses a few dozen shapes. Generation, whose context grows, uses more: a full store is emptied.
  constexpr size_t most = 2048;
  thread_local std::unordered_map<std::string, std::optional<Prepared>> prepared;
  const std::string key = key_of(a, b, out, options);
  auto found = prepared.find(key);
  if (found == prepared.end()) {
    if (prepared.size() >= most) prepared.clear();
    found = prepared.emplace(key, prepare(a, b, out, options)).first;
  }
  if (!found->second) return product_in_f32(a, b, out, options);

  thread_local dnnl::stream stream(engine());
  const auto memory = [](const Tensor& t, const dnnl::memory::desc& desc) {
    return dnnl::memory(desc, engine(), t.bytes_data());
  };
  const Prepared& code = *found->second;
  dnnl::memory second = memory(b, describe(b));
  Tensor packed;
  if (code.pack) {
    packed = Tensor({static_cast<int64_t>(code.b.get_size() / sizeof(float)) + 1});
    dnnl::memory from = second;
    second = memory(packed, code.b);
    code.pack->execute(stream, from, second);
  }
  std::unordered_map<int, dnnl::memory> arguments{{DNNL_ARG_SRC, memory(a, describe(a))},
                                                  {DNNL_ARG_WEIGHTS, second},
                                                  {DNNL_ARG_DST, memory(out, describe(out))}};
  if (options.bias)
    arguments.emplace(DNNL_ARG_BIAS, memory(*options.bias, describe_bias(*options.bias, out.rank())));
  if (options.residual)
    arguments.emplace(DNNL_ARG_ATTR_MULTIPLE_POST_OP(options.accumulate ? 1 : 0) | DNNL_ARG_SRC_1,
                      memory(*options.residual, describe(*options.residual)));
  code.product.execute(stream, arguments);
}

}  // namespace gpt
