#include "16_trainer/server_training.hpp"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>

#include "10_collectives/mpi_session.hpp"
#include "14_parameter_server/serve.hpp"
#include "16_trainer/agreement.hpp"
#include "16_trainer/evaluation.hpp"
#include "16_trainer/health.hpp"
#include "16_trainer/metrics.hpp"
#include "16_trainer/progress.hpp"
#include "16_trainer/run_checkpoints.hpp"
#include "16_trainer/run_history.hpp"
#include "16_trainer/server_checkpoint.hpp"
#include "16_trainer/server_farewell.hpp"
#include "16_trainer/server_options.hpp"
#include "16_trainer/stop.hpp"
#include "16_trainer/summary.hpp"
#include "16_trainer/text_stream.hpp"
#include "16_trainer/together.hpp"
#include "16_trainer/trainer.hpp"
#include "common/file.hpp"
#include "common/program.hpp"

namespace gpt {
namespace {

constexpr int64_t block = 1 << 16;  // in each step all parameters change: nothing is won by small ones

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// What servers and workers have in common.
class ServerRun {
 public:
  ServerRun(Preparation& preparation, Communicator& communicator, double lease, Trace& trace)
      : config_(preparation.config),
        run_(preparation.run),
        data_(preparation.data),
        lease_(lease),
        trace_(trace),
        roles_{communicator.size() - static_cast<int>(config_.servers), static_cast<int>(config_.servers)},
        rank_(communicator.rank()),
        mailbox_(MPI_COMM_WORLD),
        farewell_(mailbox_),
        group_(communicator.split(roles_.serves(rank_) ? 1 : 0, rank_)),
        backend_(make_backend_together({"cpu", config_.precision, rank_}, communicator)),
        trainer_(config_, config_.model(data_.tokenizer->vocabulary_size()), *backend_, *group_, trace),
        loader_(data_.training, config_.context, config_.batch, config_.seed),
        shards_(cut_into_shards(store().size(), roles_.servers)) {
    if (preparation.resumed) together(communicator, [&] { load_checkpoint(); });
  }

  int go() {
    if (first_ >= config_.steps) return exit_ok;  // nothing is left to do
    return roles_.serves(rank_) ? serve_shard() : work();
  }

 private:
  const ParameterStore& store() { return trainer_.model().parameters(); }
  bool due(int64_t step, int64_t every) const {
    return step == config_.steps || (every > 0 && step % every == 0);
  }
  void load_checkpoint();
  int serve_shard();
  int work();
  void begin();
  void settle(int64_t step, bool last);
  std::string roles() const;
  StepMetrics line_of(const StepResult& result, int64_t step, double waited, int64_t sent) const;

  const TrainConfig& config_;
  const RunFolder& run_;
  const TrainingData& data_;
  double lease_;
  Trace& trace_;
  Roles roles_;
  int rank_;
  Mailbox mailbox_;
  Farewell farewell_;
  std::unique_ptr<Communicator> group_;  // the workers, or the servers: who is lost later is in no collective
  std::unique_ptr<Backend> backend_;
  Trainer trainer_;
  DataLoader loader_;
  std::vector<ShardRange> shards_;
  std::filesystem::path from_;  // the checkpoint that the run goes on from; empty: none
  int64_t first_ = 0;           // its step

