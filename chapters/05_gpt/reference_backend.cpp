// The formulas of backend.hpp as they are written, in plain loops. Slow on purpose: nothing here is clever,
// so little can be wrong, and every other backend is compared with it.

#include "01_tensors/strided.hpp"
#include "05_gpt/backend.hpp"
#include "05_gpt/reference_attention.hpp"

namespace gpt {
namespace {

template <class T>
class ReferenceBackend final : public Backend {
 public:
  std::string_view name() const override { return "reference"; }
  DType compute_type() const override { return dtype_of<T>; }

  // [embedding]
  void embedding_forward(const Tensor& x, const Tensor& tokens, const Tensor& token_table,
                         const Tensor& position_table, int64_t first_position) override {
    const int64_t batch = tokens.size(0), positions = tokens.size(1), width = token_table.size(1);
    GPT_CHECK_EQ(x.shape(), (Shape{batch, positions, width}));
    GPT_CHECK(first_position + positions <= position_table.size(0), "{} positions from {} with a table of {}",
              positions, first_position, position_table.size(0));
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t t = 0; t < positions; ++t) {
        const int64_t n = b * positions + t;
        const T* token = row(token_table, token_at(tokens, n, token_table.size(0)));
        const T* position = row(position_table, first_position + t);
        for (int64_t i = 0; i < width; ++i) x.data<T>()[n * width + i] = token[i] + position[i];
      }
  }

  void embedding_backward(const Tensor& d_token_table, const Tensor& d_position_table, const Tensor& dx,
                          const Tensor& tokens) override {
    const int64_t batch = tokens.size(0), positions = tokens.size(1), width = dx.size(2);
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t t = 0; t < positions; ++t) {
        const int64_t n = b * positions + t;
        const T* gradient = dx.data<T>() + n * width;
        add_row(row(d_token_table, token_at(tokens, n, d_token_table.size(0))), T(1), gradient, width);
        add_row(row(d_position_table, t), T(1), gradient, width);
      }
  }
  // [/embedding]

  // [layernorm]
  void layernorm_forward(const Tensor& y, const Tensor& mean, const Tensor& rstd, const Tensor& x,
                         const Tensor& weight, const Tensor& bias) override {
    const int64_t width = x.size(1);
    for (int64_t n = 0; n < x.size(0); ++n) {
      const T* in = row(x, n);
      T* out = row(y, n);
      T sum = 0, squares = 0;
      for (int64_t i = 0; i < width; ++i) sum += in[i];
      const T average = sum / static_cast<T>(width);
      for (int64_t i = 0; i < width; ++i) squares += (in[i] - average) * (in[i] - average);
      const T r = 1 / std::sqrt(squares / static_cast<T>(width) + static_cast<T>(1e-5));
      for (int64_t i = 0; i < width; ++i)
        out[i] = (in[i] - average) * r * weight.data<T>()[i] + bias.data<T>()[i];
      mean.data<T>()[n] = average;
      rstd.data<T>()[n] = r;
    }
  }

  void layernorm_backward(const Tensor& dx, bool add, const Tensor& d_weight, const Tensor& d_bias,
                          const Tensor& dy, const Tensor& x, const Tensor& weight, const Tensor& mean,
                          const Tensor& rstd) override {
    const int64_t width = x.size(1);
    for (int64_t n = 0; n < x.size(0); ++n) {
      const T average = mean.data<T>()[n], r = rstd.data<T>()[n];
      const auto normal = [&](int64_t i) { return (row(x, n)[i] - average) * r; };
      const auto gradient = [&](int64_t i) { return row(dy, n)[i] * weight.data<T>()[i]; };
      T mean_gradient = 0, mean_product = 0;
      for (int64_t i = 0; i < width; ++i) {
        mean_gradient += gradient(i) / static_cast<T>(width);
        mean_product += gradient(i) * normal(i) / static_cast<T>(width);
        d_weight.data<T>()[i] += row(dy, n)[i] * normal(i);
        d_bias.data<T>()[i] += row(dy, n)[i];
      }
      for (int64_t i = 0; i < width; ++i)
        store(row(dx, n)[i], add, r * (gradient(i) - mean_gradient - normal(i) * mean_product));
    }
  }
  // [/layernorm]

