#pragma once
// The sections of this chapter's program, one file each.

namespace gpt {

void show_owners();
void show_memory(bool stable);
void show_stages();

}  // namespace gpt
