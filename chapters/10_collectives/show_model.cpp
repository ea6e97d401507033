#include "10_collectives/show_model.hpp"

#include <mpi.h>

#include <algorithm>

#include "01_tensors/elementwise.hpp"
#include "10_collectives/benchmark.hpp"
#include "10_collectives/bus_bandwidth.hpp"
#include "10_collectives/collectives.hpp"
#include "10_collectives/link_measurement.hpp"
#include "10_collectives/ring_picture.hpp"
#include "common/file.hpp"
#include "common/plot.hpp"
#include "common/table.hpp"

namespace gpt {
namespace {

constexpr std::array counted{AllReduceAlgorithm::naive, AllReduceAlgorithm::tree, AllReduceAlgorithm::ring,
                             AllReduceAlgorithm::recursive_doubling, AllReduceAlgorithm::halving_doubling};

/// "1.50 n": so many times the bytes of a row.
std::string times_n(double factor) {
  return fmt::format("{:.2f} n", factor);
}

void show_paths(int ranks) {
  Table table({{fmt::format("{} ranks", ranks)},
               {"messages", {}, "{:.0f}"},
               {"bytes"},
               {"reduced"},
               {"all messages", {}, "{:.0f}"},
               {"all bytes"}});
  for (const AllReduceAlgorithm algorithm : counted) {
    const CriticalPath path = all_reduce_path(algorithm, ranks, 1.0);
    const Traffic traffic = all_reduce_traffic(algorithm, ranks, 1.0);
    table.row(name_of(algorithm), path.messages, times_n(path.bytes), times_n(path.reduced), traffic.messages,
              times_n(traffic.bytes));
  }
  const CriticalPath bound = all_reduce_lower_bound(ranks, 1.0);
  table.row("no fewer than", bound.messages, times_n(bound.bytes), times_n(bound.reduced), "",
            times_n(2.0 * (ranks - 1)));
  fmt::print("{}\n", table.text());
}

/// Predicted times against sizes, and the bound that none can pass.
std::string costs_svg(const Cluster& cluster) {
  LinePlot plot(fmt::format("All-reduce of {} ranks on links of 1 Gbit/s, as predicted", cluster.ranks()),
                {"bytes", true}, {"ms", true});
  const auto add = [&](std::string_view name, bool dashed, const auto& seconds) {
    PlotSeries series{.name = std::string(name), .points = {}, .markers = false, .dashed = dashed};
    for (double bytes = 256; bytes <= 64 << 20; bytes *= 2)
      series.points.push_back({bytes, 1e3 * seconds(bytes)});
    plot.add(series);
  };
  for (const AllReduceAlgorithm algorithm : counted)
    add(name_of(algorithm), false,
        [&](double bytes) { return predicted_seconds(algorithm, cluster, bytes); });
  add("no faster than", true, [&](double bytes) {  // each of the three alone is a bound on the time
    const CriticalPath bound = all_reduce_lower_bound(cluster.ranks(), bytes);
    const LinkCost& link = cluster.between;
    return std::max({bound.messages * link.alpha, bound.bytes * link.beta, bound.reduced * link.gamma});
  });
  return plot.svg();
}

std::string size_text(int64_t bytes) {
  return bytes >= 1 << 20 ? fmt::format("{} MiB", bytes >> 20) : fmt::format("{} KiB", bytes >> 10);
}

/// Is the average of rows of 1, 2, …, n what it should be, on all ranks?
bool is_right(MpiCommunicator& communicator, AllReduceAlgorithm algorithm, int64_t bytes) {
  const Tensor row = Tensor::full({bytes / 4}, communicator.rank() + 1);
  communicator.all_reduce_by(algorithm, row, ReduceOp::average);
  const Tensor expected = Tensor::full(row.shape(), (communicator.size() + 1) / 2.0);
  return static_cast<Communicator&>(communicator).all_reduce(max_difference(row, expected), ReduceOp::max) ==
         0.0;
}

/// The slowest link of the flat algorithms.
const LinkCost& link_of(const Cluster& cluster) {
  return cluster.hosts > 1 ? cluster.between : cluster.inside;
}

}  // namespace

void show_counts(int ranks, const std::string& figures) {
  fmt::print("What one rank waits for, one thing after the other, and what all ranks send:\n\n");
  show_paths(ranks);
  show_paths(ranks + 1);

  const Cluster cluster{.hosts = ranks, .between = {.alpha = 50e-6, .beta = 8e-9, .gamma = 0.1e-9}};
  Table table({{fmt::format("ms on {} ranks", ranks)}, {"1 KiB"}, {"16 KiB"}, {"256 KiB"}, {"16 MiB"}});
  std::vector<std::vector<double>> times;  // [algorithm][size]
  for (const AllReduceAlgorithm algorithm : counted) {
    std::vector<double>& row = times.emplace_back();
    for (const double bytes : {1024.0, 16 * 1024.0, 256 * 1024.0, 16 * 1024 * 1024.0})
      row.push_back(1e3 * predicted_seconds(algorithm, cluster, bytes));
  }
  for (size_t a = 0; a < counted.size(); ++a) {
    std::vector<std::string> cells;
    for (size_t size = 0; size < 4; ++size) {
      const bool best = std::all_of(times.begin(), times.end(),
                                    [&](const auto& row) { return row[size] >= times[a][size]; });
      cells.push_back(fmt::format("{:.2f}{}", times[a][size], best ? " *" : ""));
    }
    table.row(name_of(counted[a]), cells[0], cells[1], cells[2], cells[3]);
  }
  fmt::print("Predicted for 1 Gbit/s (8 ns a byte), 50 µs a message; * is the fastest:\n\n{}", table.text());
  if (!figures.empty()) write_file_atomically(figures + "/costs.svg", costs_svg(cluster));
}

void show_ring(Communicator& communicator, const std::string& figures) {
  const int size = communicator.size(), ranks = size == 1 ? 4 : std::min(size, 8);
  const std::vector<RingFrame> frames = ring_frames(ring_example(ranks));
  fmt::print(
      "→ leaves next for the right neighbour; the last rank's right neighbour is rank 0.\n"
      "[ ] is the sum over all ranks.\n\n{}",
      ring_text(frames));
  if (!figures.empty()) write_file_atomically(figures + "/ring.svg", ring_svg(frames));
  if (size != ranks) return;

  // The same numbers around a ring of processes.
  const auto mine = static_cast<size_t>(communicator.rank());
  const Tensor row = Tensor::from(frames.front().values[mine], {ranks});
  ring_all_reduce(PointToPoint(MPI_COMM_WORLD), row, ReduceOp::sum);
  const Tensor last = Tensor::from(frames.back().values[mine], {ranks});
  const double difference = communicator.all_reduce(max_difference(row, last), ReduceOp::max);
  fmt::print("\nThe ring of {} processes ends with the same numbers: {}\n", size,
             difference == 0.0 ? "yes" : "no");
}

void show_links(Communicator& communicator, bool stable) {
  if (stable || communicator.size() == 1) {
    fmt::print("Timings are left out.\n");
    return;
  }
  const PointToPoint group(MPI_COMM_WORLD);
  const std::vector<TimedPath> alone = time_ping_pong(communicator, group);
  const std::vector<TimedPath> together = time_shift(communicator, group);
  const LinkCost pair = fit_link(alone), shift = fit_link(together);
  Table table({{"message", "bytes", "{:.0f}"},
               {"two ranks alone", "µs", "{:.1f}"},
               {"the fit", "µs", "{:.1f}"},
               {"all to the right", "µs", "{:.1f}"},
               {"the fit", "µs", "{:.1f}"}});
  for (size_t i = 0; i < alone.size(); ++i)
    table.row(alone[i].path.bytes, 1e6 * alone[i].seconds, 1e6 * pair.seconds(alone[i].path),
              1e6 * together[i].seconds, 1e6 * shift.seconds(together[i].path));
  Table costs({{"fitted"},
               {"α", "µs", "{:.2f}"},
               {"β", "ns/byte", "{:.3f}"},
               {"1/β", "MB/s", "{:.0f}"},
               {"median error", "%", "{:.0f}"}});
  const auto add = [&](const char* name, const LinkCost& link, const std::vector<TimedPath>& times) {
    costs.row(name, 1e6 * link.alpha, 1e9 * link.beta, 1e-6 / link.beta, 100 * median_error(link, times));
  };
  add("two ranks alone", pair, alone);
  add("all to the right", shift, together);
  fmt::print("{}\n{}", table.text(), costs.text());
}

void show_algorithms(MpiCommunicator& communicator, bool stable) {
  const std::vector<AllReduceAlgorithm> algorithms = possible_algorithms(communicator);
  const std::vector<int64_t> sizes{1 << 10, 32 << 10, 1 << 20, 16 << 20};
  std::vector<Measurement> measured;
  Cluster cluster;
  if (!stable) {
    cluster = measure_cluster(communicator, PointToPoint(MPI_COMM_WORLD));
    measured = measure(communicator, algorithms, sizes);
  }
  Table table({{"size"},
               {"algorithm"},
               {"correct"},
               {"time", "ms", "{:.3f}"},
               {"predicted", "ms", "{:.3f}"},
               {"bus bandwidth", "MB/s", "{:.0f}"},
               {"of MPI_Allreduce", "", "{:.2f}"}});
  for (size_t i = 0; i < sizes.size() * algorithms.size(); ++i) {
    const int64_t bytes = sizes[i / algorithms.size()];
    const AllReduceAlgorithm algorithm = algorithms[i % algorithms.size()];
    const char* correct = is_right(communicator, algorithm, bytes) ? "yes" : "no";
    if (stable) {
      table.row(size_text(bytes), name_of(algorithm), correct, "–", "–", "–", "–");
      continue;
    }
    const double seconds = measured[i].seconds;
    const double library = measured[i - i % algorithms.size()].seconds;  // the first algorithm of each size
    const auto n = static_cast<double>(bytes);
    table.row(size_text(bytes), name_of(algorithm), correct, 1e3 * seconds,
              1e3 * predicted_seconds(algorithm, cluster, n),
              1e-6 * bus_bandwidth(Collective::all_reduce, communicator.size(), n, seconds),
              library / seconds);
  }
  if (!stable)
    fmt::print("α {:.1f} µs, β {:.3f} ns/byte, γ {:.3f} ns/byte; memory {:.1f} GB/s\n\n",
               1e6 * link_of(cluster).alpha, 1e9 * link_of(cluster).beta, 1e9 * link_of(cluster).gamma,
               1e-9 / cluster.memory_beta);
  fmt::print("{}", table.text());
}

}  // namespace gpt
