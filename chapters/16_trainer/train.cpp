// gpt train: the loop around the step.
#include <omp.h>

#include <cmath>
#include <exception>
#include <optional>
#include <sstream>
#include <utility>

#include "04_text/cleaning.hpp"
#include "10_collectives/watchdog.hpp"
#include "10_collectives/watched_communicator.hpp"
#include "16_trainer/agreement.hpp"
#include "16_trainer/commands.hpp"
#include "16_trainer/communication_choice.hpp"
#include "16_trainer/device_ranks.hpp"
#include "16_trainer/evaluation.hpp"
#include "16_trainer/gpu_monitor.hpp"
#include "16_trainer/health.hpp"
#include "16_trainer/local_sgd.hpp"
#include "16_trainer/lone_process.hpp"
#include "16_trainer/metrics_reader.hpp"
#include "16_trainer/preparation.hpp"
#include "16_trainer/progress.hpp"
#include "16_trainer/run_checkpoints.hpp"
#include "16_trainer/run_history.hpp"
#include "16_trainer/server_training.hpp"
#include "16_trainer/stop.hpp"
#include "16_trainer/summary.hpp"
#include "16_trainer/tensorboard.hpp"
#include "16_trainer/text_stream.hpp"
#include "16_trainer/timeline_file.hpp"
#include "16_trainer/together.hpp"
#include "16_trainer/trainer.hpp"
#include "common/file.hpp"
#include "common/program.hpp"

namespace gpt {
namespace {

constexpr int sample_lines_shown = 12;

/// One run, from its first step here to its last.
class Run {
 public:
  Run(Preparation& preparation, const TimelineOptions& timeline, CommunicationChoice& choice,
      Communicator& communicator, const std::shared_ptr<CollectiveLog>& log, double timeout, Trace& trace)
      : config_(preparation.config),
        run_(preparation.run),
        data_(preparation.data),
        communicator_(communicator),
        trace_(trace),
        timeline_(timeline, trace, communicator),
        backend_(make_backend_together(config_.device_choice(communicator.rank()), communicator)),
        gpu_(speaks() ? pci_bus_id(*backend_) : ""),
        devices_(connect_devices(config_, *backend_, communicator, log, timeout)),
        trainer_(config_, config_.model(data_.tokenizer->vocabulary_size()), *backend_,
                 devices_ ? *devices_ : communicator, trace),
        checkpoints_(run_, config_.keep, trainer_, communicator),
        loader_(data_.training, config_.context, config_.batch, config_.seed) {
    choice.choose_buckets(config_, trainer_, loader_, communicator_);
    communication_choice_ =
        choice.text() + describe_devices(devices_.get(), *backend_) + describe_local_sgd(config_);
    require_same_plan(trainer_.plan(), trainer_.groups().data());
    if (preparation.resumed) together(communicator_, [&] { load_checkpoint(); });
    on_first_rank(communicator_, [&] {
      metrics_ = std::make_unique<MetricsLog>(run_.metrics(), step_);
      if (step_ >= config_.steps) return;  // nothing is left to do, and nothing to note
      MetricsReader so_far(run_.metrics());
      so_far.poll();
      events_ = std::make_unique<TensorBoardLog>(run_.tensorboard(), so_far.steps());
      note_beginning();
    });
  }

  int run();

 private:
  bool speaks() const { return communicator_.rank() == 0; }
  /// A round of several steps does at its end what was due within it.
  bool due(int64_t every) const {
    return step_ == config_.steps || (every > 0 && step_ / every > last_step_ / every);
  }

  void load_checkpoint();
  TrainState state() const;
  void write_down(const std::vector<StepResult>& results, Progress& progress);
  std::string communication() const;
  void draw_sample();
  int bad_number(int64_t step, double loss);
  std::string last_words() const;
  std::string how_to_go_on() const;
  void note_beginning();
  void note_ending(const char* ending, const std::string& message) const;

