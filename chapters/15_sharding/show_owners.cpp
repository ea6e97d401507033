// Who owns what: the smallest example, and a GPT.

#include "05_gpt/gpt.hpp"
#include "15_sharding/partition.hpp"
#include "15_sharding/shows.hpp"
#include "common/table.hpp"

namespace gpt {

void show_owners() {
  const Partition smallest({8}, 4, 1);
  fmt::print("8 parameters on 4 ranks: owners");
  for (int64_t i = 0; i < smallest.size(); ++i) fmt::print(" {}", smallest.owner(i));
  fmt::print("\n\n");

  const auto backend = make_cpu_backend();
  const Gpt model({.layers = 2, .width = 64, .context = 32, .vocabulary = 65}, *backend, 1);
  const Partition partition(layer_ends(model.parameters()), 4);
  Table table({{"unit"}, {"elements"}, {"rank 0"}, {"rank 1"}, {"rank 2"}, {"rank 3"}});
  const auto text = [](const Part& part) { return fmt::format("{}–{}", part.from, part.to); };
  for (size_t u = 0; u < partition.units(); ++u)
    table.row(u + 1 == partition.units() ? "tables" : fmt::format("layer {}", partition.units() - 2 - u),
              partition.unit(u).elements(), text(partition.part(u, 0)), text(partition.part(u, 1)),
              text(partition.part(u, 2)), text(partition.part(u, 3)));
  fmt::print("{}", table.text());
}

}  // namespace gpt
