#pragma once
// The sections of this chapter's program that draw, count, measure and predict.

#include <string>

#include "10_collectives/mpi_communicator.hpp"

namespace gpt {

/// The ring step by step, for as many ranks as there are (4 when there is one, 8 at most); then the real one.
/// Writes the picture ring.svg into the folder `figures` unless that is empty. Called by all
/// ranks.
void show_ring(Communicator& communicator, const std::string& figures);

/// The counts of all algorithms on so many ranks and on one more, and their seconds on a link of 1 Gbit/s;
/// these also as costs.svg in the folder `figures` unless that is empty.
void show_counts(int ranks, const std::string& figures);

/// Measures what messages cost here, between two ranks and between all, and shows the fit of the model.
void show_links(Communicator& communicator, bool stable);

/// Every algorithm at several sizes: is it right, its time, the prediction of the cost model as measured
/// here, its bus bandwidth, and its speed as a share of MPI_Allreduce's.
void show_algorithms(MpiCommunicator& communicator, bool stable);

}  // namespace gpt
