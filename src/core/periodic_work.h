// PeriodicWork: what an extension does now and then. It returns when it wants to be called again, and does a little at
// a time: the server does not stop while it runs.
#pragma once
#include <chrono>
#include <functional>

#include "runtime/task.h"

namespace aldis {

class Home;
using PeriodicWork = std::function<Task<std::chrono::milliseconds>(Home&)>;

}  // namespace aldis
