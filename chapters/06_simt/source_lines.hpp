#pragma once
// From the address of an instruction to a line of the source.

#include <string>
#include <vector>

namespace gpt::simt::detail {

/// "tile.cu:42" for each return address in this program, from its debugging information; "?" where there is
/// none.
std::vector<std::string> source_lines(const std::vector<const void*>& return_addresses);

}  // namespace gpt::simt::detail