  const TrainConfig& config_;
  const RunFolder& run_;
  const TrainingData& data_;
  std::string communication_choice_;  // for the summary
  Communicator& communicator_;
  Trace& trace_;
  TimelineFile timeline_;
  std::unique_ptr<Backend> backend_;
  GpuMonitor gpu_;                         // rank 0's; the others have none
  std::unique_ptr<Communicator> devices_;  // the same ranks, and their devices; nullptr: by the host alone
  Trainer trainer_;
  RunCheckpoints checkpoints_;
  DataLoader loader_;
  StopSignals stop_;
  std::unique_ptr<MetricsLog> metrics_;     // rank 0's
  std::unique_ptr<TensorBoardLog> events_;  // the same
  int64_t step_ = 0;                        // steps done …
  int64_t last_step_ = 0;                   // … and before the last round
  double train_loss_ = 0;
  std::optional<double> val_loss_;  // of this very step
  Hiding sent_;                     // in all steps done here, …
  int64_t sent_bytes_ = 0;          // by this rank …
  int64_t sent_steps_ = 0;          // … which are so many
};

void Run::load_checkpoint() {
  const auto state = checkpoints_.load(data_.fingerprint);
  if (!state) return;  // begin again
  step_ = state->step;
  train_loss_ = state->train_loss;
  val_loss_ = state->val_loss;
}

TrainState Run::state() const {
  return {step_, train_loss_, val_loss_, data_.fingerprint, to_json(config_)};
}

/// Rank 0, and with --tp those who share its model, because no rank can write without the others.
void Run::draw_sample() {
  if (config_.sample_length == 0) return;
  const Trace::Span span = trace_.span("sample");
  const std::string text =
      sample_text(trainer_.model(), *data_.tokenizer, data_.training, config_.sample_length, config_.seed);
  if (speaks()) write_file_atomically(run_.sample(), text + "\n");
}

// [write_down]
/// What rank 0 does after a step, or the steps of a round, while the others are on their way to the next.
void Run::write_down(const std::vector<StepResult>& results, Progress& progress) {
  const Trace::Span span = trace_.span("writing down");
  const double tokens = static_cast<double>(config_.batch * config_.context);
  int64_t step = step_ - static_cast<int64_t>(results.size());
  StepMetrics metrics;
  for (const StepResult& result : results) {
    ++step;
    metrics = {.step = step,
               .train_loss = result.loss,
               .val_loss = step == step_ ? val_loss_ : std::nullopt,
               .lr = result.lr,
               .grad_norm = result.grad_norm,
               .tokens_per_second = tokens / result.seconds,
               .step_ms = 1e3 * result.seconds,
               .comm_ms = 1e3 * result.communication_seconds,
               .comm_total_ms = 1e3 * result.communication.total,
               .comm_hidden_ms = 1e3 * result.communication.hidden,
               .wire_bytes = result.sent_bytes,
               .memory_mb = static_cast<double>(backend_->allocator()->statistics().peak_in_use) / 1e6,
               .gpu = gpu_.ask()};
    metrics_->append(metrics);
    events_->append(metrics);
  }
  if (val_loss_ || due(config_.eval_every)) write_file_atomically(run_.plot(), metrics_->plot().svg());
  if (due(config_.checkpoint_every) || results.back().wish == Wish::stop) {
    const Trace::Span saving = trace_.span("checkpoint");
    metrics_->sync();
    checkpoints_.save(state());
  }
  if (due(config_.sample_every) && !trainer_.sharing()) draw_sample();
  progress.show(metrics);
}
// [/write_down]

// [run]
int Run::run() {
  if (speaks())
    fmt::print("{}", summary(config_, run_, data_, trainer_.model(), communicator_.size(),
                             communication_choice_, step_));
  Progress progress(step_, config_.steps, terminal_width(), !speaks());
  std::exception_ptr failure;  // of what rank 0 writes: the others hear of it with the next step
  Wish wish = Wish::go_on;
  while (step_ < config_.steps && wish == Wish::go_on) {
    const Wish mine = failure ? Wish::give_up : stop_.requested() ? Wish::stop : Wish::go_on;
    timeline_.before_step();
    const std::vector<StepResult> results = trainer_.round(loader_, step_, mine);
    const StepResult& last = results.back();
    const auto steps = static_cast<int64_t>(results.size());
    if (!last.finite()) return bad_number(step_ + steps, last.loss);
    wish = last.wish;
    if (wish == Wish::give_up) break;
    last_step_ = std::exchange(step_, step_ + steps);
    train_loss_ = last.loss;
    for (const StepResult& result : results) {
      ++sent_steps_;
      sent_ += result.communication;
      sent_bytes_ += result.sent_bytes;
    }
    val_loss_.reset();
    const bool checks = due(config_.check_every > 0 ? config_.check_every : config_.eval_every);
    const bool saves = due(config_.checkpoint_every) || wish == Wish::stop;
    Zero* const zero = trainer_.zero();
    const bool whole = checks || saves || due(config_.eval_every) || due(config_.sample_every);
    if (zero && whole) zero->gather_parameters();
    if (checks) trainer_.check_replicas(step_);
    if (due(config_.eval_every) && data_.validation.size() >= 2) {
      const Trace::Span span = trace_.span("validation");
      val_loss_ = evaluate(trainer_.model(), data_.validation, config_.batch, config_.eval_batches,
                           trainer_.groups().data())
                      .loss;
    }
    if (val_loss_ && !std::isfinite(*val_loss_)) return bad_number(step_, *val_loss_);
    if (saves) {
      const Trace::Span span = trace_.span("checkpoint");
      checkpoints_.gather(step_);
    }
    try {
      // With --tp, those who share rank 0's model must write its sample with it.
      if (due(config_.sample_every) && trainer_.sharing() && trainer_.groups().with_rank_0()) draw_sample();
      if (speaks()) write_down(results, progress);
    } catch (...) {
      failure = std::current_exception();
    }
    if (zero && whole) zero->give_back_parameters();
  }
  together(communicator_, [&] {
    if (failure) std::rethrow_exception(failure);
  });
  timeline_.finish();
  on_first_rank(communicator_, [&] {
    if (events_) note_ending(wish == Wish::stop ? "stopped" : "done", "");
  });
  if (communicator_.size() > 1) progress.say(communication());
  progress.say(wish == Wish::stop ? fmt::format("stopped after step {}{}", step_, how_to_go_on())
                                  : last_words());
  return exit_ok;
}
// [/run]

/// What the gradients' way to the other ranks took, as rank 0 saw it.
std::string Run::communication() const {
  const auto steps = static_cast<double>(std::max<int64_t>(1, sent_steps_));
  return fmt::format(
      "communication {:.1f} ms a step, {:.0f}% of it behind backward; {:.3g} MB sent by each rank",
      1e3 * sent_.total / steps, 100 * sent_.share(), static_cast<double>(sent_bytes_) / steps / 1e6);
}

/// A loss or gradient that is no number. Every rank sees the same and returns; nothing is written.
int Run::bad_number(int64_t step, double loss) {
  timeline_.finish();
  if (speaks()) {
    const auto checkpoints = list_checkpoints(run_.checkpoints());
    const std::string reason = describe_bad_step(trainer_.model().parameters(), loss);
    note_ending("bad number", fmt::format("step {}: {}", step, reason));
    fmt::print(stderr, "gpt: stopped in step {}: {}; {}\n", step, reason,
               checkpoints.empty() ? "there is no checkpoint yet"
                                   : "the last good checkpoint is " + checkpoints.back().string());
  }
  return exit_failure;
}

void Run::note_beginning() {
  RunPeriod period;
  period.first_step = step_;
  period.ranks = communicator_.size(), period.threads = omp_get_max_threads();
  period.parameters = parameter_count(trainer_.model().config());
  period.training_tokens = data_.training.size(), period.validation_tokens = data_.validation.size();
  period.backend = backend_->name(), period.sums = communication_choice_;
  write_beginning(run_.history(), period);
}

void Run::note_ending(const char* ending, const std::string& message) const {
  RunPeriod period;
  period.ending = ending, period.last_step = step_, period.message = message;
  write_ending(run_.history(), period);
}

/// What a finished run says: where it lies, and the beginning of what its model writes.
std::string Run::last_words() const {
  std::string text = "done: the run is in " + run_.path.string();
  if (!speaks() || !std::filesystem::exists(run_.sample())) return text;
  text += ", a sample of its writing in " + run_.sample().string();
  std::istringstream sample(
      remove_control_characters(read_file(run_.sample())));  // which terminals would obey
  std::string line;
  for (int lines = 0; lines < sample_lines_shown && std::getline(sample, line); ++lines)
    text += "\n  | " + line;
  return text;
}

/// The option of ./book that starts the ranks as they were started; two on this machine need none.
std::string ranks_option(int ranks) {
  if (const char* hosts = std::getenv("GPT_HOSTS")) return fmt::format("--hosts {} ", hosts);
  return ranks == 2 ? "" : fmt::format("--ranks {} ", ranks);
}

std::string Run::how_to_go_on() const {
  if (std::getenv("GPT_LAUNCH")) return "";  // that is the launcher's business
  const int ranks = communicator_.size();
  const std::string options = "--resume --out " + run_.path.string();
  if (std::getenv("GPT_TERMINAL"))  // started by ./book, which trains with two ranks unless told
    return fmt::format("; go on with ./book train {}{}", ranks_option(ranks), options);
  return fmt::format("; go on with {}gpt train {}", ranks > 1 ? fmt::format("mpirun -np {} ", ranks) : "",
                     options);
}

}  // namespace

Command add_train(ArgumentParser& parser) {
  auto options = std::make_shared<TrainOptions>();
  add_train_options(parser, *options);
  return [options](Communicator& communicator) {
    require_company(communicator);
    Trace trace;
    const auto log = std::make_shared<CollectiveLog>();
    WatchedCommunicator watched(communicator, log);
    std::optional<Watchdog> watchdog;
    if (watched.size() > 1)
      watchdog.emplace(MPI_COMM_WORLD, *log, trace, WatchdogOptions{"gpt", options->collective_timeout});
    on_first_rank(watched, [&] { options->timeline.check(); });
    if (watchdog) watchdog->be_patient(true);  // rank 0 may learn a tokenizer for minutes
    Preparation preparation = [&] {
      const Trace::Span span = trace.span("preparation");
      return prepare_run(*options, watched);
    }();
    require_same_start(preparation, watched);
    if (watchdog) watchdog->be_patient(false);
    set_threads(preparation.config.wanted_threads());
    if (preparation.config.servers > 0) {
      // A lost worker but rank 0 stops nobody; a lost server does.
      if (watchdog) watchdog->can_spare(1, watched.size() - static_cast<int>(preparation.config.servers));
      return train_with_servers(preparation, watched, options->collective_timeout, trace);
    }
    CommunicationChoice choice(preparation.run, preparation.resumed, watched);
    choice.choose_all_reduce(preparation.config, communicator, watched);
    return Run(preparation, options->timeline, choice, watched, log, options->collective_timeout, trace)
        .run();
  };
}

}  // namespace gpt
