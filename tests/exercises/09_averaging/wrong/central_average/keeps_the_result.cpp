// Says: rank 0 has left without a message for rank
#include "exercises/09_averaging/central_average.hpp"

namespace gpt {

void central_average(Communicator& communicator, const Tensor& tensor) {
  if (communicator.rank() > 0) {
    communicator.send(tensor, 0);
    communicator.receive(tensor, 0);
    return;
  }
  const Tensor theirs(tensor.shape());
  float* sum = tensor.data<float>();
  for (int rank = 1; rank < communicator.size(); ++rank) {
    communicator.receive(theirs, rank);
    for (int64_t i = 0; i < tensor.elements(); ++i) sum[i] += theirs.data<float>()[i];
  }
  for (int64_t i = 0; i < tensor.elements(); ++i) sum[i] /= static_cast<float>(communicator.size());
}

}  // namespace gpt
