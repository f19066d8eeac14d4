// sd_notify(3) without its library: tells systemd, where it started us, that the server is ready, reloading or stopping.
#pragma once
#include <string_view>

namespace aldis::app {

// "READY=1", "STOPPING=1", "RELOADING=1\nMONOTONIC_USEC=..."; does nothing when NOTIFY_SOCKET is not set. Best effort.
void notify_supervisor(std::string_view state);
void notify_reloading();   // with the clock value that systemd wants beside it

}  // namespace aldis::app
