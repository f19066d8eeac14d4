// How the scheduler is told.
#include "runtime/background.h"

#include <pthread.h>
#include <sched.h>

namespace aldis {

void wake_behind_others() {
  const sched_param no_priority{};
  static_cast<void>(::pthread_setschedparam(::pthread_self(), SCHED_BATCH, &no_priority));
}

}  // namespace aldis
