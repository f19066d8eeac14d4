// What every negotiation of a stream may demand of its owner: the parts of RFC 6120 sections 4 and 5 that need a connection.
// Each negotiation adds its own (stream_negotiation.h for clients, server_negotiation.h between servers).
#pragma once
#include <optional>

#include "stream/stream_management.h"
#include "xmpp/stream_error.h"

namespace aldis::stream {

struct KeepReading {};
// Drop everything read and not yet consumed (security T01), reset the framer, do the handshake on the side of TLS that the
// negotiation is of, then tls_established(). If the handshake fails the connection is closed without another word (section
// 5.4.3.2).
struct StartTls {};
// Reset the framer; bytes already read belong to the new stream (section 6.4.6). Nothing to report.
struct RestartStream {};
// Resume a former stream (XEP-0198 section 5); then report as the negotiation says.
struct ResumeStream {
  ResumeRequest request;
};
// Write the bytes, then close the connection.
struct CloseConnection {
  std::optional<StreamCondition> reason;  // for the log and the metrics; nothing when the peer closed the stream
};

}  // namespace aldis::stream
