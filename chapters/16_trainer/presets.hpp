#pragma once
// Sets of choices with a name.

#include "16_trainer/config.hpp"

namespace gpt {

/// What a preset chooses; what it does not name keeps TrainConfig's default. Throws UserError for an unknown
/// name.
TrainConfig preset(const std::string& name);

/// The names of all presets, each with a line on what it is for.
const std::vector<std::pair<std::string, std::string>>& preset_names();

}  // namespace gpt
