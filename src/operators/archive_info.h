// What operators learn of an archive, an account's or a room's.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/archive_store.h"
#include "xmpp/stanza.h"

namespace aldis::admin {

struct ArchiveInfo {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  ArchiveId first = 0;                    // 0: it is empty
  ArchiveId last = 0;
  std::optional<ArchiveRetention> own_limits{};   // nothing: the domain's apply
};

// A page of an archive, in order.
struct ArchivePart {
  struct Message {
    ArchiveId id = 0;
    std::string name{};                   // its id as clients see it (XEP-0359)
    StanzaPtr stanza{};                   // as clients see it
  };
  std::vector<Message> messages{};
  bool is_last = true;
};

}  // namespace aldis::admin
