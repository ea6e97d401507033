#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gpt {

/// Of a file of lines {"step": N, …}, each ended by a newline, what a run keeps that resumes after step
/// `last_step`: all lines of steps up to that one. The file's last line may be half, of a process that was
/// killed: it goes, whatever its step. Lines are in order of step. Each begins with {"step": and a number.
std::string cut_metrics(std::string_view text, int64_t last_step);

}  // namespace gpt
