// SqlStores: every store over one Database. Successful writes are durable; see sql/database.h for what happens when the
// disk is full or fails.
#pragma once
#include "storage/sql/tables.h"

namespace aldis::sql {

class SqlStores {
 public:
  static Result<std::unique_ptr<SqlStores>> open(DatabaseOptions options) {
    auto database = Database::open(std::move(options));
    if (!database) {
      return fail(database.error());
    }
    return std::unique_ptr<SqlStores>(new SqlStores(std::move(*database)));
  }

  // What is queued is finished while the stores are still there.
  ~SqlStores() { database_.reset(); }
  SqlStores(const SqlStores&) = delete;

  // Usable from the executors of any thread while the SqlStores lives.
  [[nodiscard]] Stores stores() {
    return Stores{images_, accounts_, rosters_, archive_, private_xml_, vcards_, blocks_, last_activity_, login_failures_,
                  notices_, settings_, sessions_, tokens_, push_, outbound_queue_, certificates_, rooms_, pubsub_};
  }
  [[nodiscard]] Database& database() { return *database_; }

 private:
  explicit SqlStores(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  std::unique_ptr<Database> database_;
  SqlAccountImages images_{*database_};
  SqlAccounts accounts_{*database_};
  SqlRosters rosters_{*database_};
  SqlArchive archive_{*database_};
  SqlPrivateXml private_xml_{*database_};
  SqlVCards vcards_{*database_};
  SqlBlocks blocks_{*database_};
  SqlLastActivity last_activity_{*database_};
  SqlLoginFailures login_failures_{*database_};
  SqlNotices notices_{*database_};
  SqlSettings settings_{*database_};
  SqlSessions sessions_{*database_};
  SqlTokens tokens_{*database_};
  SqlPush push_{*database_};
  SqlOutboundQueue outbound_queue_{*database_};
  SqlCertificates certificates_{*database_};
  SqlRooms rooms_{*database_};
  SqlPubSub pubsub_{*database_};
};

}  // namespace aldis::sql
