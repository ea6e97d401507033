#include "11_ddp/overlap_study.hpp"

#include <algorithm>

#include "03_optimizers/optimizer.hpp"
#include "05_gpt/gpt.hpp"
#include "11_ddp/backward_parts.hpp"
#include "11_ddp/data_parallel.hpp"
#include "11_ddp/hidden.hpp"
#include "11_ddp/pictures.hpp"
#include "11_ddp/slow_link.hpp"
#include "common/file.hpp"
#include "common/table.hpp"

namespace gpt {
namespace {

constexpr GptConfig shape{.layers = 6, .heads = 6, .width = 192, .context = 128, .vocabulary = 256};
constexpr int64_t rows = 6, bucket_bytes = 1 << 20, steps = 5;
constexpr LinkCost link{.alpha = 50e-6, .beta = 8.0 / 1e9};  // 1 Gbit/s

/// What was seen of a training.
struct Study {
  std::vector<RankTimeline> timeline;  // on rank 0
  std::vector<double> step_ms;
  Hiding hiding;
  BackwardRecord last;
};

/// `rows` sequences for each rank. What they say does not matter here.
Study run(Gpt& model, Communicator& communicator, bool overlap) {
  const ParameterStore& store = model.parameters();
  DataParallel parallel(model.parameters(), communicator, {.bucket_bytes = bucket_bytes, .overlap = overlap},
                        std::make_unique<SlowLinkReducer>(communicator, link));
  const auto optimizer = make_optimizer("adamw", model.parameters());
  const Tensor tokens = Tensor::zeros({rows, shape.context}, DType::i32);
  const double scale = 1.0 / static_cast<double>(rows * shape.context * communicator.size());
  Study study;
  Trace trace;
  TimelineRecorder recorder(trace, communicator);
  for (int64_t step = 0; step < steps; ++step) {
    communicator.barrier();
    Trace::Span whole = trace.span(fmt::format("step {}", step));
    store.zero_gradients();
    parallel.prepare(true);
    Trace::Span forward = trace.span("forward");
    const Variable loss =
        model.loss(tokens, tokens, scale, {.training = true, .step = static_cast<uint64_t>(step)});
    forward.end();
    Trace::Span backward = trace.span("backward");
    loss.backward();
    study.last.backward = backward.end();
    Trace::Span wait = trace.span("wait for gradients");
    parallel.finish();
    wait.end();
    Trace::Span update = trace.span("optimizer");
    optimizer->step(1e-4);
    update.end();
    study.step_ms.push_back(1e3 * whole.end().seconds());

    study.last.ready = parallel.ready_times();
    study.last.buckets = parallel.bucket_intervals();
    for (BackwardPart& part : backward_parts(store, study.last.backward, study.last.ready))
      trace.add({"main", std::move(part.name), part.interval});
    for (size_t b = 0; b < study.last.buckets.size(); ++b)
      trace.add({"communication", fmt::format("bucket {}", b), study.last.buckets[b]});
    if (step > 0) study.hiding += hidden_behind(study.last.backward, study.last.buckets);
  }
  study.timeline = recorder.finish();
  return study;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

}  // namespace

void study_overlap(Communicator& communicator, bool stable, const std::string& figures) {
  const auto backend = make_cpu_backend();
  Gpt model(shape, *backend, 1);
  const double megabytes = static_cast<double>(model.parameters().gradients().bytes()) / 1e6;
  const double wire =
      link.seconds(all_reduce_path(AllReduceAlgorithm::ring, communicator.size(), megabytes * 1e6));
  fmt::print(
      "A GPT of {} layers: {:.1f} MB of gradients. A link of 1 Gbit/s, simulated, carries their sum\n"
      "over {} ranks in {:.0f} ms.\n\n",
      shape.layers, megabytes, communicator.size(), 1e3 * wire);
  const Study after = run(model, communicator, false), during = run(model, communicator, true);
  if (communicator.rank() > 0) return;
  if (stable) {
    fmt::print("Timings are left out.\n");
    return;
  }
  std::vector<RankTimeline> shown_after = after.timeline, shown_during = during.timeline;
  shown_after.resize(std::min<size_t>(2, shown_after.size()));
  shown_during.resize(shown_after.size());
  const std::vector<GanttPanel> panels{step_panel("sums after the backward pass", shown_after, steps - 1),
                                       step_panel("sums during the backward pass", shown_during, steps - 1)};
  double until = 0;
  for (const GanttPanel& panel : panels)
    for (const GanttLane& lane : panel.lanes)
      for (const GanttBar& bar : lane.bars) until = std::max(until, bar.to);
  for (const GanttPanel& panel : panels) fmt::print("{}\n\n{}\n", panel.title, gantt_text(panel, until));
  fmt::print(
      "f forward, h head, 5 … 0 the layers backward, e embedding, . wait, o optimizer; {:.0f} ms across\n\n",
      until);
  Table table(
      {{"sums"}, {"a step", "ms", "{:.0f}"}, {"communication", "ms", "{:.0f}"}, {"hidden", "%", "{:.0f}"}});
  const auto row = [&](const char* name, const Study& study) {
    table.row(name, median(study.step_ms), 1e3 * study.hiding.total / (steps - 1),
              100 * study.hiding.share());
  };
  row("after the backward pass", after);
  row("during it", during);
  fmt::print("{}", table.text());
  if (figures.empty()) return;
  write_file_atomically(figures + "/timeline.svg",
                        gantt_svg("One step of two ranks over 1 Gbit/s (simulated)", "milliseconds", panels));
  write_file_atomically(
      figures + "/buckets.svg",
      bucket_svg(model.parameters(), plan_buckets(model.parameters(), bucket_bytes), during.last));
}

}  // namespace gpt
