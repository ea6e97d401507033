#include "13_compression/two_phase.hpp"

#include "13_compression/carrier.hpp"
#include "13_compression/tournament.hpp"

namespace gpt {
namespace {

/// Words of the code of the largest chunk: all codes of a sum are sent with this length.
int64_t code_words(const Codec& codec, int64_t n, int ranks) {
  return codec.bytes((n + ranks - 1) / ranks) / 4;
}

/// Chunk `owner` of a row; of an empty row an empty one.
template <class T>
std::span<T> chunk_of(std::span<T> row, int owner, int ranks) {
  const size_t n = row.size(), r = static_cast<size_t>(owner), p = static_cast<size_t>(ranks);
  return row.subspan(n * r / p, n * (r + 1) / p - n * r / p);
}

std::span<std::byte> bytes_of(const Tensor& code) {
  return {code.address(), static_cast<size_t>(code.bytes())};
}

}  // namespace

int64_t two_phase_bytes(const Codec& codec, int64_t n, int ranks) {
  return ranks == 1 ? 0 : 2 * (ranks - 1) * 4 * code_words(codec, n, ranks);
}

// [two_phase]
void two_phase_sum(Communicator& group, const Codec& codec, std::span<float> row, const ErrorMemory& memory,
                   const SumKey& key, const Workshop& workshop) {
  const int p = group.size(), me = group.rank();
  if (p == 1 || row.empty()) return;
  const int64_t words = code_words(codec, static_cast<int64_t>(row.size()), p);
  // Each encoding has random numbers of its own: those of a rank's chunks, and those of the sums (sender p).
  const auto key_of = [&](int sender, int chunk) {
    const uint64_t encoding = static_cast<uint64_t>(sender) << 16 | static_cast<uint64_t>(chunk);
    return rounding_key(key.seed << 32 ^ encoding, static_cast<uint64_t>(key.step), key.bucket);
  };

  Carrier carrier(group, workshop);
  const Tensor code = Tensor::zeros({words}, DType::i32).on(workshop.memory());
  const Tensor arrived({p, words}, DType::i32, workshop.memory());
  for (int round = 0; round < tournament_rounds(p); ++round) {
    const int other = partner_of(me, round, p);
    if (other == me) continue;
    codec.encode(bytes_of(code), chunk_of(row, other, p), chunk_of(memory.mine, other, p), key_of(me, other));
    carrier.exchange(code, arrived.select(0, other), other);
  }

  const std::span<float> mine = chunk_of(row, me, p);
  const Tensor numbers({static_cast<int64_t>(mine.size())}, DType::f32, workshop.memory());
  const std::span<float> sum(reinterpret_cast<float*>(numbers.address()), mine.size());
  workshop.clear(sum);
  for (int rank = 0; rank < p; ++rank) {
    if (rank == me)
      workshop.add(sum, mine);
    else
      codec.decode(sum, bytes_of(arrived.select(0, rank)), true);
  }

  for (int other = 0; other < p; ++other)
    if (other != me) workshop.clear(chunk_of(memory.owner, other, p));  // theirs to keep
  codec.encode(bytes_of(code), sum, chunk_of(memory.owner, me, p), key_of(p, me));
  carrier.all_gather(arrived, code);
  for (int owner = 0; owner < p; ++owner)
    codec.decode(chunk_of(row, owner, p), bytes_of(arrived.select(0, owner)), false);
}
// [/two_phase]

}  // namespace gpt
