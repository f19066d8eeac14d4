// ControlServer: operators' commands over a Unix socket, in a thread of its own. The socket's file has mode 0600, and the
// kernel is asked who connects (SO_PEERCRED): only root and the server's own user are heard. One command a connection.
// ask_server is the other end.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "operators/admin_target.h"
#include "admin/command_wire.h"
#include "runtime/executor.h"

namespace aldis::admin {

struct ControlServerConfig {
  std::string path;                                                // at most 107 bytes
  std::uint32_t connections = 8;                                   // at a time; a further one is closed at once
  std::chrono::milliseconds request_deadline = std::chrono::seconds(10);   // from accept to the whole request
  std::chrono::milliseconds answer_deadline = std::chrono::minutes(10);    // an import derives keys for each line
};

class ControlServer {
 public:
  // Commands run on `executor`, one after another as they come. `target` and `executor` outlive the server, and a command
  // under way may outlive it on `executor`. A socket file that nobody listens on is replaced. already_exists: another
  // server listens there; unavailable: the socket cannot be made; invalid: the path is too long.
  [[nodiscard]] static Result<std::unique_ptr<ControlServer>> start(ControlServerConfig config, AdminTarget& target,
                                                                    Executor& executor);
  ~ControlServer();   // removes the socket's file

 private:
  struct State;
  explicit ControlServer(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

// Whether a peer with this user id is heard.
[[nodiscard]] bool may_command(std::uint32_t peer_uid, std::uint32_t own_uid);

// Sends one command and waits for the answer. not_found: no server listens there (act on the store); otherwise the
// server's own error, or unavailable, timeout, corrupt for the connection's.
[[nodiscard]] Result<nlohmann::json> ask_server(const std::string& path, const CommandRequest& request,
                                                std::chrono::seconds deadline = std::chrono::minutes(10));
// Whether somebody listens there.
[[nodiscard]] bool is_served(const std::string& path);

}  // namespace aldis::admin
