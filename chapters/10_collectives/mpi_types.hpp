#pragma once
// What MPI calls our element types and reductions.

#include <mpi.h>

#include "09_averaging/communicator.hpp"

namespace gpt {

/// bf16 travels as 16-bit words: MPI has no such type.
MPI_Datatype mpi_type(DType dtype);

/// The operation for `dtype`; average is a sum, to be divided afterwards. MPI's own where it has one; for
/// bf16 one of ours, made at the first call and kept until MPI_Finalize.
MPI_Op mpi_op(DType dtype, ReduceOp op);

}  // namespace gpt
