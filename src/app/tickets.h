// What a configuration says of Kerberos, with the keytabs it names read.
#pragma once
#include "app/check.h"
#include "app/config.h"
#include "auth/ticket_acceptor.h"

namespace aldis::app {

// By domain. An error names the domain and the file. What was shown once is remembered in data_dir, which exists.
[[nodiscard]] Result<TicketAcceptors> load_tickets(const Config& config);
// Keytabs that can be read by the server alone, and what they are good for.
[[nodiscard]] std::vector<Finding> check_tickets(const Config& config);

}  // namespace aldis::app
