#include "16_trainer/together.hpp"

#include "common/program.hpp"

namespace gpt {

// [together]
void together(Communicator& communicator, const std::function<void()>& body) {
  int code = exit_ok;
  std::string message;
  try {
    body();
  } catch (const UserError& error) {
    code = exit_user_error;
    message = error.what();
  } catch (const std::exception& error) {
    code = exit_failure;
    message = fmt::format("internal error: {}", error.what());
  }
  const int rank = communicator.rank(), nobody = communicator.size();
  const double first = -communicator.all_reduce(code == exit_ok ? -nobody : -rank, ReduceOp::max);
  if (first == nobody) return;
  const double its_code = communicator.all_reduce(first == rank ? code : 0, ReduceOp::max);
  throw FailedTogether(first == rank ? message : "", static_cast<int>(its_code));
}
// [/together]

void on_first_rank(Communicator& communicator, const std::function<void()>& body) {
  together(communicator, [&] {
    if (communicator.rank() == 0) body();
  });
}

}  // namespace gpt
