// The scenarios, by the names of the command line. Each prints one Report and returns the exit status: 0, or 1 when
// something was lost, duplicated or out of order.
#pragma once
#include "options.h"

namespace aldis::load {

int run_chat(const Options& options);  ///< pairs exchange messages; closed loop with a window, or open loop at a rate
int run_dead_domains(const Options& options);  ///< the same at a rate, while one user writes to domains that are dead
int run_idle(const Options& options);  ///< memory of a session that does nothing
int run_detached(const Options& options);      ///< memory of a session that lost its connection and may be resumed
int run_archive(const Options& options);       ///< pages and searches in a large archive
int run_login(const Options& options);         ///< new connections that log in and leave
int run_handshake(const Options& options);     ///< TLS handshakes only
int run_ping(const Options& options);          ///< XEP-0199 to the server, pipelined
int run_positions(const Options& options);     ///< everybody moves and tells its contacts over PEP, a pair at work meanwhile
int run_pubsub_fanout(const Options& options); ///< one node, one publisher, many subscribers
int run_presence(const Options& options);      ///< presence flaps among mutual contacts
int run_rooms(const Options& options);         ///< rooms in which some speak and all hear it
int run_room_join(const Options& options);     ///< everybody joins one room, and sees everybody
int run_setup_roster(const Options& options);  ///< makes those contacts, by subscription
int run_storm(const Options& options);         ///< everybody cut at once, everybody back, a pair at work meanwhile

}  // namespace aldis::load
