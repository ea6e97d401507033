// failing_rank WHO HOW: rank WHO, or every rank for "all", makes a user's mistake, while the others wait for
// it in a collective of the foreground or the background.

#include <string>

#include "10_collectives/mpi_communicator.hpp"

int main(int argc, char** argv) {
  return gpt::run_mpi_program("failing_rank", [&](gpt::MpiSession& session) {
    GPT_CHECK_EQ(argc, 3);
    const std::string who = argv[1], how = argv[2];
    const auto communicator = gpt::make_world_communicator(session);
    const gpt::Tensor tensor = gpt::Tensor::zeros({1000});
    communicator->all_reduce_async(tensor, gpt::ReduceOp::sum)->wait();
    // Every rank has work in progress when the mistake comes, which the failing one will never finish.
    const auto work =
        how == "background" ? communicator->all_reduce_async(tensor, gpt::ReduceOp::sum) : nullptr;
    const auto more = how == "background" && who == std::to_string(session.rank())
                          ? communicator->all_reduce_async(tensor, gpt::ReduceOp::sum)
                          : nullptr;
    if (who == "all") throw gpt::UserError("there is no file x");
    if (who == std::to_string(session.rank())) throw gpt::UserError("rank " + who + " has no memory");
    if (work) work->wait();
    communicator->barrier();
    return 0;
  });
}
