// The chapter's program: what its lesson shows.

#include "01_tensors/elementwise.hpp"
#include "01_tensors/ladder.hpp"
#include "01_tensors/philox.hpp"
#include "common/chapter_program.hpp"
#include "common/table.hpp"

namespace gpt {
namespace {

/// The index of each element of `view`, as "12" for (1, 2), at the place of the storage where it lies.
std::vector<std::string> places(const Tensor& view, int64_t storage_elements) {
  std::vector<std::string> result(static_cast<size_t>(storage_elements), "·");
  const Shape digits = row_major_strides(view.shape());
  for (int64_t k = 0; k < view.elements(); ++k) {
    int64_t position = view.offset();
    std::string index;
    for (int d = 0; d < view.rank(); ++d) {
      const int64_t i = k / digits[d] % view.size(d);
      position += i * view.strides()[d];
      index += std::to_string(i);
    }
    std::string& place = result[static_cast<size_t>(position)];
    place = place == "·" ? index : place + " " + index;
  }
  return result;
}

void show_views() {
  // [views]
  const Tensor x = Tensor::arange({2, 3});
  const std::vector<std::pair<std::string, Tensor>> views{
      {"x", x},
      {"x.transpose(0, 1)", x.transpose(0, 1)},
      {"x.reshape({3, 2})", x.reshape({3, 2})},
      {"x.slice(1, 1, 3)", x.slice(1, 1, 3)},
      {"x.select(1, 2)", x.select(1, 2)},
      {"x.select(0, 1).expand({2, 3})", x.select(0, 1).expand({2, 3})},
  };
  // [/views]
  Table table({{"view"}, {"shape"}, {"strides"}, {"offset"}, {"dense"}, {"values"}});
  for (const auto& [name, view] : views)
    table.row(name, view.shape(), view.strides(), view.offset(), view.is_contiguous() ? "yes" : "no",
              to_string(view));
  fmt::print("{}\nThe six numbers lie in memory once. Which element of each view lies where:\n\n",
             table.text());

  Table picture({{"storage"}, {"0"}, {"1"}, {"2"}, {"3"}, {"4"}, {"5"}});
  for (const auto& [name, view] : views) {
    const std::vector<std::string> at = places(view, 6);
    picture.row(name, at[0], at[1], at[2], at[3], at[4], at[5]);
  }
  fmt::print("{}\n", picture.text());
  try {
    x.transpose(0, 1).reshape({6});
  } catch (const Error& error) {
    const std::string message = error.what();
    fmt::print("x.transpose(0, 1).reshape({{6}}) throws:\n  {}\n", message.substr(message.find("no view")));
  }
}

void show_broadcasting() {
  // [broadcasting]
  const Tensor column = Tensor::arange({3, 1}) * 10.0, row = Tensor::arange({4});
  const Tensor total = column + row;
  // [/broadcasting]
  fmt::print("column  {}  {}\nrow        {}  {}\nsum     {}  {}\n\n", column.shape(), to_string(column),
             row.shape(), to_string(row), total.shape(), to_string(total));
  fmt::print("In the sum the column has strides {}, the row {}: a stride of 0 repeats.\n",
             column.expand(total.shape()).strides(), row.expand(total.shape()).strides());
  const Tensor ones = Tensor::full(total.shape(), 1.0);
  fmt::print("The way back adds up what was repeated: sum_to(ones, {}) is {}, sum_to(ones, {}) is {}.\n",
             column.shape(), to_string(sum_to(ones, column.shape())), row.shape(),
             to_string(sum_to(ones, row.shape())));
}

void show_memory() {
  const auto step = [] {  // temporaries as in a small network: some die at once, some live to the end
    Tensor x = Tensor::full({256, 128}, 0.5);
    for (int layer = 0; layer < 4; ++layer)
      x = map(x * 1.5 + Tensor::full({128}, 0.1), [](auto v) { return v * v; });
    return sum(x).item();
  };
  host_allocator()->trim();  // begin with an empty cache, whatever ran before
  Table table(
      {{"step"}, {"allocations"}, {"of the system"}, {"in use after", "bytes"}, {"reserved", "bytes"}});
  for (int number = 1; number <= 4; ++number) {
    const AllocatorStatistics before = host_allocator()->statistics();
    step();
    const AllocatorStatistics after = host_allocator()->statistics();
    table.row(number, after.allocations - before.allocations, after.system_requests - before.system_requests,
              after.in_use, after.reserved);
  }
  fmt::print("{}", table.text());
}

/// The bits of a float with a space after the sign, after the exponent, and where bf16 ends.
std::string bits_of(float value) {
  const std::string bits = fmt::format("{:032b}", std::bit_cast<uint32_t>(value));
  return fmt::format("{} {} {} {}", bits.substr(0, 1), bits.substr(1, 8), bits.substr(9, 7), bits.substr(16));
}

void show_bf16() {
  Table table({{"f32"}, {"sign, exponent, fraction | what bf16 drops"}, {"bf16"}, {"error", "%", "{:.2f}"}});
  for (const float value : {1.0f, 1.00390625f, 1.01171875f, 0.1f, 3.14159265f, -1000.0f, 1e30f}) {
    const auto rounded = static_cast<float>(bf16(value));
    table.row(fmt::format("{}", value), bits_of(value), fmt::format("{}", rounded),
              100.0 * std::abs(rounded - value) / std::abs(value));
  }
  fmt::print("{}\n", table.text());
  // [stuck]
  bf16 stuck(0.0f);
  for (int i = 0; i < 1000; ++i) stuck = bf16(static_cast<float>(stuck) + 1.0f);
  // [/stuck]
  fmt::print("1 added a thousand times in bf16 is {}: 257 needs nine bits, so 256 + 1 rounds to 256.\n",
             static_cast<float>(stuck));
  float drifted = 0;
  for (int i = 0; i < 1'000'000; ++i) drifted += 0.1f;
  fmt::print("0.1 added a million times in f32 is {:.0f}; sum() says {:.0f}.\n", drifted,
             sum(Tensor::full({1'000'000}, 0.1)).item());
}

void show_random() {
  // [random]
  const RandomStream random(42, RandomUse::example);
  // [/random]
  Table table({{"position"}, {"uniform", "", "{:.4f}"}, {"normal", "", "{:.4f}"}, {"below 6"}});
  for (const uint64_t position : {0u, 1u, 2u, 1'000'000'000u})
    table.row(position, random.uniform(position), random.normal(position), random.below(position, 6));
  fmt::print("{}\nThe billionth number costs as much as the first: nothing before it is computed.\n",
             table.text());
}

}  // namespace
}  // namespace gpt

int main(int argc, char** argv) {
  gpt::ChapterProgram program("01_tensors", "Tensors: shapes, strides and views, memory, and fast products.");
  int64_t size = 512;
  program.options()
      .add_option("--size", size, "Rows and columns of the matrices of the ladder")
      .in_range(1, 8192)
      .show_default();
  program.section("views", "One storage, many views", gpt::show_views);
  program.section("broadcasting", "Broadcasting", gpt::show_broadcasting);
  program.section("memory", "Memory that is reused", gpt::show_memory);
  program.section("bf16", "Half the bits", gpt::show_bf16);
  program.section("random", "Random numbers without a state", gpt::show_random);
  program.section("ladder", "A ladder of matrix products", [&] { gpt::show_ladder(size, program.stable()); });
  return program.run(argc, argv);
}
