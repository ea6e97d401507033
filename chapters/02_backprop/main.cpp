// The program of chapter 02: a tape played by hand, every operation checked, memory watched, two spirals
// learnt.

#include <fmt/format.h>
#include <omp.h>

#include <chrono>
#include <cmath>

#include "01_tensors/elementwise.hpp"
#include "02_backprop/checked_operations.hpp"
#include "02_backprop/mlp.hpp"
#include "02_backprop/operations.hpp"
#include "02_backprop/spirals.hpp"
#include "common/chapter_program.hpp"
#include "common/file.hpp"
#include "common/surface_plot.hpp"
#include "common/table.hpp"

namespace {

using namespace gpt;

// [watch]
/// The identity, as an operation of its own: it passes the value on and prints the gradient that comes back.
Variable watch(const char* name, const Variable& x) {
  return record("watch", x.value(), {x}, [name, node = x.node()](const Tensor& gradient) {
    fmt::print("  {:5} receives {}\n", name, to_string(gradient));
    node->accumulate(gradient);
  });
}
// [/watch]

void show_tape() {
  // [tape]
  const Variable a = Variable::leaf(Tensor::scalar(2.0)), b = Variable::leaf(Tensor::scalar(3.0));
  const Variable p = watch("p", a * b);
  const Variable s = watch("s", p + a);
  const Variable y = watch("y", square(s));
  fmt::print("forward:   p = a·b = {}   s = p + a = {}   y = s² = {}\n", p.value().item(), s.value().item(),
             y.value().item());
  fmt::print("backward:\n");
  y.backward();
  fmt::print("  a has gathered {}, b has gathered {}\n", to_string(a.gradient()), to_string(b.gradient()));
  // [/tape]
}

void show_checks(bool stable) {
  Table table({{"operation"}, {"formula"}, {"inputs"}, {"worst error", "", "{:.1e}"}, {"verdict"}});
  for (const CheckedOperation& operation : checked_operations()) {
    std::string shapes;
    for (const Shape& shape : operation.shapes) shapes += (shapes.empty() ? "" : " ") + to_string(shape);
    const double worst = check_operation(operation).worst;
    const char* verdict = worst < 1e-8 ? "right" : "WRONG";
    if (stable)
      table.row(operation.name, operation.formula, shapes, "< 1e-8", verdict);
    else
      table.row(operation.name, operation.formula, shapes, worst, verdict);
  }
  fmt::print("{}", table.text());
}

void show_memory() {
  constexpr int layers = 8;
  constexpr int64_t mebibyte = 1 << 20;
  const int64_t before = host_allocator()->statistics().in_use;
  const auto mebibytes = [before] {
    return static_cast<int>((host_allocator()->statistics().in_use - before + mebibyte / 2) / mebibyte);
  };
  const auto bar = [&](const std::string& when) {
    fmt::print("{:22} {:2} MiB  {}\n", when, mebibytes(), repeated("█", 2 * mebibytes()));
  };
  const Variable x = Variable::leaf(Tensor::full({mebibyte / 4}, 0.5));
  Variable y = x;
  for (int layer = 1; layer <= layers; ++layer) {
    y = tanh(y);
    bar(fmt::format("after layer {} forward", layer));
    y = record("probe", y.value(), {y}, [&bar, layer, node = y.node()](const Tensor& gradient) {
      bar(fmt::format("at layer {} backward", layer));
      node->accumulate(gradient);
    });
  }
  y = sum(y);
  y.backward();
  y = {};
  bar("after backward");
}

int correct(const Variable& y, const Tensor& labels) {
  return static_cast<int>(
      sum(map(y.value(), labels, [](auto a, auto b) { return a * b > 0 ? 1 : 0; })).item());
}

/// What `net` answers everywhere, as a picture over the points it learnt from.
SurfacePanel picture_of(const Mlp& net, const Spirals& spirals, const std::string& title) {
  constexpr int cells = 72;
  // One batch for the whole grid; the picture then only looks the answers up.
  const Tensor grid({cells * cells, 2}, DType::f64);
  for (int64_t i = 0; i < cells * cells; ++i) {
    grid.at<double>({i, 0}) = -1.0 + 2.0 * (static_cast<double>(i % cells) + 0.5) / cells;
    grid.at<double>({i, 1}) = -1.0 + 2.0 * (static_cast<double>(i / cells) + 0.5) / cells;
  }
  const Tensor answers = tanh(net(Variable(grid).detach())).value();
  const auto cell = [](double v) { return static_cast<int64_t>((v + 1.0) / 2.0 * cells); };
  SurfacePanel panel{title, -1.0, 1.0, -1.0, 1.0, cells, [answers, cell](double x, double y) {
                       return answers.at<double>({cell(y) * cells + cell(x), 0});
                     }};
  panel.dots = {{false, {}}, {true, {}}};
  for (int64_t i = 0; i < spirals.labels.size(0); ++i)
    panel.dots[spirals.labels.at<double>({i, 0}) > 0 ? 1 : 0].points.push_back(
        {spirals.points.at<double>({i, 0}), spirals.points.at<double>({i, 1})});
  return panel;
}

void show_spirals(const std::string& figures) {
  const Spirals spirals = make_spirals(80, 1.5);
  // [training]
  const Mlp net({2, 32, 32, 1}, 1);
  std::vector<SurfacePanel> pictures;
  fmt::print("{} points, {} parameters, gradient descent at rate 0.05\n\n", spirals.labels.size(0),
             net.parameter_count());
  for (int step = 0; step <= 9000; ++step) {
    const Variable answer = tanh(net(spirals.points));                      // (160, 1), between -1 and 1
    const Variable loss = mean(square(answer - Variable(spirals.labels)));  // ()
    if (step % 1500 == 0)
      fmt::print("step {:4}   loss {:.2f}   {:3} of {} right\n", step, loss.value().item(),
                 correct(answer, spirals.labels), spirals.labels.size(0));
    if (step % 3000 == 0) pictures.push_back(picture_of(net, spirals, fmt::format("step {}", step)));
    loss.backward();
    net.descend(0.05);
  }
  // [/training]
  fmt::print("\n{}", surface_text(pictures.back(), 64, "  "));
  if (!figures.empty())
    write_file_atomically(figures + "/spirals.svg",
                          surface_svg("Two spirals, learnt by gradient descent", pictures));
}

double milliseconds_of(const std::function<void()>& work, int times) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i) work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count() / times;
}

