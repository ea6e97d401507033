// What each code costs and loses.

#include <cmath>

#include "01_tensors/philox.hpp"
#include "13_compression/codec.hpp"
#include "common/chapter_program.hpp"
#include "common/table.hpp"

namespace {

using namespace gpt;

/// One row of normal numbers through every codec and back.
void show_codecs() {
  constexpr int64_t n = 1 << 16;
  const RandomStream random(1, RandomUse::example);
  std::vector<float> row(n), back(n);
  for (size_t i = 0; i < row.size(); ++i) row[i] = random.normal(i);
  Table table({{"code"}, {"size", "bytes a number", "{:.3f}"}, {"error", "of the norm", "{:.4f}"}});
  for (const auto& make : {make_bf16_codec, make_fp16_codec, make_int8_codec, make_sign_codec}) {
    const auto codec = make();
    std::vector<std::byte> code(static_cast<size_t>(codec->bytes(n)));
    codec->encode(code, row, {}, rounding_key(1, 0, 0));
    codec->decode(back, code, false);
    double lost = 0, norm = 0;
    for (size_t i = 0; i < row.size(); ++i) {
      lost += (row[i] - back[i]) * (row[i] - back[i]);
      norm += row[i] * row[i];
    }
    table.row(codec->name(), static_cast<double>(codec->bytes(n)) / n, std::sqrt(lost / norm));
  }
  fmt::print("{}", table.text());
}

}  // namespace

int main(int argc, char** argv) {
  gpt::ChapterProgram program("13_compression", "Gradients in fewer bytes.");
  program.section("codecs", "Numbers in fewer bits", show_codecs);
  return program.run(argc, argv);
}
