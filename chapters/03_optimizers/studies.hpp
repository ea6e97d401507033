#pragma once
// The larger experiments of the chapter's program. Each prints a table; with `figures` not empty, it also
// writes its picture into that folder.

#include <string>

namespace gpt {

void study_initialisation(const std::string& figures);
void study_valley(const std::string& figures);
void study_net(const std::string& figures);
void study_weight_decay();

}  // namespace gpt
