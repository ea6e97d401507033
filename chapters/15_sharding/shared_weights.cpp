#include "15_sharding/shared_weights.hpp"

#include "11_ddp/odd_rank.hpp"
#include "common/file.hpp"

namespace gpt {
namespace {

/// The place of a whole parameter in a file: a Parameter alone in a buffer of its own.
Parameter alone(const WholeParameter& whole) {
  return {whole.name, whole.shape, 0, whole.shape.elements(), whole.shape.rank() >= 2, {}};
}

Tensor part_of(const Parameter& p, const Tensor& buffer) {
  return buffer.slice(0, p.offset, p.offset + p.elements);
}

}  // namespace

// [whole]
Tensor whole_of(const TensorSharing& sharing, const Parameter& parameter, const Tensor& buffer) {
  const WholeParameter& whole = sharing.whole(parameter.name);
  const Cut cut = cut_of(whole.name);
  const Place& place = sharing.place();
  const Tensor mine = part_of(parameter, buffer);
  if (!cut.shared_out()) return mine.clone().reshape(whole.shape);
  const Tensor all = Tensor::zeros(whole.shape, buffer.dtype());
  const Tensor view = share_view(all, cut, place.rank, place.ranks);
  view.copy_from(mine.reshape(view.shape()));
  sharing.group().all_reduce(all, ReduceOp::sum);  // a number and zeros: the number
  return all;
}
// [/whole]

void check_what_all_have(const TensorSharing& sharing, const ParameterStore& store, int64_t step) {
  std::vector<uint64_t> sums;
  std::vector<std::string> names;
  for (const Parameter& p : store.parameters()) {
    if (cut_of(p.name).shared_out()) continue;
    const Tensor value = part_of(p, store.values());
    sums.push_back(checksum(std::span(value.bytes_data(), static_cast<size_t>(value.bytes()))));
    names.push_back(p.name);
  }
  const std::vector<uint64_t> all = gather_numbers(sums, sharing.group());
  for (size_t i = 0; i < names.size(); ++i) {
    std::vector<uint64_t> of_ranks;
    for (size_t rank = 0; rank < static_cast<size_t>(sharing.ranks()); ++rank)
      of_ranks.push_back(all[rank * names.size() + i]);
    if (const auto odd = find_odd_rank(of_ranks))
      throw Error(
          fmt::format("the ranks that share a model have diverged at step {}: parameter {} of their rank "
                      "{} differs from that of rank {}",
                      step, names[i], odd->rank, odd->other));
  }
}

void load_share(const SafetensorsFile& file, const TensorSharing& sharing, const ParameterStore& store,
                const Tensor& buffer, const std::string& prefix) {
  const Place& place = sharing.place();
  for (const Parameter& parameter : store.parameters()) {
    const WholeParameter& whole = sharing.whole(parameter.name);
    const Tensor all = Tensor::zeros({whole.shape.elements()}, buffer.dtype());
    const Tensor published = published_view(alone(whole), all);
    published.copy_from(file.tensor(prefix + whole.name, published.shape()));
    const Tensor mine = share_view(all.reshape(whole.shape), cut_of(whole.name), place.rank, place.ranks);
    part_of(parameter, buffer).reshape(mine.shape()).copy_from(mine);
  }
}

void add_whole_weights(SafetensorsWriter& writer, const TensorSharing& sharing, const ParameterStore& store,
                       const Tensor& buffer, Communicator* stages, const std::string& prefix) {
  for (const WholeParameter& whole : sharing.whole()) {
    // The first stage that has it answers for it; the token table of the last one is a copy.
    const bool here = store.contains(whole.name) && (whole.name != "wte.weight" || sharing.first());
    Tensor all = here ? whole_of(sharing, store.parameter(whole.name), buffer) : Tensor();
    if (stages) {
      const double owner = stages->all_reduce(here ? stages->rank() : -1.0, ReduceOp::max);
      if (owner != 0 && stages->rank() == static_cast<int>(owner)) stages->send(all, 0);
      if (owner != 0 && stages->rank() == 0) {
        all = Tensor(whole.shape, buffer.dtype());
        stages->receive(all, static_cast<int>(owner));
      }
    }
    if (all.defined()) {
      const Parameter place = alone(whole);
      writer.add(prefix + whole.name, published_view(place, all.reshape({place.elements})));
    }
  }
}

}  // namespace gpt
