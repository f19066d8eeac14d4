// The smaller stores, one interface per concept, and Stores: what a server's core is given.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/account_image.h"
#include "storage/account_store.h"
#include "storage/archive_store.h"
#include "storage/outbound_queue_store.h"
#include "storage/certificate_store.h"
#include "storage/pubsub_store.h"
#include "storage/push_store.h"
#include "storage/room_store.h"
#include "storage/roster_store.h"
#include "storage/session_store.h"
#include "storage/token_store.h"

namespace aldis {

// Private XML storage (XEP-0049): one element per owner, namespace and local name.
class PrivateXmlStore {
 public:
  virtual ~PrivateXmlStore() = default;
  virtual Task<Result<std::optional<std::string>>> load(BareJid owner, std::string ns, std::string local) = 0;
  struct Item {
    std::string ns;
    std::string local;
    std::string xml;
  };
  // All items of one request are stored or none. full when the owner would hold more than `max_bytes` of XML in all.
  virtual Task<Result<void>> store(BareJid owner, std::vector<Item> items, std::size_t max_bytes) = 0;
};

// vcard-temp (XEP-0054): one vCard element per owner.
class VCardStore {
 public:
  virtual ~VCardStore() = default;
  virtual Task<Result<std::optional<std::string>>> load(BareJid owner) = 0;
  virtual Task<Result<void>> store(BareJid owner, std::string xml) = 0;
};

// Block lists (XEP-0191): addresses of any form.
class BlockStore {
 public:
  virtual ~BlockStore() = default;
  virtual Task<Result<std::vector<Jid>>> load(BareJid owner) = 0;               // in the order of the addresses
  virtual Task<Result<void>> add(BareJid owner, std::vector<Jid> jids) = 0;     // those already there stay
  virtual Task<Result<void>> remove(BareJid owner, std::vector<Jid> jids) = 0;  // empty: all
};

// When an account was last available, and the status it left with (XEP-0012).
struct LastActivity {
  WallTime when{};
  std::string status;
};
class LastActivityStore {
 public:
  virtual ~LastActivityStore() = default;
  virtual Task<Result<std::optional<LastActivity>>> load(BareJid owner) = 0;
  virtual Task<Result<void>> store(BareJid owner, LastActivity activity) = 0;
};

// Failed authentications, counted per key (an account, a source, a pair of both) so that they survive a restart.
struct LoginFailures {
  std::uint32_t count = 0;
  WallTime first{};
  WallTime last{};
};
class LoginFailureStore {
 public:
  virtual ~LoginFailureStore() = default;
  virtual Task<Result<std::map<std::string, LoginFailures>>> load_all() = 0;
  virtual Task<Result<void>> put(std::string key, LoginFailures failures) = 0;
  virtual Task<Result<void>> remove(std::string key) = 0;
};

// What the administrators of a domain have left for its users to read (XEP-0133 sections 4.22 to 4.26), and who has had it.
enum class NoticeKind : std::uint8_t {
  motd,      // message of the day: to everybody once, until it is deleted
  welcome,   // to a new user, at the first login
};
struct Notice {
  NoticeKind kind = NoticeKind::motd;
  std::uint64_t id = 0;   // of this domain and kind; a new text has a greater one
  std::string text;
};
class NoticeStore {
 public:
  virtual ~NoticeStore() = default;
  virtual Task<Result<std::optional<Notice>>> load(std::string domain, NoticeKind kind) = 0;
  // A new notice in place of the one before: nobody has had it.
  virtual Task<Result<Notice>> set(std::string domain, NoticeKind kind, std::string text) = 0;
  // Another text for the notice that stands: whoever has had it has had it. not_found: none stands.
  virtual Task<Result<void>> edit(std::string domain, NoticeKind kind, std::string text) = 0;
  virtual Task<Result<void>> remove(std::string domain, NoticeKind kind) = 0;   // not_found: none stands
  // What the owner has not had, the motd first. A welcome is due to an account that has had none and has no last activity.
  virtual Task<Result<std::vector<Notice>>> due(BareJid owner) = 0;
  virtual Task<Result<void>> mark(std::vector<BareJid> owners, NoticeKind kind, std::uint64_t id) = 0;   // had it, and those before
};

// Values of this installation, such as the secret that makes invented salts stable.
class SettingStore {
 public:
  virtual ~SettingStore() = default;
  virtual Task<Result<std::optional<std::string>>> load(std::string key) = 0;
  // Stores the value unless the key has one; the value that stands afterwards.
  virtual Task<Result<std::string>> load_or_store(std::string key, std::string value) = 0;
};

struct Stores {
  AccountImageStore& images;
  AccountStore& accounts;
  RosterStore& rosters;
  ArchiveStore& archive;
  PrivateXmlStore& private_xml;
  VCardStore& vcards;
  BlockStore& blocks;
  LastActivityStore& last_activity;
  LoginFailureStore& login_failures;
  NoticeStore& notices;
  SettingStore& settings;
  SessionStore& sessions;
  TokenStore& tokens;
  PushStore& push;
  OutboundQueueStore& outbound_queue;
  CertificateStore& certificates;
  RoomStore& rooms;
  PubSubStore& pubsub;
};

}  // namespace aldis