  // Rank 0's:
  std::unique_ptr<MetricsLog> metrics_;
  std::optional<StepMetrics> last_;  // to be written when the parameters after it are known
};

void ServerRun::load_checkpoint() {
  const auto newest = newest_checkpoint(run_, data_.fingerprint);
  if (!newest) return;
  from_ = newest->path;
  load_model(from_, trainer_.model());
  first_ = newest->state.step;
}

// [serve_shard]
int ServerRun::serve_shard() {
  const Pace pace = pace_of(config_);
  // In lockstep an update is a step of all. Otherwise it is one of as many parts of a step as there are
  // workers; and Adam makes any gradient an update of the same size, so the rate must be a part, too.
  const int updates_a_step = pace.mode == Mode::synchronous ? 1 : roles_.workers;
  const ServerOptions options{.workers = roles_.workers,
                              .pace = pace,
                              .optimizer = "adamw",
                              .numbers = {.beta1 = config_.beta1,
                                          .beta2 = config_.beta2,
                                          .epsilon = config_.epsilon,
                                          .weight_decay = config_.weight_decay},
                              .rate = [schedule = make_schedule(config_), first = first_, updates_a_step](
                                          int64_t step) { return schedule(first + step) / updates_a_step; },
                              .block = block,
                              .lease = lease_};
  const int number = rank_ - roles_.workers;
  ParameterServer server(store(), shards_[static_cast<size_t>(number)], options);
  if (!from_.empty()) load_server_moments(from_, trainer_.model(), server, first_ * updates_a_step);
  int64_t saved = first_;
  const StopSignals unheard;  // the workers stop, and then there is nobody to serve
  const auto save = [&](int64_t step) {
    save_server_moments(run_.checkpoints(), step, store(), server, number, roles_.servers);
    saved = step;
  };
  const auto require_rank_0 = [&] {
    if (std::ranges::count(server.lost(), 0) > 0)
      farewell_.give_up("rank 0 is lost, and nobody else writes checkpoints");
  };
  serve(
      mailbox_, server, [start = now()] { return now() - start; },
      [&] {
        require_rank_0();
        // Saved before any answer is sent: whoever has the parameters after rank 0's step finds the moments.
        const int64_t step = first_ + server.clocks().clock(0);
        if (step != saved && step < config_.steps && due(step, config_.checkpoint_every)) save(step);
      });
  require_rank_0();
  save(first_ + server.clocks().clock(0));
  mailbox_.send(0, last_values(server, 0, block).bytes());
  mailbox_.send(0, lost_workers(server).bytes());
  farewell_.await();
  return exit_ok;
}
// [/serve_shard]

void ServerRun::begin() {
  metrics_ = std::make_unique<MetricsLog>(run_.metrics(), first_);
  fmt::print("{}", summary(config_, run_, data_, trainer_.model(), roles_.workers + roles_.servers, roles(),
                           first_));
  RunPeriod period;
  period.first_step = first_;
  period.ranks = roles_.workers + roles_.servers, period.threads = omp_get_max_threads();
  period.parameters = store().parameter_count();
  period.training_tokens = data_.training.size(), period.validation_tokens = data_.validation.size();
  period.backend = backend_->name(), period.sums = roles();
  write_beginning(run_.history(), period);
}

std::string ServerRun::roles() const {
  return fmt::format("{} worker{}, {} server{}, {}", roles_.workers, roles_.workers == 1 ? "" : "s",
                     roles_.servers, roles_.servers == 1 ? "" : "s", to_string(pace_of(config_)));
}

/// Rank 0 has the parameters after `step`: validation, the line of the step before, checkpoint, sample.
void ServerRun::settle(int64_t step, bool last) {
  if (!last_) return;
  if ((last || due(step, config_.eval_every)) && data_.validation.size() >= 2) {
    const auto alone = make_single_communicator();
    last_->val_loss =
        evaluate(trainer_.model(), data_.validation, config_.batch, config_.eval_batches, *alone).loss;
  }
  metrics_->append(*last_);
  if (last || due(step, config_.checkpoint_every)) {
    metrics_->sync();
    write_file_atomically(run_.plot(), metrics_->plot().svg());
    save_checkpoint_of_shards(run_.checkpoints(),
                              {step, last_->train_loss, last_->val_loss, data_.fingerprint, to_json(config_)},
                              trainer_.model());
    remove_old_checkpoints(run_.checkpoints(), config_.keep);
  }
  if (config_.sample_length > 0 && (last || due(step, config_.sample_every)))
    write_file_atomically(run_.sample(), sample_text(trainer_.model(), *data_.tokenizer, data_.training,
                                                     config_.sample_length, config_.seed) +
                                             "\n");
}

/// The line of rank 0's own step: its loss and its speed, and what it waited for and sent.
StepMetrics ServerRun::line_of(const StepResult& result, int64_t step, double waited, int64_t sent) const {
  const double seconds = waited + result.seconds;
  const int64_t rows = share_of(config_.batch, 0, roles_.workers).count;
  return {.step = step,
          .train_loss = result.loss,
          .val_loss = {},
          .lr = result.lr,
          .grad_norm = result.grad_norm,
          .tokens_per_second = static_cast<double>(config_.context * rows) / seconds,
          .step_ms = 1e3 * seconds,
          .comm_ms = 1e3 * waited,
          .comm_total_ms = 1e3 * waited,
          .comm_hidden_ms = 0,
          .wire_bytes = sent,
          .memory_mb = static_cast<double>(backend_->allocator()->statistics().peak_in_use) / 1e6};
}

// [work]
int ServerRun::work() {
  ParameterClient client(store(), shards_, rank_, block, /*incremental=*/false);
  Worker worker(mailbox_, client, roles_, 2 * lease_);  // others make it wait for one lease at the most
  const StopSignals stop;
  if (rank_ == 0) begin();
  Progress progress(first_, config_.steps, terminal_width(), rank_ != 0);
  int64_t step = first_;
  while (step < config_.steps) {
    const double start = now();
    try {
      const Trace::Span span = trace_.span("wait for parameters");
      if (!worker.pull()) Farewell::end();
    } catch (const Silence& silence) {
      farewell_.give_up(fmt::format("a server is lost: {}", silence.what()));
    } catch (const Error& refusal) {  // it was silent for too long: the others go on without this one
      if (rank_ == 0) throw;
      fmt::print(stderr, "gpt: rank {} ends in step {}: {}\n", rank_, step + 1, refusal.what());
      farewell_.await();
      return exit_ok;
    }
    const double waited = now() - start;
    store().refresh_compute_copy();
    step = first_ + client.clock();
    if (rank_ == 0 && last_) {
      settle(step, false);
      progress.show(*last_);
    }
    const int64_t sent_before = client.traffic().pushed;
    const StepResult result = trainer_.gradient(loader_, step, roles_.workers);
    if (!result.finite()) {
      fmt::print(stderr, "gpt: rank {} stopped in step {}: {}\n", rank_, step + 1,
                 describe_bad_step(store(), result.loss));
      return exit_failure;
    }
    worker.push();
    ++step;
    if (rank_ == 0) last_ = line_of(result, step, waited, client.traffic().pushed - sent_before);
    if (stop.requested()) break;
  }
  worker.leave();
  if (rank_ != 0) {
    farewell_.await();
    return exit_ok;
  }
  int64_t updates = 0;    // the servers send what they have in the end, when the last worker has left,
  std::vector<int> lost;  // and whom they have lost
  for (int answers = 0; answers < 2 * roles_.servers; ++answers) {
    Delivery delivery = mailbox_.wait();
    const Message message(std::move(delivery.bytes));
    if (message.header().kind == Kind::farewell) {
      std::ranges::copy_if(ranks_in(message), std::back_inserter(lost),
                           [&](int rank) { return std::ranges::count(lost, rank) == 0; });
      continue;
    }
    client.accept(delivery.from - roles_.workers, message);
    updates = message.header().version;
  }
  store().refresh_compute_copy();
  settle(step, true);
  RunPeriod period;
  period.ending = step < config_.steps ? "stopped" : "done", period.last_step = step;
  write_ending(run_.history(), period);
  if (last_) progress.show(*last_);
  progress.say(fmt::format("{} updates by {}", updates, roles()));
  progress.say(
      fmt::format("{}: the run is in {}", step < config_.steps ? "stopped" : "done", run_.path.string()));
  farewell_.say(lost);
  return exit_ok;
}
// [/work]

}  // namespace

int train_with_servers(Preparation& preparation, Communicator& communicator, double lease, Trace& trace) {
  return ServerRun(preparation, communicator, lease, trace).go();
}

}  // namespace gpt
