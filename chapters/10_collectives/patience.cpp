#include "10_collectives/patience.hpp"

#include <sched.h>

#include <chrono>
#include <thread>

namespace gpt {

// [patience]
void Patience::pause() {
  constexpr int spins = 200, yields = 50;  // some microseconds each
  constexpr std::chrono::microseconds sleep{50};
  ++pauses_;
  if (pauses_ <= spins) {
#ifdef __x86_64__
    __builtin_ia32_pause();
#endif
  } else if (pauses_ <= spins + yields) {
    sched_yield();
  } else {
    std::this_thread::sleep_for(sleep);
  }
}
// [/patience]

}  // namespace gpt
