#pragma once
// A range of addresses of which only a part has memory behind it.

#include "01_tensors/tensor.hpp"

namespace gpt {

// [paged]
/// A tensor of zeros in a range of addresses of its own. A page of it (4 KiB on most machines) takes memory
/// only once it is written to; until then it reads as zeros.
Tensor paged_zeros(const Shape& shape, DType dtype);

/// Gives the memory behind a contiguous part of such a tensor back to the system: it reads as zeros again,
/// and all views of it stay valid. A page that other elements share is kept, and set to zeros here.
void give_back(const Tensor& part);

/// The bytes of memory that lie behind the whole tensor now, as the system counts them. 0 where the system
/// does not say (it does so in Linux's /proc/self/smaps).
int64_t resident_bytes(const Tensor& paged);
// [/paged]

}  // namespace gpt