void show_cost(bool stable) {
  const int64_t rows = 256, width = 1024;
  const Mlp net({width, width, width, 1}, 1, DType::f32);
  const Variable x(Tensor::full({rows, width}, 0.1));
  const auto forward = [&] { return sum(net(x)); };
  const double products = 1e-6 * static_cast<double>(rows * (2 * width * width + width));
  // The first layer's input is data: no gradient is wanted for it, which saves one product.
  const double backward = 2 * products - 1e-6 * static_cast<double>(rows * width * width);
  fmt::print(
      "multiplications of the matrix products, in millions:   forward {:.1f}   backward {:.1f}   ratio "
      "{:.2f}\n",
      products, backward, backward / products);
  fmt::print("the gradient by finite differences would take 2 × {} forward passes\n", net.parameter_count());
  if (stable) return;
  const double once = milliseconds_of([&] { forward(); }, 10);
  const double both = milliseconds_of([&] { forward().backward(); }, 10);
  fmt::print("measured:   forward {:.2f} ms   backward {:.2f} ms   ratio {:.2f}\n", once, both - once,
             (both - once) / once);
}

}  // namespace

int main(int argc, char** argv) {
  omp_set_num_threads(1);  // the matrices here are so small that threads would wait more than work
  ChapterProgram program("02_backprop", "Gradients of anything, by a tape played backwards.");
  std::string figures;
  program.options().add_option("--figures", figures, "Also write the lesson's pictures into this folder");
  program.section("tape", "A tape, played backwards", show_tape);
  program.section("checks", "Every operation against finite differences",
                  [&] { show_checks(program.stable()); });
  program.section("memory", "Saved tensors go as backward passes them", show_memory);
  program.section("spirals", "Two spirals", [&] { show_spirals(figures); });
  program.section("cost", "What a gradient costs", [&] { show_cost(program.stable()); });
  return program.run(argc, argv);
}
