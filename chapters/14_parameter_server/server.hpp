#pragma once
// A server: it owns a shard of the parameters, and the optimizer's state for it.

#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "03_optimizers/optimizer.hpp"
#include "03_optimizers/schedule.hpp"
#include "14_parameter_server/message.hpp"
#include "14_parameter_server/pace.hpp"

namespace gpt {

struct ServerOptions {
  int workers = 1;
  Pace pace = {};
  std::string optimizer = "gd";  ///< as make_optimizer() takes it
  OptimizerOptions numbers = {};
  Schedule rate = constant_schedule(0.1);  ///< of a step that all workers together take
  int64_t block = 1024;                    ///< elements that are sent, or not, together
  /// Seconds after which a worker that should have said something, and has not, is taken for dead.
  double lease = std::numeric_limits<double>::infinity();
};

// [server]
/// A server that knows nothing of networks: letters come in, letters go out. So the same code runs behind MPI
/// and in a simulation. Its state depends on the letters and their order alone, but for who is taken for
/// dead.
///
/// Synchronous: the gradients of a step wait until all living workers have sent theirs; their mean, summed in
/// order of worker, is one step of the optimizer. Otherwise each gradient that comes is a step of the
/// optimizer by itself, counted as one of as many parts of a mean as there are living workers.
class ParameterServer {
 public:
  /// Serves `shard` of `whole`, which holds f32 and gives the first values.
  ParameterServer(const ParameterStore& whole, ShardRange shard, ServerOptions options);

  /// Takes a message that came at `now` (seconds, from any start), and says what to send. A message that is
  /// wrong is answered by a refusal, and changes nothing.
  std::vector<Letter> handle(const Message& message, double now);
  /// Removes the workers whose lease has ended, and says what to send to those who waited for them. A worker
  /// that waits for this server's answer cannot be late.
  std::vector<Letter> expire(double now);

  /// Has every worker left, or died?
  bool done() const { return clocks_.living() == 0; }
  ShardRange shard() const { return shard_; }
  double lease() const { return options_.lease; }
  const ClockTable& clocks() const { return clocks_; }
  const Tensor& values() const { return store_.values(); }  ///< (shard's elements) f32
  int64_t version() const { return version_; }              ///< updates so far
  /// For checkpoints: its buffers are parallel to values(). Not to be stepped.
  Optimizer& optimizer() { return *optimizer_; }
  int waiting() const { return static_cast<int>(waiting_.size()); }
  /// staleness()[k]: how many gradients came k updates after their parameters had been pulled.
  const std::vector<int64_t>& staleness() const { return staleness_; }
  /// The workers that were taken for dead, in that order.
  const std::vector<int>& lost() const { return lost_; }

  /// All of it but who waits: whoever does will ask again. Written beside, synced, renamed.
  void save(const std::filesystem::path& path) const;
  /// Throws UserError for a file of another shard, optimizer or number of workers, or a damaged one.
  void load(const std::filesystem::path& path);
  // [/server]

 private:
  void check(const Message& message) const;
  void apply(const Header& push, std::span<const std::byte> gradient);
  void finish_synchronous_step();
  void step(double rate);
  Letter answer(const Header& pull) const;
  std::vector<Letter> answer_waiting(double now);
  std::string state() const;

  ServerOptions options_;
  ShardRange shard_;
  ParameterStore store_;
  std::unique_ptr<Optimizer> optimizer_;
  ClockTable clocks_;
  int64_t version_ = 0;
  std::vector<int64_t> block_versions_;  // of each block: the last update that changed it
  std::map<int, Tensor> gradients_;      // synchronous: of the workers that have sent theirs
  std::map<int, Header> waiting_;        // pulls that could not be answered yet
  std::vector<double> heard_;            // when a worker last had something to do
  std::vector<int64_t> staleness_;
  std::vector<int> lost_;
  Tensor before_;  // the values before a step, to see which blocks it changed
};

}  // namespace gpt
