#include "16_trainer/shared_checkpoint.hpp"

#include "03_optimizers/initialisation.hpp"

namespace gpt {

CheckpointTensors gather_tensors(const Gpt& model, const TensorSharing& sharing, const AdamW& optimizer,
                                 int64_t step) {
  const ParameterStore& store = model.parameters();
  CheckpointTensors tensors;
  tensors.weights.metadata = checkpoint_metadata(model.config(), step);
  add_whole_weights(tensors.weights, sharing, store, store.values());
  add_whole_weights(tensors.moments, sharing, store, optimizer.m(), nullptr, "m.");
  add_whole_weights(tensors.moments, sharing, store, optimizer.v(), nullptr, "v.");
  return sharing.rank() == 0 ? tensors : CheckpointTensors{};
}

// [load]
void load_shared(const std::filesystem::path& checkpoint, Gpt& model, const TensorSharing& sharing,
                 AdamW& optimizer) {
  ParameterStore& store = model.parameters();
  load_share(SafetensorsFile(checkpoint / weights_file), sharing, store, store.values());
  store.refresh_compute_copy();
  if (std::filesystem::exists(checkpoint / moments_file)) {
    const SafetensorsFile file(checkpoint / moments_file);
    load_share(file, sharing, store, optimizer.m(), "m.");
    load_share(file, sharing, store, optimizer.v(), "v.");
    return;
  }
  // Written with --zero: runs of elements, by their places in the arena of a whole model. Such an arena,
  // whose two buffers take the two moments.
  ParameterStore whole(store.values().dtype());
  for (const WholeParameter& parameter : sharing.whole())
    whole.declare(parameter.name, parameter.shape, initial::zeros());
  whole.allocate(0);
  read_optimizer(checkpoint, whole, [&](char moment, int64_t offset, const Tensor& values) {
    const Tensor& buffer = moment == 'm' ? whole.values() : whole.gradients();
    buffer.slice(0, offset, offset + values.elements()).copy_from(values);
  });
  for (const Parameter& parameter : store.parameters()) {
    const auto take = [&](const Tensor& moments, const Tensor& all) {
      const Tensor mine = share_view(all, cut_of(parameter.name), sharing.rank(), sharing.ranks());
      moments.slice(0, parameter.offset, parameter.offset + parameter.elements)
          .reshape(mine.shape())
          .copy_from(mine);
    };
    const Parameter& of_whole = whole.parameter(parameter.name);
    take(optimizer.m(), whole.value(of_whole));
    take(optimizer.v(), whole.gradient(of_whole));
  }
}
// [/load]

}  // namespace gpt
