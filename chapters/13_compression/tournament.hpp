#pragma once
// Who meets whom, so that everybody meets everybody.

namespace gpt {

// [tournament]
/// Rounds in which each of p ranks exchanges something with every other one: p - 1 for an even p. For an odd
/// p it takes p, and one rank rests in each.
constexpr int tournament_rounds(int ranks) {
  return ranks % 2 == 0 ? ranks - 1 : ranks;
}

/// Whom `rank` meets in a round: the one whose number and its own add up to the round, modulo the rounds, as
/// in a round-robin of players. Who would meet itself meets the last rank of an even p, or rests: then this
/// is the rank itself.
constexpr int partner_of(int rank, int round, int ranks) {
  const int rounds = tournament_rounds(ranks);
  if (rank == rounds)  // the last one of an even p: it meets the x with 2x = round
    return static_cast<int>(static_cast<long long>(round) * (rounds + 1) / 2 % rounds);
  const int other = (round - rank + rounds) % rounds;
  return other == rank && rounds < ranks ? rounds : other;
}
// [/tournament]

}  // namespace gpt
