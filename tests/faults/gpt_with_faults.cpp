// gpt, in which one rank does what no rank should. GPT_FAULT="KIND RANK STEP": at the beginning of that step,
// counted from 1, that rank
//   order    calls a collective that the others do not call,
//   count    calls one with another number of elements than the others will,
//   batches  has no batches left, and leaves the loop;
//   kill     ends by SIGKILL, as a worker of --servers;
// from the start, its
//   config   has another learning rate;
// or, at its farewell to the others of --servers, it
//   end      ends by SIGKILL.
// The trainer itself knows nothing of it: the linker leads its calls of some functions here (--wrap, see
// CMakeLists.txt), and from here to the real ones.
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <string>

#include "16_trainer/preparation.hpp"
#include "16_trainer/server_farewell.hpp"
#include "16_trainer/trainer.hpp"

namespace {

using namespace gpt;

struct Fault {
  std::string kind;
  int rank = -1;
  int64_t step = 0;
  Communicator* communicator = nullptr;
};

Fault& fault() {
  static Fault the_fault;
  return the_fault;
}

}  // namespace

// A member function is a function of `this`; the names are those that the linker sees.
gpt::Preparation real_prepare(const TrainOptions& options,
                              Communicator& communicator) asm("__real_" PREPARE_RUN);
gpt::Preparation prepare(const TrainOptions& options, Communicator& communicator) asm("__wrap_" PREPARE_RUN);
gpt::StepResult real_step(Trainer* trainer, const DataLoader& data, int64_t number,
                          Wish wish) asm("__real_" TRAINER_STEP);
gpt::StepResult step(Trainer* trainer, const DataLoader& data, int64_t number,
                     Wish wish) asm("__wrap_" TRAINER_STEP);

gpt::StepResult real_gradient(Trainer* trainer, const DataLoader& data, int64_t number,
                              int workers) asm("__real_" TRAINER_GRADIENT);
gpt::StepResult gradient(Trainer* trainer, const DataLoader& data, int64_t number,
                         int workers) asm("__wrap_" TRAINER_GRADIENT);

void real_say(Farewell* farewell, const std::vector<int>& lost) asm("__real_" FAREWELL_SAY);
void say(Farewell* farewell, const std::vector<int>& lost) asm("__wrap_" FAREWELL_SAY);

void say(Farewell* farewell, const std::vector<int>& lost) {  // rank 0 alone does
  if (fault().kind == "end" && fault().rank == 0) ::raise(SIGKILL);
  real_say(farewell, lost);
}

gpt::StepResult gradient(Trainer* trainer, const DataLoader& data, int64_t number, int workers) {
  const Communicator* communicator = fault().communicator;
  if (communicator && fault().kind == "kill" && communicator->rank() == fault().rank &&
      number + 1 == fault().step)
    ::raise(SIGKILL);
  return real_gradient(trainer, data, number, workers);
}

gpt::Preparation prepare(const TrainOptions& options, Communicator& communicator) {
  if (const char* text = std::getenv("GPT_FAULT")) {
    std::istringstream words(text);
    words >> fault().kind >> fault().rank >> fault().step;
    fault().communicator = &communicator;
  }
  Preparation preparation = real_prepare(options, communicator);
  if (fault().kind == "config" && communicator.rank() == fault().rank) preparation.config.lr *= 2;
  return preparation;
}

gpt::StepResult step(Trainer* trainer, const DataLoader& data, int64_t number, Wish wish) {
  Communicator* communicator = fault().communicator;
  if (communicator && communicator->rank() == fault().rank && number + 1 == fault().step) {
    if (fault().kind == "order") communicator->barrier();
    if (fault().kind == "count") communicator->all_reduce(Tensor::zeros({100}), ReduceOp::sum);
    if (fault().kind == "batches") {
      StepResult nothing;
      nothing.wish = Wish::give_up;  // and writes nothing more
      return nothing;
    }
  }
  return real_step(trainer, data, number, wish);
}
