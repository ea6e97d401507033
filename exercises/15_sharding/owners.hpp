#pragma once

#include <cstdint>

namespace gpt {

/// The elements from … to-1.
struct Share {
  int64_t from = 0, to = 0;
};

/// What `rank` of `ranks` owns of `elements` elements. The shares follow each other in order of rank, every
/// element is in exactly one, and they differ by at most one element; with fewer elements than ranks some are
/// empty.
Share share_of_rank(int64_t elements, int rank, int ranks);

/// The rank whose share element number `element` is in, without looking at the shares one by one.
int owner_of(int64_t element, int64_t elements, int ranks);

}  // namespace gpt
