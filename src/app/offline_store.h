// The store of a stopped server, opened for one task: what `user` commands and `init` do when nobody listens on the control
// socket.
#pragma once
#include <functional>

#include "operators/admin_target.h"
#include "app/config.h"
#include "base/result.h"
#include "runtime/task.h"

namespace aldis::app {

// Opens the store (making it when it is missing), runs `work` to its end on this thread, and closes the store. Run by root
// on another user's data folder, this thread first becomes that user for good, so that no file changes hands.
[[nodiscard]] Result<void> on_offline_store(const Config& config, const std::function<Task<void>(admin::AdminTarget&)>& work);

// Run by root on another user's folder: this thread becomes that user for good. Otherwise nothing happens, also when there is no folder yet.
[[nodiscard]] Result<void> become_owner_of(const std::string& folder);

}  // namespace aldis::app
