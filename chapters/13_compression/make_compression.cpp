#include "13_compression/make_compression.hpp"

#include <charconv>
#include <optional>

#include "13_compression/power_sgd.hpp"
#include "13_compression/quantised.hpp"
#include "13_compression/sign_momentum.hpp"
#include "13_compression/sparse_momentum.hpp"

namespace gpt {
namespace {

/// The number in "name:number"; nothing when there is another name.
template <class Number>
std::optional<Number> parameter_of(const std::string& spec, const std::string& name, Number least,
                                   Number most) {
  if (!spec.starts_with(name + ":")) return {};
  Number number{};
  const char *const begin = spec.data() + name.size() + 1, *const end = spec.data() + spec.size();
  const auto [at, error] = std::from_chars(begin, end, number);
  GPT_REQUIRE(error == std::errc() && at == end && number >= least && number <= most,
              "--compress {} takes a number from {} to {} after the colon, not '{}'", name, least, most,
              std::string(begin, end));
  return number;
}

}  // namespace

// [make]
std::shared_ptr<Compression> make_compression(const std::string& spec, const CompressionOptions& options) {
  const MomentumCompression::Options momentum{options.warmup, options.beta1};
  const auto sparse = [&](SparseMomentum::Choice choice, double ratio) {
    return std::make_shared<SparseMomentum>(choice, ratio, options.seed, momentum);
  };
  if (spec == "none") return nullptr;
  if (spec == "bf16" || spec == "fp16" || spec == "int8")
    return std::make_shared<QuantisedGradients>(spec, options.seed);
  if (spec == "sign") return std::make_shared<SignMomentum>(momentum);
  if (const auto ratio = parameter_of(spec, "topk", 1e-6, 1.0))
    return sparse(SparseMomentum::Choice::top_k, *ratio);
  if (const auto ratio = parameter_of(spec, "randomk", 1e-6, 1.0))
    return sparse(SparseMomentum::Choice::random_k, *ratio);
  if (const auto rank = parameter_of<int64_t>(spec, "powersgd", 1, 64)) {
    PowerSgd::Options power{*rank, options.seed, options.warmup};
    if (*rank < 8) power.iterations = 2, power.turn = 5;  // so few columns need help
    return std::make_shared<PowerSgd>(power, "int8");
  }
  throw UserError(fmt::format(
      "--compress takes none, bf16, fp16, int8, sign, topk:0.01, randomk:0.01 or powersgd:4, not '{}'",
      spec));
}
// [/make]

}  // namespace gpt