  // [linear]
  void linear_forward(const Tensor& y, const Tensor& x, const Tensor& weight, const Tensor& bias,
                      const Tensor& residual) override {
    GPT_CHECK_EQ(y.shape(), (Shape{x.size(0), weight.size(0)}));
    GPT_CHECK_EQ(x.size(1), weight.size(1));
    for (int64_t n = 0; n < y.size(0); ++n)
      for (int64_t o = 0; o < y.size(1); ++o) {
        T sum = reference::dot(row(x, n), row(weight, o), x.size(1));
        if (bias.defined()) sum += bias.data<T>()[o];
        if (residual.defined()) sum += row(residual, n)[o];
        row(y, n)[o] = sum;
      }
  }

  void linear_backward_input(const Tensor& dx, bool add, const Tensor& dy, const Tensor& weight) override {
    if (!add) dx.fill(0.0);
    for (int64_t n = 0; n < dx.size(0); ++n)
      for (int64_t o = 0; o < dy.size(1); ++o) add_row(row(dx, n), row(dy, n)[o], row(weight, o), dx.size(1));
  }

  void linear_backward_weight(const Tensor& d_weight, const Tensor& d_bias, const Tensor& dy,
                              const Tensor& x) override {
    for (int64_t n = 0; n < x.size(0); ++n) {
      for (int64_t o = 0; o < dy.size(1); ++o) add_row(row(d_weight, o), row(dy, n)[o], row(x, n), x.size(1));
      if (d_bias.defined()) add_row(d_bias.data<T>(), T(1), row(dy, n), dy.size(1));
    }
  }
  // [/linear]

  void attention_forward(const Tensor& y, const Tensor& lse, const Tensor& qkv, int64_t heads,
                         int64_t first_query, const Dropout& dropout) override {
    reference::attention_forward<T>(y, lse, qkv, heads, first_query, dropout);
  }
  void attention_backward(const Tensor& d_qkv, const Tensor& dy, const Tensor& y, const Tensor& lse,
                          const Tensor& qkv, int64_t heads, const Dropout& dropout) override {
    reference::attention_backward<T>(d_qkv, dy, y, lse, qkv, heads, dropout);
  }

  // [gelu]
  void gelu_forward(const Tensor& y, const Tensor& x) override {
    for (int64_t i = 0; i < x.elements(); ++i) {
      const T v = x.data<T>()[i];
      y.data<T>()[i] = v / 2 * (1 + std::tanh(gelu_slope * (v + gelu_cubic * v * v * v)));
    }
  }

  void gelu_backward(const Tensor& dx, const Tensor& dy, const Tensor& x) override {
    for (int64_t i = 0; i < x.elements(); ++i) {
      const T v = x.data<T>()[i];
      const T t = std::tanh(gelu_slope * (v + gelu_cubic * v * v * v));
      const T inner = gelu_slope * (1 + 3 * gelu_cubic * v * v);
      dx.data<T>()[i] = dy.data<T>()[i] * ((1 + t) / 2 + v / 2 * (1 - t * t) * inner);
    }
  }
  // [/gelu]

  void dropout_forward(const Tensor& y, const Tensor& x, const Tensor& residual,
                       const Dropout& dropout) override {
    const int64_t per_sample = x.elements() / x.size(0);
    for (int64_t i = 0; i < x.elements(); ++i) {
      const T kept = x.data<T>()[i] * reference::dropout_factor<T>(dropout, i / per_sample, i % per_sample);
      y.data<T>()[i] = residual.defined() ? residual.data<T>()[i] + kept : kept;
    }
  }
  void dropout_backward(const Tensor& dx, const Tensor& dy, const Dropout& dropout) override {
    dropout_forward(dx, dy, {}, dropout);  // y is linear in x, with the same factors
  }

  // [cross_entropy]
  void cross_entropy_forward(const Tensor& losses, const Tensor& lse, const Tensor& logits,
                             const Tensor& targets) override {
    const int64_t vocabulary = logits.size(1);
    for (int64_t n = 0; n < logits.size(0); ++n) {
      const T* z = row(logits, n);
      const T largest = *std::max_element(z, z + vocabulary);
      T sum = 0;
      for (int64_t v = 0; v < vocabulary; ++v) sum += std::exp(z[v] - largest);
      lse.data<T>()[n] = largest + std::log(sum);
      const bool counted = targets.data<int32_t>()[n] >= 0;
      losses.data<T>()[n] = counted ? lse.data<T>()[n] - z[token_at(targets, n, vocabulary)] : T(0);
    }
  }

