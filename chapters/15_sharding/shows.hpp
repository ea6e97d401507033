#pragma once
// The sections of this chapter's program, one file each.

namespace gpt {

void show_owners();

}  // namespace gpt
