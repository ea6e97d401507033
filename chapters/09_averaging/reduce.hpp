#pragma once
// The arithmetic of a reduction, the same for every communicator.

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "09_averaging/communicator.hpp"

namespace gpt {

/// The type in which elements of type T are added up: a sum of many bf16 in bf16 would lose its small terms,
/// and a sum of i32 could overflow before an average brings it back.
template <class T>
using Accumulator = std::conditional_t<std::is_same_v<T, bf16>, float,
                                       std::conditional_t<std::is_same_v<T, int32_t>, int64_t, T>>;

/// Every tensor of `outputs` becomes the reduction of all `inputs`, taken from the first to the last, so that
/// the result does not depend on who computes it. All are contiguous with as many elements and one type;
/// outputs may be inputs. Sums are rounded to the tensors' type once, at the end; an average of i32 is cut
/// off towards zero.
void reduce(std::span<const Tensor> inputs, ReduceOp op, std::span<const Tensor> outputs);
/// The same for arrays of `elements` elements, wherever they lie.
void reduce(DType dtype, std::span<const std::byte* const> inputs, ReduceOp op,
            std::span<std::byte* const> outputs, int64_t elements);

/// into[i] = into[i] + from[i], or their maximum, for arrays of `count` elements. The step of a reduction
/// that works pair by pair; an average is a sum here, divided at the end by divide().
void reduce_pair(DType dtype, const void* from, void* into, int64_t count, ReduceOp op);

/// Divides every element of a contiguous tensor by `divisor`, in the accumulator's type.
void divide(const Tensor& tensor, int divisor);

std::string_view name_of(ReduceOp op);

}  // namespace gpt
