#pragma once
// Ranks of NCCL for the tests: on GPUs in namespace gpt::cuda, on the stand-in in gpt::emulated.

#include <gtest/gtest.h>

#include <exception>
#include <functional>
#include <thread>
#include <vector>

#include "12_nccl/nccl.hpp"
#include "12_nccl/nccl_communicator.hpp"

namespace gpt::KERNEL_SPACE {

/// Runs body(communicator, memory) as so many ranks, on threads of this process, over `library`; each waits
/// at most `deadline` seconds for the others. Returns what each ended with: "" or the message of an
/// exception.
inline std::vector<std::string> run_nccl_threads(
    int ranks, const std::function<void(NcclCommunicator&, const std::shared_ptr<Allocator>&)>& body,
    double deadline = 100, const NcclLibrary& library = nccl_library()) {
  const std::string id = NcclGroup::new_id(library);
  std::vector<std::string> ends(static_cast<size_t>(ranks));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < ranks; ++rank)
    threads.emplace_back([&, rank] {
      try {
        const auto memory = make_device_memory(0);
        NcclCommunicator communicator(library, id, rank, ranks, memory, 100);  // to join
        communicator.set_deadline(deadline);
        body(communicator, memory);
      } catch (const std::exception& error) {
        ends[static_cast<size_t>(rank)] = error.what();
      }
    });
  for (std::thread& thread : threads) thread.join();
  return ends;
}

}  // namespace gpt::KERNEL_SPACE
