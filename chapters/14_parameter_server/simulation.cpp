#include "14_parameter_server/simulation.hpp"

#include <algorithm>
#include <cmath>

namespace gpt {

Simulation::Simulation(std::vector<ParameterServer*> servers, std::vector<SimulatedWorker> workers,
                       LinkCost link, int64_t block, bool incremental)
    : servers_(std::move(servers)),
      workers_(std::move(workers)),
      link_(link),
      states_(workers_.size()),
      in_free_(servers_.size()),
      out_free_(servers_.size()) {
  std::vector<ShardRange> shards;
  for (const ParameterServer* server : servers_) shards.push_back(server->shard());
  for (size_t w = 0; w < workers_.size(); ++w)
    states_[w].client = std::make_unique<ParameterClient>(*workers_[w].store, shards, static_cast<int>(w),
                                                          block, incremental);
}

// [events]
void Simulation::at(double time, std::function<void()> happen) {
  events_.push({time, events_made_++, std::move(happen)});
}

void Simulation::run(int64_t steps, double until, const std::function<void(const Arrival&)>& arrived) {
  steps_ = steps;
  until_ = until;
  arrived_ = arrived;
  for (size_t w = 0; w < workers_.size(); ++w) {
    states_[w].step = 0;
    at(time_, [this, w] { begin_step(static_cast<int>(w)); });
  }
  while (!events_.empty()) {
    const Event next = events_.top();
    events_.pop();
    time_ = next.time;
    next.happen();
  }
}
// [/events]

void Simulation::begin_step(int worker) {
  State& state = states_[static_cast<size_t>(worker)];
  const bool last = state.step == steps_ || time_ >= until_;
  state.answers = 0;
  for (int s = 0; s < state.client->servers(); ++s)
    to_server(s, last ? state.client->leave(s) : state.client->pull(s));
}

double Simulation::carried(double& link_free, const Message& message) const {
  link_free = std::max(link_free, time_) + static_cast<double>(message.bytes().size()) * link_.beta;
  return link_free + link_.alpha;
}

void Simulation::to_server(int server, const Message& message) {
  const auto s = static_cast<size_t>(server);
  at(carried(in_free_[s], message), [this, server, s, message] {
    ParameterServer& at_server = *servers_[s];
    const std::vector<Letter> letters = at_server.handle(message, time_);
    const Header& header = message.header();
    if (server == 0 && header.kind == Kind::push && arrived_)
      arrived_({time_, header.worker, header.clock, states_[static_cast<size_t>(header.worker)].ahead,
                at_server.version()});
    to_workers(server, letters);
  });
}

void Simulation::to_workers(int server, const std::vector<Letter>& letters) {
  for (const Letter& letter : letters)
    at(carried(out_free_[static_cast<size_t>(server)], letter.message),
       [this, server, letter] { answered(letter.to, server, letter.message); });
}

void Simulation::answered(int worker, int server, const Message& message) {
  const auto w = static_cast<size_t>(worker);
  State& state = states_[w];
  state.client->accept(server, message);
  if (++state.answers < state.client->servers()) return;
  if (state.step == workers_[w].dies_after) {
    for (size_t s = 0; s < servers_.size(); ++s)
      if (std::isfinite(servers_[s]->lease()))
        at(time_ + 1.001 * servers_[s]->lease(),
           [this, s] { to_workers(static_cast<int>(s), servers_[s]->expire(time_)); });
    return;
  }
  const ClockTable& clocks = servers_[0]->clocks();
  state.ahead = clocks.clock(worker) - clocks.slowest();
  workers_[w].gradient(state.step);
  at(time_ + workers_[w].seconds(state.step), [this, worker] { finish_step(worker); });
}

void Simulation::finish_step(int worker) {
  State& state = states_[static_cast<size_t>(worker)];
  for (int s = 0; s < state.client->servers(); ++s) to_server(s, state.client->push(s));
  ++state.step;
  begin_step(worker);
}

WireBytes Simulation::traffic() const {
  WireBytes all;
  for (const State& state : states_) {
    all.pulled += state.client->traffic().pulled;
    all.pushed += state.client->traffic().pushed;
  }
  return all;
}

}  // namespace gpt
