// The half of `aldis peer explain` that cannot be tried: what would become of a stream that the other server opens to this one, what
// it has open now, and why its last was refused. In plain words, with the mend.
#pragma once
#include <string>
#include <vector>

#include "federation/peer_table.h"

namespace aldis::federation {

// `host`: one of our domains.
[[nodiscard]] std::vector<PeerTable::Explanation::Line> explain_inbound(PeerTable& table, const std::string& host, const std::string& peer);
// What an operator can do about a rule that is against it, either way; empty: nothing is to be done.
[[nodiscard]] std::string mend_of(policy::Reason reason, const policy::PeerRulePtr& rule, const std::string& peer, bool is_inbound);

}  // namespace aldis::federation
