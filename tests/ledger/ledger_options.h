// The command line of the ledger's clients.
#pragma once
#include <cstdint>
#include <string>

#include "options.h"

namespace aldis::ledger {

struct LedgerOptions {
  load::Options load;  ///< host, port, transport, body; stream management is on
  std::string book;    ///< the file to create
  int senders = 50, receivers = 50;
  int window = 60;             ///< messages of one sender that are not acknowledged
  std::uint64_t messages = 0;  ///< new ones at most; 0: until told to finish
  double rate = 0;             ///< new messages a second, of all; 0: as fast as windows open
  double cuts = 0;             ///< connections cut a second, of all
  std::uint64_t seed = 1;
  double quiet = 5;    ///< seconds without a delivery after which nothing more is expected
  double limit = 180;  ///< seconds for what is under way to be acknowledged, and for reading the archives
  bool own = false;    ///< also read the senders' archives
  bool verbose = false;
};

/// Exits with a message on standard error when the command line is wrong.
LedgerOptions parse_ledger_options(int argc, char** argv);

}  // namespace aldis::ledger
