#pragma once
// What an all-reduce costs: first counted, in messages, bytes and additions; then in seconds.
//
// In this file p is the number of ranks, n the bytes of one rank's tensor, and lb p = log2(p).

#include "10_collectives/algorithm.hpp"

namespace gpt {

/// The longest chain of things that must wait for each other, from the first rank that starts to the last
/// that is done. Every rank can send one message and receive one at the same time, not more.
struct CriticalPath {
  double messages = 0.0;  ///< one after the other
  double bytes = 0.0;     ///< in these messages
  double reduced = 0.0;   ///< bytes that are added to others: a pair of numbers counts once
};

/// What all ranks send together.
struct Traffic {
  double messages = 0.0;
  double bytes = 0.0;
};

/// The line between two ranks. A message of m bytes takes alpha + m·beta seconds (Hockney 1994), and adding m
/// bytes to m others m·gamma (Thakur, Rabenseifner and Gropp 2005).
struct LinkCost {
  double alpha = 0.0;  ///< seconds per message, however short: the latency
  double beta = 0.0;   ///< seconds per byte: one over the bandwidth
  double gamma = 0.0;  ///< seconds per byte reduced

  double seconds(const CriticalPath& path) const {
    return path.messages * alpha + path.bytes * beta + path.reduced * gamma;
  }
};

/// Hosts alike, with as many ranks on each.
struct Cluster {
  int hosts = 1, ranks_per_host = 1;
  LinkCost inside = {};   ///< between two ranks of a host
  LinkCost between = {};  ///< between two hosts: one link each, full duplex
  /// Of a host, all its ranks together: seconds per byte that is read or written in main memory, and in the
  /// caches.
  double memory_beta = 0.0, cache_beta = 0.0;

  int ranks() const { return hosts * ranks_per_host; }
};

/// The number of rounds in which everybody can hear of everybody: the smallest k with 2^k ≥ p.
int rounds_of(int ranks);

/// The critical path of an algorithm that sends messages between p ranks, all links alike, for any p ≥ 1.
///
///     naive               2(p-1) messages   2(p-1)·n bytes       (p-1)·n reduced
///     tree                2⌈lb p⌉           2⌈lb p⌉·n            ⌈lb p⌉·n
///     ring                2(p-1)            2(p-1)/p·n           (p-1)/p·n
///     recursive doubling  lb p              lb p·n               lb p·n
///     halving-doubling    2 lb p            2(p-1)/p·n           (p-1)/p·n
///
/// naive and tree: each message waits for the one before it. ring: Patarasuk and Yuan (2009). The last two:
/// Thakur, Rabenseifner and Gropp (2005), Rabenseifner (2004). They need a power of two: when p is none, the
/// p-q ranks above the largest power of two q first hand their tensors to a partner and wait for the result,
/// which adds 2 messages, 2n bytes and n reduced to the costs of q ranks.
/// Of long rows the real ones send more messages than counted, of as many bytes in all: the ring's chunks go
/// in segments whose latencies overlap, and naive gathers in pieces. Throws Error for the ways that are not
/// made of messages between ranks alike: library, hierarchical and shared memory.
CriticalPath all_reduce_path(AllReduceAlgorithm algorithm, int ranks, double bytes);

/// What the same algorithms send, all ranks together.
Traffic all_reduce_traffic(AllReduceAlgorithm algorithm, int ranks, double bytes);

/// No all-reduce can have less of any of the three: ⌈lb p⌉ messages, for a rank's number must reach p-1
/// others; 2(p-1)/p·n bytes (Patarasuk and Yuan 2009); (p-1)/p·n reduced, if the work is shared evenly. No
/// algorithm has to reach all three at once.
CriticalPath all_reduce_lower_bound(int ranks, double bytes);

/// The seconds of an all-reduce on a cluster. On one host the messages go through `inside`, on several
/// through `between`: exact with one rank on each, for ranks that share a host's link share its bandwidth,
/// and only the hierarchical way is counted for that.
///
/// Shared memory sends nothing. On p ranks each row is read from main memory and written back, 2pn bytes in
/// all. Between them stand the slots, in the caches: (p-1)n bytes are laid down there, 2(p-1)n read to be
/// added or collected, and n of sums written: (3p-2)n. And for each piece that fits a slot, the ranks meet
/// twice; once if it is short (see shared_memory.hpp). A meeting counts as a message without bytes.
///
/// Not a number for `library`: what it does is its own affair; and for shared memory on several hosts.
double predicted_seconds(AllReduceAlgorithm algorithm, const Cluster& cluster, double bytes);

}  // namespace gpt
