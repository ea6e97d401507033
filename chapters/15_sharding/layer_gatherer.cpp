#include "15_sharding/layer_gatherer.hpp"

namespace gpt {
namespace {

/// Layers lie in the arena from the last to the first, and behind them the tables, which are layer -1.
size_t unit_of_layer(int64_t layer, int64_t layers) {
  return static_cast<size_t>(layers - 1 - layer);
}

}  // namespace

std::vector<size_t> visits_of_pass(int64_t layers) {
  std::vector<size_t> visits;
  for (int64_t layer = -1; layer < layers; ++layer) visits.push_back(unit_of_layer(layer, layers));
  visits.push_back(unit_of_layer(-1, layers));
  for (int64_t layer = layers - 1; layer >= 0; --layer) visits.push_back(unit_of_layer(layer, layers));
  return visits;
}

LayerGatherer::LayerGatherer(Gpt& model, Communicator& communicator, const Partition& partition)
    : model_(model),
      partition_(partition),
      rank_(communicator.rank()),
      visits_(visits_of_pass(model.config().layers)),
      coming_(partition.units()),
      background_(communicator) {
  model_.on_layer([this](int64_t layer) { enter(layer); });
}

LayerGatherer::~LayerGatherer() {
  model_.on_layer(nullptr);
}

// [enter]
void LayerGatherer::fetch(size_t unit) {
  if (coming_[unit]) return;  // still there
  const ParameterStore& store = model_.parameters();
  const auto task = [values = store.values(), copy = store.compute_copy(), partition = partition_,
                     unit](Communicator& group) {
    gather_from_owners(group, values, partition, unit);
    const Part all = partition.unit(unit);
    if (copy.defined()) copy.slice(0, all.from, all.to).copy_from(values.slice(0, all.from, all.to));
  };
  coming_[unit] = background_.submit(task);
}

void LayerGatherer::enter(int64_t layer) {
  if (whole_) return;
  GPT_CHECK(next_ < visits_.size() && visits_[next_] == unit_of_layer(layer, model_.config().layers),
            "layer {} comes out of turn: a pass forward is followed by one backward", layer);
  const size_t here = visits_[next_++];
  fetch(here);  // the first of a pass; all others are on their way
  const size_t ahead = next_ < visits_.size() ? visits_[next_] : here;
  for (size_t unit = 0; unit < coming_.size(); ++unit)
    if (coming_[unit] && unit != here && unit != ahead) {
      give_back_others(model_.parameters().values(), partition_, unit, rank_);
      if (const Tensor& copy = model_.parameters().compute_copy(); copy.defined())
        give_back_others(copy, partition_, unit, rank_);
      coming_[unit] = nullptr;
    }
  coming_[here]->wait();
  fetch(ahead);
}
// [/enter]

void LayerGatherer::end_pass() {
  GPT_CHECK(next_ == visits_.size(), "a pass ended after {} of {} layers", next_, visits_.size());
  next_ = 0;
  give_back_all();
}

void LayerGatherer::empty_pass() {
  const int64_t layers = model_.config().layers;
  for (const size_t unit : visits_) enter(layers - 1 - static_cast<int64_t>(unit));
  end_pass();
}

void LayerGatherer::await_fetched() {
  for (const auto& work : coming_)
    if (work) work->wait();
}

void LayerGatherer::gather_all() {
  for (size_t unit = 0; unit < coming_.size(); ++unit) fetch(unit);
  for (const auto& work : coming_) work->wait();
  whole_ = true;
}

void LayerGatherer::give_back_all() {
  for (size_t unit = 0; unit < coming_.size(); ++unit) {
    if (coming_[unit]) coming_[unit]->wait();
    coming_[unit] = nullptr;
    give_back_others(model_.parameters().values(), partition_, unit, rank_);
    if (const Tensor& copy = model_.parameters().compute_copy(); copy.defined())
      give_back_others(copy, partition_, unit, rank_);
  }
  whole_ = false;
}

}  // namespace gpt