  void cross_entropy_backward(const Tensor& d_logits, const Tensor& logits, const Tensor& lse,
                              const Tensor& targets, double scale) override {
    for (int64_t n = 0; n < logits.size(0); ++n) {
      const int32_t target = targets.data<int32_t>()[n];
      for (int64_t v = 0; v < logits.size(1); ++v) {
        const T probability = std::exp(row(logits, n)[v] - lse.data<T>()[n]);
        const T gradient = probability - (v == target ? T(1) : T(0));
        row(d_logits, n)[v] = target < 0 ? T(0) : static_cast<T>(scale) * gradient;
      }
    }
  }
  // [/cross_entropy]

  double sum(const Tensor& x) override {
    double total = 0;
    for (const T value : x.span<T>()) total += value;
    return total;
  }
  double sum_of_squares(const Tensor& x) override {
    double total = 0;
    for (const T value : x.span<T>()) total += static_cast<double>(value) * value;
    return total;
  }
  void fill(const Tensor& x, double value) override { x.fill(value); }
  void cast(const Tensor& to, const Tensor& from) override { to.copy_from(from); }
  void add(const Tensor& a, const Tensor& b) override {
    for (int64_t i = 0; i < a.elements(); ++i) a.data<T>()[i] += b.data<T>()[i];
  }

  // [adamw]
  void adamw(const Tensor& value, const Tensor& gradient, const Tensor& m, const Tensor& v,
             const Tensor& compute_copy, const AdamWStep& step) override {
    const auto beta1 = static_cast<T>(step.beta1), beta2 = static_cast<T>(step.beta2);
    const auto unbias1 = static_cast<T>(1 / (1 - std::pow(step.beta1, step.step)));
    const auto unbias2 =
        static_cast<T>(step.beta2 < 1 ? 1 / (1 - std::pow(step.beta2, step.step)) : 1);  // v stays at β₂ = 1
    for (int64_t i = 0; i < value.elements(); ++i) {
      const T g = gradient.data<T>()[i] * static_cast<T>(step.gradient_scale);
      T& m_i = m.data<T>()[i];
      T& v_i = v.data<T>()[i];
      T& x = value.data<T>()[i];
      m_i = beta1 * m_i + (1 - beta1) * g;
      v_i = beta2 * v_i + (1 - beta2) * g * g;
      const T direction = m_i * unbias1 / (std::sqrt(v_i * unbias2) + static_cast<T>(step.epsilon));
      x -= static_cast<T>(step.learning_rate) * (direction + static_cast<T>(step.weight_decay) * x);
    }
    if (compute_copy.defined()) compute_copy.copy_from(value);
  }
  // [/adamw]

 private:
  static constexpr T gelu_slope = static_cast<T>(0.7978845608028653558798921198687637);  // √(2/π)
  static constexpr T gelu_cubic = static_cast<T>(0.044715);

  /// Row n of a contiguous matrix.
  static T* row(const Tensor& matrix, int64_t n) { return matrix.data<T>() + n * matrix.size(-1); }
  static void store(T& destination, bool add, T value) { destination = add ? destination + value : value; }
  /// destination += factor · source.
  static void add_row(T* destination, T factor, const T* source, int64_t n) {
    for (int64_t i = 0; i < n; ++i) destination[i] += factor * source[i];
  }
  static int64_t token_at(const Tensor& tokens, int64_t n, int64_t vocabulary) {
    const int32_t token = tokens.data<int32_t>()[n];
    GPT_CHECK(token >= 0 && token < vocabulary, "token {} with a vocabulary of {}", token, vocabulary);
    return token;
  }
};

}  // namespace

std::unique_ptr<Backend> make_reference_backend(DType compute_type) {
  return dispatch_real(compute_type, "the reference backend", [](auto zero) -> std::unique_ptr<Backend> {
    return std::make_unique<ReferenceBackend<decltype(zero)>>();
  });
}

}  // namespace gpt
