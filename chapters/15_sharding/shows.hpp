#pragma once
// The sections of this chapter's program, one file each.

namespace gpt {

void show_owners();
void show_memory();
void show_stages();

}  // namespace gpt
