#include "15_sharding/slice_weights.hpp"

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
Tensor whole_of(const GptSlice& slice, const Parameter& parameter, const Tensor& buffer) {
  const WholeParameter& whole = slice.whole(parameter.name);
  const Place& place = slice.place();
  const Tensor mine = part_of(parameter, buffer);
  if (!whole.cut.shared_out()) return mine.clone().reshape(whole.shape);
  const Tensor all = Tensor::zeros(whole.shape, buffer.dtype());
  const Tensor view = share_view(all, whole.cut, place.rank, place.ranks);
  view.copy_from(mine.reshape(view.shape()));
  slice.group().all_reduce(all, ReduceOp::sum);  // a number and zeros: the number
  return all;
}
// [/whole]

void load_slice(const SafetensorsFile& file, const GptSlice& slice, const Tensor& buffer,
                const std::string& prefix) {
  for (const Parameter& parameter : slice.parameters().parameters()) {
    const WholeParameter& whole = slice.whole(parameter.name);
    const Tensor all = Tensor::zeros({whole.shape.elements()}, buffer.dtype());
    const Tensor published = published_view(alone(whole), all);
    published.copy_from(file.tensor(prefix + whole.name, published.shape()));
    const Tensor mine =
        share_view(all.reshape(whole.shape), whole.cut, slice.place().rank, slice.place().ranks);
    part_of(parameter, buffer).reshape(mine.shape()).copy_from(mine);
  }
}

void add_whole_weights(SafetensorsWriter& writer, const GptSlice& slice, const Tensor& buffer,
                       Communicator* stages, const std::string& prefix) {
  const ParameterStore& store = slice.parameters();
  for (const WholeParameter& whole : slice.whole()) {
    // The first stage that has it answers for it; the token table of the last one is a copy.
    const bool here = store.contains(whole.name) && (whole.name != "wte.weight" || slice.first());
    Tensor all = here ? whole_of(slice, store.parameter(whole.name), buffer) : Tensor();
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
