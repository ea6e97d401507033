#pragma once
// What the library in the place of NVIDIA's has been told to answer, and what it saw.

#include <string>

struct StandinNvml {
  int init = 0, find = 0, utilization = 0, memory = 0;  // what the functions return: 0 is success
  unsigned int percent = 97;
  unsigned long long bytes = 80'123'456'789;
  std::string bus_id;  // that was asked for
  int questions = 0;   // after utilization
  int running = 0;     // nvmlInit_v2() without nvmlShutdown()
};

/// Of the library; exported by it.
extern "C" StandinNvml* standin_nvml();
