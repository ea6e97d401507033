#include "10_collectives/mpi_types.hpp"

#include "09_averaging/reduce.hpp"
#include "10_collectives/mpi_session.hpp"

namespace gpt {
namespace {

// [bf16]
template <ReduceOp op>
void reduce_bf16(void* from, void* into, int* count, MPI_Datatype*) {
  reduce_pair(DType::bf16, from, into, *count, op);
}

template <ReduceOp op>
MPI_Op make_bf16_op() {
  MPI_Op result = MPI_OP_NULL;
  MPI_CHECK(MPI_Op_create(&reduce_bf16<op>, /*commutes=*/1, &result));
  return result;
}
// [/bf16]

}  // namespace

MPI_Datatype mpi_type(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return MPI_FLOAT;
    case DType::bf16:
      return MPI_UINT16_T;
    case DType::f64:
      return MPI_DOUBLE;
    case DType::i32:
      return MPI_INT32_T;
  }
  return MPI_DATATYPE_NULL;
}

MPI_Op mpi_op(DType dtype, ReduceOp op) {
  if (dtype != DType::bf16) return op == ReduceOp::max ? MPI_MAX : MPI_SUM;
  static const MPI_Op max = make_bf16_op<ReduceOp::max>(), sum = make_bf16_op<ReduceOp::sum>();
  return op == ReduceOp::max ? max : sum;
}

}  // namespace gpt
