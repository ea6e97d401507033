#pragma once
// The collectives by hand, from messages between two ranks.
//
// Costs are those of the α–β model (Hockney 1994): a message of b bytes takes α + β·b seconds, α the latency
// and β the time per byte; combining two numbers costs γ per byte. n is the number of ranks, b the bytes of
// the whole row, log is to base 2 and rounded up. Thakur, Rabenseifner and Gropp (2005) derive most of them;
// Chan, Heimlich, Purkayastha and van de Geijn (2007) show how all follow from each other.
//
// Each is called by all ranks of a group with rows of the same length and type, and works for any number of
// ranks and any length. All ranks end with the same bits, and the same bits every time: who adds what to what
// is fixed by the ranks, never by who comes first. bf16 is added in f32 and rounded whenever a sum is stored;
// each says how often.

#include <span>

#include "09_averaging/communicator.hpp"
#include "10_collectives/point_to_point.hpp"

namespace gpt {

// --- one root: tree.cpp, naive.cpp -------------------------------------------------------------------------

/// Every rank's row becomes that of `root`, along a binomial tree: log n · (α + β·b).
void tree_broadcast(const PointToPoint& group, const Tensor& row, int root);
/// The root's row becomes the reduction of all, along the same tree upwards: log n · (α + β·b + γ·b). The
/// other ranks' rows are used up. bf16 is rounded log n times.
void tree_reduce(const PointToPoint& group, const Tensor& row, ReduceOp op, int root);
/// On the root, `whole` (n · elements of `part`) becomes all parts in order of rank: (n-1) · (α + β·b/n).
void gather(const PointToPoint& group, const Tensor& whole, const Tensor& part, int root);

// --- around a ring: ring.cpp -------------------------------------------------------------------------------

/// `whole` (n · elements of `part`) becomes all parts in order of rank: (n-1) · (α + β·b/n).
void ring_all_gather(const PointToPoint& group, const Tensor& whole, const Tensor& part);
/// `part` becomes part r of the reduced whole on rank r: (n-1) · (α + β·b/n + γ·b/n). `part` may lie in
/// `whole`, which otherwise stays as it is. bf16 is rounded n-1 times.
void ring_reduce_scatter(const PointToPoint& group, const Tensor& part, const Tensor& whole, ReduceOp op);

// --- all-reduce --------------------------------------------------------------------------------------------
// Every rank's row becomes the reduction of all.

/// All to rank 0, which adds, then from rank 0 to all: 2(n-1) · (α + β·b). bf16 is rounded once.
void naive_all_reduce(const PointToPoint& group, const Tensor& row, ReduceOp op);
/// Up a binomial tree and down again: 2 log n · (α + β·b) + log n · γ·b.
void tree_all_reduce(const PointToPoint& group, const Tensor& row, ReduceOp op);
/// Reduce-scatter and all-gather around a ring (Patarasuk and Yuan 2009):
/// 2(n-1) · α + 2(n-1)/n · β·b + (n-1)/n · γ·b. No algorithm sends fewer bytes. bf16 is rounded n-1 times.
void ring_all_reduce(const PointToPoint& group, const Tensor& row, ReduceOp op);
/// Everything to the partner at distance 1, 2, 4, …: log n · (α + β·b + γ·b). No algorithm has fewer rounds.
/// When n is no power of two, two rounds more. bf16 is rounded log n times.
void recursive_doubling_all_reduce(const PointToPoint& group, const Tensor& row, ReduceOp op);
/// Half of what is left to the partner at distance …, 4, 2, 1, and back (Rabenseifner 2004):
/// 2 log n · α + 2(n-1)/n · β·b + (n-1)/n · γ·b. When n is no power of two, two rounds of α + β·b more. bf16
/// is rounded log n times.
void halving_doubling_all_reduce(const PointToPoint& group, const Tensor& row, ReduceOp op);
/// Inside each host up a tree to its first rank, among these first ranks around a ring, and down again. Only
/// the ring's bytes cross between hosts: with k hosts, 2(k-1)/k · b each. `hosts[r]` is any number that ranks
/// on one host have in common.
void hierarchical_all_reduce(const PointToPoint& group, std::span<const int> hosts, const Tensor& row,
                             ReduceOp op);

/// into = first op second, element by element; `into` may be either. An average is a sum here, to be divided
/// at the end. The order counts: with the lower ranks' operand first, ranks that compute the same sum get the
/// same bits, NaN and the two zeros included.
void combine(const Tensor& first, const Tensor& second, const Tensor& into, ReduceOp op);
/// The end of an average: divides by the number of ranks. Nothing for the other operations.
void finish_average(const Tensor& row, ReduceOp op, int ranks);

}  // namespace gpt
