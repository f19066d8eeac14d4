// Threads whose work is for strangers, or can wait.
#pragma once

namespace aldis {

// From now on this thread, when something wakes it, waits for what its core is doing instead of interrupting it: people at work go first,
// and a core changes threads less often. Its share of a busy core stays the same (SCHED_BATCH, sched(7)). Where that is not allowed, things
// are as they are elsewhere.
void wake_behind_others();

}  // namespace aldis
