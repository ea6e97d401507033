#pragma once
// A word to the scheduler of Linux.

namespace gpt {

/// For a thread that often waits for something and then has little to do, on processors that are busy with
/// computing: asks for turns of a tenth of a millisecond, where usual ones take about three. Such a thread is
/// put on a processor as soon as it has something to do, and gets no more of its time than others. Needs no
/// privilege; where the kernel knows no such wish (before Linux 6.12), nothing happens.
void ask_for_short_turns();

}  // namespace gpt
