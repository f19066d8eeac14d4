// The stores in memory, put together.
#include "storage/memory/memory_stores.h"

#include "storage/memory/memory_rooms.h"
#include "storage/memory/memory_shelves.h"

namespace aldis {

struct MemoryStores::World {
  explicit World(Answers answers) : turn{answers == Answers::later} {}
  Turn turn;
  memory::Shelves shelves{turn.is_later};
  std::unique_ptr<AccountImageStore> images = memory::make_images(shelves, turn);
  std::unique_ptr<AccountStore> accounts = memory::make_accounts(shelves, turn);
  std::unique_ptr<RosterStore> rosters = memory::make_rosters(shelves, turn);
  std::unique_ptr<ArchiveStore> archive = memory::make_archive(shelves, turn);
  std::unique_ptr<PrivateXmlStore> private_xml = memory::make_private_xml(shelves, turn);
  std::unique_ptr<VCardStore> vcards = memory::make_vcards(shelves, turn);
  std::unique_ptr<BlockStore> blocks = memory::make_blocks(shelves, turn);
  std::unique_ptr<LastActivityStore> last_activity = memory::make_last_activity(shelves, turn);
  std::unique_ptr<LoginFailureStore> login_failures = memory::make_login_failures(shelves, turn);
  std::unique_ptr<NoticeStore> notices = memory::make_notices(shelves, turn);
  std::unique_ptr<SettingStore> settings = memory::make_settings(shelves, turn);
  std::unique_ptr<SessionStore> sessions = memory::make_sessions(shelves, turn);
  std::unique_ptr<TokenStore> tokens = memory::make_tokens(shelves, turn);
  std::unique_ptr<PushStore> push = memory::make_push(shelves, turn);
  std::unique_ptr<OutboundQueueStore> outbound_queue = memory::make_outbound_queue(shelves, turn);
  std::unique_ptr<CertificateStore> certificates = memory::make_certificates(shelves, turn);
  MemoryRooms rooms{shelves.mutex,
                    {.purge =
                         [this](const std::string& room) {
                           shelves.archives.purge(room);
                           shelves.vcards.erase(room);
                         },
                     .is_account = [this](const std::string& room) { return shelves.accounts.contains(room); }},
                    turn.is_later};
};

MemoryStores::MemoryStores(Answers answers) : world_(std::make_unique<World>(answers)) {}
MemoryStores::~MemoryStores() = default;

Stores MemoryStores::stores() {
  World& w = *world_;
  return Stores{*w.images,       *w.accounts,      *w.rosters,        *w.archive, *w.private_xml, *w.vcards, *w.blocks,
                *w.last_activity, *w.login_failures, *w.notices,       *w.settings, *w.sessions,    *w.tokens, *w.push,
                *w.outbound_queue, *w.certificates,  w.rooms,          w.shelves.pubsub};
}

}  // namespace aldis
