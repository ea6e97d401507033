#pragma once
// How a rank waits for another that cannot wake it: it asks again and again, and more and more seldom.

namespace gpt {

/// One such wait:
///
///     for (Patience patience; !ready();) patience.pause();
///
/// At first the answer may come at any moment, and the processor is kept. Then it is offered to others, among
/// whom may be the one waited for. In the end the thread sleeps between two questions: who only yields has
/// the processor back at once as long as others had more of it, and a communication thread takes it from
/// its own rank's backward pass.
class Patience {
 public:
  void pause();

 private:
  int pauses_ = 0;
};

}  // namespace gpt
