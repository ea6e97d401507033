#include "13_compression/make_compression.hpp"

#include "13_compression/quantised.hpp"

namespace gpt {

// [make]
std::shared_ptr<Compression> make_compression(const std::string& spec, const CompressionOptions& options) {
  const auto quantised = [&](std::unique_ptr<Codec> codec) {
    return std::make_shared<QuantisedGradients>(std::move(codec), options.seed);
  };
  if (spec == "none") return nullptr;
  if (spec == "bf16") return quantised(make_bf16_codec());
  if (spec == "fp16") return quantised(make_fp16_codec());
  if (spec == "int8") return quantised(make_int8_codec());
  throw UserError(fmt::format("--compress takes none, bf16, fp16 or int8, not '{}'", spec));
}
// [/make]

}  // namespace gpt
