#pragma once
// The sections of the program that belong to the second half of this chapter.

#include <string>

namespace gpt {

void show_cuts();
void show_wire();
void show_split_memory();
/// `figures`: a folder to write the picture of the orders to; empty: none.
void show_pipeline(const std::string& figures);
void show_pipeline_training();
/// `stable`: without timings.
void show_split_speed(bool stable);

}  // namespace gpt
