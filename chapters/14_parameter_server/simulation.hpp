#pragma once
// Workers and servers under a clock that is only a number: the same in every run.

#include <functional>
#include <memory>
#include <queue>
#include <vector>

#include "10_collectives/cost_model.hpp"
#include "14_parameter_server/client.hpp"
#include "14_parameter_server/server.hpp"

namespace gpt {

struct SimulatedWorker {
  const ParameterStore* store = nullptr;       ///< its copy of the parameters, and its gradients
  std::function<void(int64_t step)> gradient;  ///< computes the gradients of a step of its own into the store
  std::function<double(int64_t step)> seconds;  ///< how long that takes
  int64_t dies_after = -1;  ///< steps: then it falls silent, in the middle of the next one
};

/// One gradient that came to server 0.
struct Arrival {
  double time = 0.0;
  int worker = 0;
  int64_t step = 0;     ///< of the worker, from 0
  int64_t ahead = 0;    ///< of the slowest living worker when this step was begun
  int64_t updates = 0;  ///< of the shard, after this gradient
};

// [simulation]
/// Runs the state machines of servers and workers, and carries their messages, in the order of virtual time.
/// Gradients are computed for real, from the parameters that the worker has at that moment. What runs in
/// parallel in the story runs one after the other here, so two runs give the same bits. A server's link
/// carries one message at a time in each direction, for m bytes in alpha + m·beta seconds; the workers' links
/// are never the narrow place.
class Simulation {
 public:
  Simulation(std::vector<ParameterServer*> servers, std::vector<SimulatedWorker> workers, LinkCost link,
             int64_t block, bool incremental = false);

  /// Every worker takes `steps` steps, or as many as it can begin before `until`; then it leaves. Runs to the
  /// end of all of them. `arrived` is called for each gradient.
  void run(int64_t steps, double until, const std::function<void(const Arrival&)>& arrived = nullptr);

  double time() const { return time_; }
  WireBytes traffic() const;  ///< of all workers
                              // [/simulation]

 private:
  struct Event {
    double time;
    int64_t number;  // of two events at one time the older comes first
    std::function<void()> happen;
    bool operator>(const Event& other) const {
      return time != other.time ? time > other.time : number > other.number;
    }
  };
  struct State {
    std::unique_ptr<ParameterClient> client;
    int answers = 0;  // to the pull in progress
    int64_t step = 0, ahead = 0;
  };

  void at(double time, std::function<void()> happen);
  void begin_step(int worker);
  void finish_step(int worker);
  void to_server(int server, const Message& message);
  void to_workers(int server, const std::vector<Letter>& letters);
  void answered(int worker, int server, const Message& message);
  double carried(double& link_free, const Message& message) const;

  std::vector<ParameterServer*> servers_;
  std::vector<SimulatedWorker> workers_;
  LinkCost link_;
  std::vector<State> states_;
  std::vector<double> in_free_, out_free_;  // of each server: when its link can take the next message
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  int64_t events_made_ = 0, steps_ = 0;
  double time_ = 0.0, until_ = 0.0;
  std::function<void(const Arrival&)> arrived_;
};

}  // namespace gpt
