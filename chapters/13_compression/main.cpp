// What each compression costs, what it loses, and when it pays.

#include <cmath>

#include "01_tensors/philox.hpp"
#include "13_compression/codec.hpp"
#include "13_compression/power_sgd.hpp"
#include "13_compression/study.hpp"
#include "13_compression/zigzag.hpp"
#include "common/chapter_program.hpp"
#include "common/table.hpp"
#include "common/timing.hpp"

namespace {

using namespace gpt;

constexpr auto codecs = {make_bf16_codec, make_fp16_codec, make_int8_codec, make_sign_codec};

std::vector<float> normal_row(size_t n) {
  const RandomStream random(1, RandomUse::example);
  std::vector<float> row(n);
  for (size_t i = 0; i < n; ++i) row[i] = random.normal(i);
  return row;
}

/// One row of normal numbers through every codec and back.
void show_codecs() {
  constexpr int64_t n = 1 << 16;
  const std::vector<float> row = normal_row(n);
  std::vector<float> back(n);
  Table table({{"code"},
               {"size", "bytes a number", "{:.3f}"},
               {"of f32", "times", "{:.1f}"},
               {"error", "of the norm", "{:.4f}"}});
  for (const auto& make : codecs) {
    const auto codec = make();
    std::vector<std::byte> code(static_cast<size_t>(codec->bytes(n)));
    codec->encode(code, row, {}, rounding_key(1, 0, 0));
    codec->decode(back, code, false);
    double lost = 0, norm = 0;
    for (size_t i = 0; i < row.size(); ++i) {
      lost += (row[i] - back[i]) * (row[i] - back[i]);
      norm += row[i] * row[i];
    }
    const double size = static_cast<double>(codec->bytes(n)) / n;
    table.row(codec->name(), size, 4 / size, std::sqrt(lost / norm));
  }
  fmt::print("{}", table.text());
}

/// A valley that signs alone cannot descend.
void show_zigzag() {
  constexpr int steps = 400;
  const auto without = descend_by_signs(false, steps, 0.01), with = descend_by_signs(true, steps, 0.01);
  Table table({{"step", {}, "{}"},
               {"without memory", "x", "{:.2f}"},
               {"", "y", "{:.2f}"},
               {"loss", {}, "{:.2f}"},
               {"with memory", "x", "{:.2f}"},
               {"", "y", "{:.2f}"},
               {"loss", {}, "{:.2f}"}});
  for (const size_t step : {0, 1, 2, 3, 100, 200, 300, 400}) {
    const Point a = without[step], b = with[step];
    table.row(step, a.x, a.y, zigzag_loss(a), b.x + 0.0, b.y + 0.0, zigzag_loss(b));
  }
  fmt::print("{}", table.text());
}

/// One power iteration on a matrix of 2 by 2, with rank 1.
void show_power() {
  const std::vector<double> matrix{4, 2, 3, 1};
  std::vector<double> q{1, 0};
  for (int step = 1; step <= 3; ++step) {
    std::vector<double> p{matrix[0] * q[0] + matrix[1] * q[1], matrix[2] * q[0] + matrix[3] * q[1]};
    const double length = std::hypot(p[0], p[1]);
    for (double& x : p) x /= length;
    q = {matrix[0] * p[0] + matrix[2] * p[1], matrix[1] * p[0] + matrix[3] * p[1]};
    double lost = 0;
    for (size_t i = 0; i < 2; ++i)
      for (size_t j = 0; j < 2; ++j) lost += std::pow(matrix[2 * i + j] - p[i] * q[j], 2);
    fmt::print(
        "step {}: P = ({:.4f}, {:.4f})  Q = ({:.4f}, {:.4f})  P·Qᵀ = ({:.3f} {:.3f}; {:.3f} {:.3f})  error "
        "{:.4f}\n",
        step, p[0], p[1], q[0], q[1], p[0] * q[0], p[0] * q[1], p[1] * q[0], p[1] * q[1], std::sqrt(lost));
  }
}

/// The loss of a small GPT, and what four ranks sent for it.
void show_training(const std::vector<std::string>& specs, int64_t steps, int64_t warmup) {
  fmt::print(
      "{} parameters, {} ranks, {} steps, the first {} with whole gradients where a method wants it.\n\n",
      study_parameters(), study_ranks, steps, warmup);
  Table table(
      {{"--compress"}, {"sent", "KB a step", "{:.1f}"}, {"less", "times", "{:.1f}"}, {"loss", {}, "{:.2f}"}});
  double whole = 0;
  for (const std::string& spec : specs) {
    const StudyResult result = train_with(spec, steps, warmup);
    if (whole == 0) whole = result.bytes_a_step;
    table.row(spec, result.bytes_a_step / 1e3, whole / result.bytes_a_step, result.loss);
  }
  fmt::print("{}", table.text());
}

/// Seconds that `run` takes at the least, of several times.
template <class F>
double least_seconds(F&& run) {
  double least = 1e9;
  for (int time = 0; time < 7; ++time) {
    const auto start = std::chrono::steady_clock::now();
    run();
    least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return least;
}

/// The speed of the codes, and the bandwidth of a link below which they pay.
void show_pays(bool stable) {
  constexpr int64_t n = 1 << 18;
  constexpr double p = 4, dense = 2 * (p - 1) / p * 4;  // bytes of a number that each rank sends
  const std::vector<float> row = normal_row(n);
  std::vector<float> back(n), error(n);
  Table table({{"code"},
               {"encode", "ns a number", "{:.2f}"},
               {"decode", "ns a number", "{:.2f}"},
               {"pays below", "Gbit/s", "{:.1f}"}});
  for (const auto& make : codecs) {
    const auto codec = make();
    std::vector<std::byte> code(static_cast<size_t>(codec->bytes(n)));
    const double encode = least_seconds([&] { codec->encode(code, row, {}, {}); }) / n;
    const double decode = least_seconds([&] { codec->decode(back, code, true); }) / n;
    // Each number is encoded once, and decoded once as a part of a sum by each rank's share, and once at the
    // end.
    const double work = encode + (2 - 1 / p) * decode;
    const double saved = dense * (1 - static_cast<double>(codec->bytes(n)) / (4.0 * n));
    if (stable)
      table.row(codec->name(), "?", "?", "?");
    else
      table.row(codec->name(), encode * 1e9, decode * 1e9, 8 * saved / work / 1e9);
  }
  fmt::print("{}", table.text());
}

}  // namespace

int main(int argc, char** argv) {
  gpt::ChapterProgram program("13_compression", "Gradients in fewer bytes.");
  int64_t steps = 200;
  int64_t warmup = 30;
  std::vector<std::string> specs{"none", "bf16",      "fp16",         "int8",
                                 "sign", "topk:0.01", "randomk:0.05", "powersgd:4"};
  program.options().add_option("--compress", specs, "What the small GPT is trained with").separated_by(',');
  program.options().add_option("--warmup", warmup, "Steps of it with whole gradients");
  program.options().add_option("--steps", steps, "Steps of the small GPT's training");
  program.section("codecs", "Numbers in fewer bits", show_codecs);
  program.section("zigzag", "Signs without and with a memory", show_zigzag);
  program.section("power", "A matrix as a product of two vectors", show_power);
  program.section("training", "A GPT on four ranks", [&] { show_training(specs, steps, warmup); });
  program.section("pays", "What the codes cost, and when they pay", [&] { show_pays(program.stable()); });
  return program.run(argc, argv);
}
