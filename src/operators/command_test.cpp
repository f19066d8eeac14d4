// Tests of command.h: each command's effect and answer, arguments that are refused, and an audit record without secrets.
#include "operators/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "operators/fake_target.h"
#include "base/log.h"
#include "operators/domain_target.h"
#include "xmpp/timestamp.h"

namespace aldis::admin {
namespace {

using testing::HasSubstr;

class Recorder final : public log::Sink {
 public:
  Recorder() { log::set_sink(this); }
  ~Recorder() override { log::set_sink(nullptr); }
  void write(log::Level, std::string_view event, std::span<const log::Field> fields) override {
    std::string line(event);
    for (const auto& field : fields) {
      const auto* text = std::get_if<std::string_view>(&field.value);
      line.append(" ").append(field.key).append("=").append(text != nullptr ? *text : "?");
    }
    lines.push_back(line);
  }
  std::vector<std::string> lines;
};

// A fact of the answer as text; "?" when it has none of that name.
std::string fact(const Result<OperatorResult>& result, std::string_view name) {
  for (const auto& [key, value] : result->fields) {
    if (key == name) {
      return to_text(value);
    }
  }
  return "?";
}

class Commands : public testing::Test {
 protected:
  Result<OperatorResult> run(std::string name, std::map<std::string, std::string, std::less<>> values = {},
                   const std::map<std::string, std::string>& secrets = {}) {
    CommandArguments arguments;
    arguments.values = std::move(values);
    for (const auto& [key, value] : secrets) {
      arguments.secrets.emplace(key, SecretBytes(std::string_view(value)));
    }
    std::optional<Result<OperatorResult>> out;
    const auto take = [](AdminTarget& target, std::string command, CommandArguments args, std::optional<Result<OperatorResult>>& to) -> Task<void> {
      Result<OperatorResult> result = co_await run_command(target, std::move(command), std::move(args), "uid 0");
      to.emplace(std::move(result));
    };
    spawn(take(target_, std::move(name), std::move(arguments), out));
    return std::move(*out);
  }
  void add(const std::string& account) { target_.accounts[account] = {"old"}; }

  FakeTarget target_;
  Recorder log_;
};

TEST_F(Commands, AccountsComeAndGo) {
  ASSERT_TRUE(run("user add", {{"account", "Juliet@Capulet.Example"}}, {{"password", "R0meo"}}));
  EXPECT_EQ(target_.accounts["juliet@capulet.example"].password, "R0meo");   // the address is prepared, the password not here
  EXPECT_EQ(run("user add", {{"account", "juliet@capulet.example"}}, {{"password", "x"}}).error().kind, ErrorKind::already_exists);
  ASSERT_TRUE(run("user passwd", {{"account", "juliet@capulet.example"}}, {{"password", "new"}}));
  EXPECT_EQ(target_.accounts["juliet@capulet.example"].password, "new");
  ASSERT_TRUE(run("user disable", {{"account", "juliet@capulet.example"}}));
  EXPECT_FALSE(target_.accounts["juliet@capulet.example"].is_enabled);
  ASSERT_TRUE(run("user enable", {{"account", "juliet@capulet.example"}}));
  EXPECT_TRUE(target_.accounts["juliet@capulet.example"].is_enabled);
  ASSERT_TRUE(run("user delete", {{"account", "juliet@capulet.example"}}));
  EXPECT_TRUE(target_.accounts.empty());
  EXPECT_EQ(run("user delete", {{"account", "juliet@capulet.example"}}).error().kind, ErrorKind::not_found);
}

TEST_F(Commands, ListsAreArraysWithTheColumnsTheyPromise) {
  for (int i = 0; i < 2500; ++i) {
    add("u" + std::to_string(10000 + i) + "@capulet.example");
  }
  add("romeo@montague.example");
  const auto all = run("user list");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->rows.size(), 2501U);
  const auto one = run("user list", {{"domain", "Montague.Example"}});
  ASSERT_TRUE(one);
  ASSERT_EQ(one->rows.size(), 1U);
  EXPECT_EQ(one->columns, find_command("user list")->columns);
  EXPECT_EQ(one->rows[0].size(), one->columns.size());
  target_.sessions = {{"romeo@montague.example/orchard", "192.0.2.1", "SCRAM-SHA-1-PLUS", 5, "TLSv1.3", "TLS_AES_128_GCM_SHA256",
                        "tls-exporter", true},
                       {"x@y/z", "", "", {}}};
  const auto sessions = run("session list", {{"account", "romeo@montague.example"}});
  ASSERT_EQ(sessions->rows.size(), 1U);
  EXPECT_EQ(sessions->columns, find_command("session list")->columns);
  EXPECT_EQ(sessions->rows[0], (std::vector<Value>{"romeo@montague.example/orchard", "192.0.2.1", "SCRAM-SHA-1-PLUS", std::int64_t{5},
                                                   "TLSv1.3", "TLS_AES_128_GCM_SHA256", "tls-exporter", true}));
  EXPECT_EQ(run("session list")->rows.size(), 2U);
  EXPECT_EQ(run("session list")->rows[1][4], Value());   // no TLS
}

TEST_F(Commands, KickNamesWhatItEnded) {
  target_.sessions = {{"romeo@montague.example/a", "", "", {}}, {"romeo@montague.example/b", "", "", {}}};
  EXPECT_EQ(fact(run("session kick", {{"address", "romeo@montague.example/a"}}), "ended"), "1");
  EXPECT_EQ(run("session kick", {{"address", "romeo@montague.example/a"}}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(fact(run("session kick", {{"address", "romeo@montague.example"}}), "ended"), "1");
}

TEST_F(Commands, TokensAreListedAndTakenBack) {
  add("juliet@capulet.example");
  add("romeo@montague.example");
  target_.tokens["juliet@capulet.example"] = {
      {.client = "phone", .software = "Gajim", .device = "Kiva's", .mechanism = "HT-SHA-256-EXPR"}, {.client = "laptop"}};
  const auto tokens = run("session tokens", {{"account", "juliet@capulet.example"}});
  ASSERT_EQ(tokens->rows.size(), 2U);
  EXPECT_EQ(tokens->columns, find_command("session tokens")->columns);
  EXPECT_EQ(tokens->rows[0], (std::vector<Value>{"phone", "Gajim", "Kiva's", "HT-SHA-256-EXPR", "", "", ""})) << "never used";
  const auto forget = [&](std::string client) {
    return run("session forget", {{"account", "juliet@capulet.example"}, {"client", std::move(client)}});
  };
  EXPECT_EQ(fact(forget("phone"), "clients"), "1");
  EXPECT_EQ(forget("phone").error().kind, ErrorKind::not_found);
  EXPECT_EQ(forget("").error().kind, ErrorKind::invalid) << "an empty name is not everybody";
  EXPECT_EQ(run("session tokens", {{"account", "juliet@capulet.example"}})->rows.size(), 1U);
  EXPECT_EQ(run("session forget", {{"account", "juliet@capulet.example"}})->message, "1 client forgotten, 1 session ended");
  EXPECT_EQ(run("session forget", {{"account", "juliet@capulet.example"}}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(run("session tokens", {{"account", "nobody@capulet.example"}}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(run("session forget", {{"account", "nobody@capulet.example"}}).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(run("session tokens", {{"account", "romeo@montague.example"}})->rows.empty());
}

TEST_F(Commands, ArchivesHaveLimitsOfTheirOwn) {
  add("juliet@capulet.example");
  const std::map<std::string, std::string, std::less<>> juliet{{"account", "juliet@capulet.example"}};
  const auto keep = [&](std::map<std::string, std::string, std::less<>> more) {
    more.merge(std::map<std::string, std::string, std::less<>>(juliet));
    return run("archive keep", std::move(more));
  };
  EXPECT_EQ(fact(run("archive show", juliet), "keeps"), "what its domain says");
  EXPECT_EQ(fact(run("archive show", juliet), "first"), "");
  EXPECT_EQ(keep({{"age", "90d"}, {"size", "1GiB"}})->message,
            "the archive of juliet@capulet.example keeps messages of the last 90d, and of them the last 1GiB");
  EXPECT_EQ(target_.archive_limits["juliet@capulet.example"].age, std::chrono::hours(90 * 24));
  EXPECT_EQ(target_.archive_limits["juliet@capulet.example"].bytes, 1024ULL * 1024 * 1024);
  EXPECT_EQ(fact(run("archive show", juliet), "keeps"), "messages of the last 90d, and of them the last 1GiB");
  EXPECT_TRUE(keep({{"size", "1MiB"}})->message.ends_with("keeps the last 1MiB")) << "all limits are said anew";
  EXPECT_EQ(target_.archive_limits["juliet@capulet.example"].age.count(), 0);
  EXPECT_TRUE(keep({{"age", "0s"}})->message.ends_with("keeps everything"));
  EXPECT_EQ(keep({}).error().kind, ErrorKind::invalid) << "asking is not changing";
  for (const char* bad : {"", "90", "-1d", "many", "1y"}) {
    EXPECT_EQ(keep({{"age", bad}}).error().kind, ErrorKind::invalid) << bad;
  }
  EXPECT_EQ(keep({{"size", "9223372036854775808B"}}).error().kind, ErrorKind::invalid);
  EXPECT_TRUE(target_.archive_limits.contains("juliet@capulet.example"));
  ASSERT_TRUE(run("archive keep-default", juliet));
  EXPECT_FALSE(target_.archive_limits.contains("juliet@capulet.example"));
  const std::map<std::string, std::string, std::less<>> nobody{{"account", "nobody@capulet.example"}, {"age", "1d"}};
  EXPECT_EQ(run("archive keep", nobody).error().kind, ErrorKind::not_found);
  EXPECT_EQ(run("archive show", {{"account", "nobody@capulet.example"}}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(run("archive keep-default", {{"account", "nobody@capulet.example"}}).error().kind, ErrorKind::not_found);
}

class ArchiveExport : public Commands {
 protected:
  ArchiveExport() {
    add("juliet@capulet.example");
    log_.lines.clear();
  }
  // At a second of 2026-11-25.
  void holds(int second, const std::string& text) {
    const auto time = parse_timestamp("2026-11-25T00:00:00Z").value() + std::chrono::seconds(second);
    target_.archives["juliet@capulet.example"].push_back(
        {first_archive_id_at(time), "id" + std::to_string(second),
         Stanza::make("<message from='romeo@montague.example/o' to='juliet@capulet.example'><body>" + text + "</body></message>")});
  }
  Result<OperatorResult> page(std::map<std::string, std::string, std::less<>> values = {}) {
    values.emplace("account", "juliet@capulet.example");
    return run("archive export", std::move(values));
  }
  // All pages of it.
  std::string whole(std::map<std::string, std::string, std::less<>> values = {}) {
    std::string document;
    for (;;) {
      const auto some = page(values);
      if (!some) {
        return some.error().what;
      }
      document += some->document;
      ++pages_;
      if (some->next.empty()) {
        return document;
      }
      values["page"] = some->next;
    }
  }
  std::size_t pages_ = 0;
};

TEST_F(ArchiveExport, IsADocumentOfXep0227) {  // section 4.11
  holds(1, "a &lt; b");
  EXPECT_EQ(whole(),
            "<?xml version='1.0' encoding='UTF-8'?>\n<server-data xmlns='urn:xmpp:pie:0'>\n<host jid='capulet.example'>\n"
            "<user name='juliet'>\n<archive xmlns='urn:xmpp:pie:0#mam'>\n"
            "<result xmlns='urn:xmpp:mam:2' id='id1'><forwarded xmlns='urn:xmpp:forward:0'>"
            "<delay xmlns='urn:xmpp:delay' stamp='2026-11-25T00:00:01.000Z'/>"
            "<message xmlns='jabber:client' to='juliet@capulet.example' from='romeo@montague.example/o'><body>a &lt; b</body>"
            "</message></forwarded></result>\n"
            "</archive>\n</user>\n</host>\n</server-data>\n");
  EXPECT_EQ(pages_, 1U);
  target_.archives.clear();
  EXPECT_THAT(whole(), HasSubstr("<archive xmlns='urn:xmpp:pie:0#mam'>\n</archive>")) << "an empty one is a document too";
}

TEST_F(ArchiveExport, IsAMailboxIfAskedFor) {  // RFC 4155
  holds(1, "From here on\nit is = d\xC3\xBCster ");
  EXPECT_EQ(whole({{"format", "mbox"}}),
            "From romeo@montague.example Wed Nov 25 00:00:01 2026\n"
            "From: romeo@montague.example\nTo: juliet@capulet.example\nDate: Wed, 25 Nov 2026 00:00:01 +0000\n"
            "Message-ID: <id1@capulet.example>\nX-XMPP-From: romeo@montague.example/o\nX-XMPP-To: juliet@capulet.example\n"
            "X-XMPP-Type: normal\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
            "Content-Transfer-Encoding: quoted-printable\n\n=46rom here on\nit is =3D d=C3=BCster=20\n\n");
  for (int i = 2; i <= 600; ++i) {
    holds(i, std::string(200, 'x') + "From " + std::to_string(i));
  }
  const std::string all = whole({{"format", "mbox"}});
  std::size_t mails = 0;
  std::size_t line = 0;
  while (line < all.size()) {
    const std::size_t end = all.find('\n', line);
    mails += std::string_view(all).substr(line).starts_with("From ") ? 1U : 0U;
    EXPECT_LE(end - line, 76U);
    line = end + 1;
  }
  EXPECT_EQ(mails, 600U);
  EXPECT_THAT(whole({{"format", "pdf"}}), HasSubstr("xml or mbox"));
}

TEST_F(ArchiveExport, ComesInPagesOfBoundedSize) {
  for (int i = 1; i <= 1250; ++i) {
    holds(i, "m" + std::to_string(i) + ".");
  }
  const std::string all = whole();
  EXPECT_EQ(pages_, 3U);
  std::size_t at = 0;
  for (int i = 1; i <= 1250; ++i) {  // each once, in order
    at = all.find(">m" + std::to_string(i) + ".<", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
  EXPECT_EQ(all.find("<?xml", 1), std::string::npos);
  EXPECT_EQ(all.find("</server-data>"), all.rfind("</server-data>"));
  for (const ArchiveQuery& query : target_.archive_queries) {
    EXPECT_LE(query.limit, 500U);
    EXPECT_LE(query.max_bytes, 1024U * 1024U);
  }
  std::size_t records = 0;  // who reads what others wrote is on record, once
  for (const std::string& line : log_.lines) {
    records += line.find("archive export") != std::string::npos ? 1U : 0U;
  }
  EXPECT_EQ(records, 1U);
}

TEST_F(ArchiveExport, EndsWithWhatWasThereWhenItBegan) {
  for (int i = 1; i <= 600; ++i) {
    holds(i, "old");
  }
  const auto first = page();
  holds(601, "new");
  const auto second = page({{"page", first->next}});
  EXPECT_TRUE(second->next.empty());
  EXPECT_EQ(second->document.find("new"), std::string::npos);
  EXPECT_NE(second->document.find("id600"), std::string::npos);
}

TEST_F(ArchiveExport, TakesAPartByTimeAndAddress) {
  for (const int second : {10, 20, 30}) {
    holds(second, "m");
  }
  const std::string some = whole({{"start", "2026-11-25T00:00:20Z"}, {"end", "2026-11-25T00:00:30Z"}});
  EXPECT_EQ(some.find("id10"), std::string::npos);
  EXPECT_NE(some.find("id20"), std::string::npos) << "from this time on";
  EXPECT_EQ(some.find("id30"), std::string::npos) << "and before that";
  EXPECT_EQ(whole({{"start", "2026-11-26"}}).find("<result"), std::string::npos);
  EXPECT_NE(whole({{"end", "2026-11-26"}}).find("id30"), std::string::npos);
  static_cast<void>(whole({{"with", "romeo@montague.example"}}));
  EXPECT_EQ(target_.archive_queries.back().contact->str(), "romeo@montague.example");
}

TEST_F(ArchiveExport, SaysWhatIsWrong) {
  const auto refused = [&](std::map<std::string, std::string, std::less<>> values) { return page(std::move(values)).error(); };
  EXPECT_EQ(refused({{"start", "yesterday"}}).what,
            "yesterday is no time (such as 2026-11-25T12:00:00Z, or 2026-11-25 for its first moment in UTC)");
  EXPECT_EQ(refused({{"end", "2026-02-30"}}).kind, ErrorKind::invalid);
  EXPECT_EQ(refused({{"start", "2026-11-26"}, {"end", "2026-11-25"}}).what, "nothing lies between 2026-11-26 and 2026-11-25");
  EXPECT_EQ(refused({{"with", "@"}}).what, "@ is no address");
  for (const char* place : {"1", "-", "1-", "x-1", "1-18446744073709551615", "-1-2"}) {
    EXPECT_EQ(refused({{"page", place}}).kind, ErrorKind::invalid) << place;
  }
  EXPECT_EQ(run("archive export", {{"account", "nobody@capulet.example"}}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(run("archive export", {{"account", "nobody@capulet.example"}, {"page", "1-2"}}).error().kind, ErrorKind::not_found);
  target_.is_broken = true;
  EXPECT_EQ(page().error().kind, ErrorKind::unavailable);
}

TEST_F(Commands, ImportTriesEachLineAndShowsNoPassword) {
  add("romeo@montague.example");
  const auto result = run("user import", {},
                          {{"file", "# comment\njuliet@capulet.example\tsecret one\r\n\nromeo@montague.example\tsecret2\n"
                                    "secret3 without a tab\n@\tsecret4\nnurse@capulet.example\tsecret5"}});
  ASSERT_TRUE(result);
  EXPECT_EQ(fact(result, "added"), "2");
  ASSERT_EQ(result->refused.size(), 3U);
  EXPECT_EQ(result->refused[0].line, 4U);
  EXPECT_EQ(result->refused[1].line, 5U);
  EXPECT_EQ(result->refused[2].line, 6U);
  EXPECT_EQ(target_.accounts["juliet@capulet.example"].password, "secret one");
  for (const auto& refused : result->refused) {
    EXPECT_EQ(refused.why.find("secret"), std::string::npos) << refused.why;
  }
  EXPECT_EQ(result->message, "2 accounts added, 3 lines refused");
}

TEST_F(Commands, ImportIsBoundedAndStopsWhenTheStoreFails) {
  EXPECT_EQ(run("user import", {}, {{"file", std::string(max_import_lines, '\n') + "a@b\tc\n"}}).error().kind, ErrorKind::limit);
  target_.is_broken = true;
  const auto broken = run("user import", {}, {{"file", "a@b\tc\nd@e\tf\n"}});
  EXPECT_EQ(broken.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(broken.error().what, HasSubstr("line 1:"));
}

TEST_F(Commands, WhatDoesNotFitTheDescriptionIsRefused) {
  EXPECT_EQ(run("user frobnicate").error().kind, ErrorKind::not_found);
  EXPECT_EQ(run("user add", {{"account", "juliet@capulet.example"}}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(run("user add", {}, {{"password", "x"}}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(run("user add", {{"account", "capulet.example"}}, {{"password", "x"}}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(run("user add", {{"account", "a@b/c"}}, {{"password", "x"}}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(run("user delete", {{"account", "a@b"}, {"force", "yes"}}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(run("session kick", {{"address", "capulet.example"}}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(run("user list", {{"domain", "a b"}}).error().kind, ErrorKind::invalid);
  // A secret that came the way of what may be logged is not used.
  EXPECT_EQ(run("user add", {{"account", "a@b"}, {"password", "x"}}).error().kind, ErrorKind::invalid);
}

TEST_F(Commands, ChangesAreAuditedWithoutSecrets) {                       // security O02, O5
  (void)run("user add", {{"account", "juliet@capulet.example"}}, {{"password", "canary"}});
  (void)run("user add", {{"account", "juliet@capulet.example"}}, {{"password", "canary"}});
  (void)run("user list");
  (void)run("user import", {}, {{"file", "a@capulet.example\tcanary\nbroken canary line\n"}});
  ASSERT_EQ(log_.lines.size(), 3U);
  EXPECT_EQ(log_.lines[0], "audit-operator-command command=user add arguments=juliet@capulet.example operator=uid 0 outcome=done");
  EXPECT_THAT(log_.lines[1], HasSubstr("outcome=" + std::string(to_string(ErrorKind::already_exists))));
  for (const std::string& line : log_.lines) {
    EXPECT_EQ(line.find("canary"), std::string::npos) << line;
  }
}

TEST_F(Commands, ALockedAccountIsShownAndUnlocked) {
  add("juliet@capulet.example");
  target_.accounts["juliet@capulet.example"].locked_out = "everywhere";
  EXPECT_EQ(fact(run("user show", {{"account", "juliet@capulet.example"}}), "locked-out"), "everywhere");
  EXPECT_EQ(run("user list")->rows[0].back(), Value("everywhere"));
  ASSERT_TRUE(run("user unlock", {{"account", "juliet@capulet.example"}}));
  EXPECT_EQ(fact(run("user show", {{"account", "juliet@capulet.example"}}), "locked-out"), "no");
  EXPECT_EQ(run("user unlock", {{"account", "nobody@capulet.example"}}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(run("user show", {{"account", "nobody@capulet.example"}}).error().kind, ErrorKind::not_found);
  EXPECT_THAT(log_.lines.front(), HasSubstr("command=user unlock arguments=juliet@capulet.example"));
}

TEST_F(Commands, NoticesAreSetEditedShownAndDeleted) {
  EXPECT_EQ(run("motd show", {{"domain", "capulet.example"}}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(run("motd edit", {{"domain", "capulet.example"}, {"text", "x"}}).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(run("motd set", {{"domain", "Capulet.Example"}, {"text", "A feast\ntonight"}}));
  ASSERT_TRUE(run("welcome set", {{"domain", "capulet.example"}, {"text", "Welcome"}}));
  EXPECT_EQ(run("motd show", {{"domain", "capulet.example"}})->message, "A feast\ntonight");
  ASSERT_TRUE(run("motd edit", {{"domain", "capulet.example"}, {"text", "No feast"}}));
  EXPECT_EQ(run("motd show", {{"domain", "capulet.example"}})->message, "No feast");
  EXPECT_EQ(run("welcome show", {{"domain", "capulet.example"}})->message, "Welcome");
  ASSERT_TRUE(run("motd delete", {{"domain", "capulet.example"}}));
  ASSERT_TRUE(run("welcome delete", {{"domain", "capulet.example"}}));
  EXPECT_TRUE(target_.notices.empty());
  ASSERT_TRUE(run("announce", {{"domain", "capulet.example"}, {"text", "Fire"}, {"subject", "Now"}}));
  EXPECT_EQ(target_.announced, std::vector<std::string>{"capulet.example|Now|Fire"});
  EXPECT_THAT(log_.lines.back(), HasSubstr("arguments=capulet.example text of 4 bytes subject of 3 bytes"));
  for (const std::string& text : {std::string("\x01"), std::string("\xff"), std::string("a\xEF\xBF\xBE"), std::string(max_text_bytes + 1, 'x')}) {
    EXPECT_EQ(run("announce", {{"domain", "capulet.example"}, {"text", text}}).error().kind, ErrorKind::invalid);
  }
}

TEST_F(Commands, TheOperatorsOwnSessionIsKept) {
  add("juliet@capulet.example");
  CommandArguments arguments;
  arguments.values["account"] = "juliet@capulet.example";
  arguments.secrets.emplace("password", SecretBytes(std::string_view("new")));
  arguments.own_session = SessionId{7};
  spawn([](AdminTarget& target, CommandArguments given) -> Task<void> {
    const auto done = co_await run_command(target, "user passwd", std::move(given), "x");
    EXPECT_TRUE(done);
  }(target_, std::move(arguments)));
  EXPECT_EQ(target_.kept, SessionId{7});
}

// Security S12: every command, run by an administrator of another domain, changes and shows nothing of this one.
TEST_F(Commands, OfOneDomainTouchNoOther) {
  add("romeo@montague.example");
  add("juliet@capulet.example");
  target_.sessions = {{"romeo@montague.example/a", "", "", {}}, {"juliet@capulet.example/a", "", "", {}}};
  target_.notices[{"montague.example", NoticeKind::motd}] = "theirs";
  target_.notices[{"montague.example", NoticeKind::welcome}] = "theirs";
  DomainTarget capulet(target_, "capulet.example");
  for (const OperatorCommand& command : operator_commands()) {
    CommandArguments arguments;
    for (const Argument& argument : command.arguments) {
      switch (argument.kind) {
        case ArgumentKind::account: arguments.values[argument.name] = command.name == "user add" ? "new@montague.example" : "romeo@montague.example"; break;
        case ArgumentKind::room: arguments.values[argument.name] = "tea@montague.example"; break;
        case ArgumentKind::address: arguments.values[argument.name] = "romeo@montague.example"; break;
        case ArgumentKind::domain: arguments.values[argument.name] = "montague.example"; break;
        case ArgumentKind::jid: arguments.values[argument.name] = "juliet@capulet.example"; break;
        case ArgumentKind::time: arguments.values[argument.name] = argument.name == "start" ? "2026-11-01" : "2026-11-02"; break;
        case ArgumentKind::duration: arguments.values[argument.name] = "1d"; break;
        case ArgumentKind::size: arguments.values[argument.name] = "1GiB"; break;
        case ArgumentKind::word: arguments.values[argument.name] = argument.name == "key" ? "mail" : argument.name == "affiliation" ? "member" : "r@montague.example"; break;
        case ArgumentKind::certificate:
          if (argument.is_required) arguments.values[argument.name] = "-----BEGIN CERTIFICATE-----";
          break;
        case ArgumentKind::revocation_lists: arguments.values[argument.name] = "-----BEGIN X509 CRL-----"; break;
        case ArgumentKind::ocsp_responses: arguments.values[argument.name] = "-----BEGIN OCSP RESPONSE-----"; break;
        case ArgumentKind::page: arguments.values[argument.name] = "1-2"; break;
        case ArgumentKind::text: arguments.values[argument.name] = argument.name == "format" ? "mbox" : "text"; break;
        case ArgumentKind::password: arguments.secrets.emplace(argument.name, SecretBytes(std::string_view("longenough"))); break;
        case ArgumentKind::accounts: arguments.secrets.emplace(argument.name, SecretBytes(std::string_view("new@montague.example\tpw\n"))); break;
      }
    }
    spawn([](AdminTarget& target, const OperatorCommand& one, CommandArguments given) -> Task<void> {
      const auto result = co_await run_command(target, one.name, std::move(given), "x");
      if (one.name == "user import") {  // it tells line by line
        EXPECT_EQ(result->refused.size(), 1U);
      } else {
        EXPECT_FALSE(result) << one.name;
        EXPECT_EQ(result.error().kind, ErrorKind::denied) << one.name;
      }
    }(capulet, command, std::move(arguments)));
  }
  EXPECT_EQ(target_.accounts.size(), 2U);
  EXPECT_EQ(target_.accounts["romeo@montague.example"].password, "old");
  EXPECT_EQ(target_.sessions.size(), 2U);
  EXPECT_EQ(target_.notices.size(), 2U);
  EXPECT_TRUE(target_.announced.empty());
  // Asked for nobody in particular, it answers for its own.
  spawn([](AdminTarget& target) -> Task<void> {
    const auto sessions = co_await run_command(target, "session list", {}, "x");
    EXPECT_EQ(sessions->rows.size(), 1U);
    const auto accounts = co_await run_command(target, "user list", {}, "x");
    EXPECT_EQ(accounts->rows.size(), 1U);
  }(capulet));
}

TEST_F(Commands, ReloadAndStatusSayWhatHappened) {
  EXPECT_EQ(run("reload")->message, "nothing has changed");
  target_.report = {{"[log] level"}, {"[server] shards"}};
  EXPECT_EQ(run("reload")->message, "applied: [log] level\nneeds a restart: [server] shards");
  EXPECT_EQ(run("status")->message, "Aldis 1.2.3, running for 0 s, 0 sessions, serving capulet.example, montague.example");
}

TEST(CommandList, IsWellFormed) {
  std::set<std::string> names;
  for (const OperatorCommand& command : operator_commands()) {
    EXPECT_TRUE(names.insert(command.name).second) << command.name;
    EXPECT_TRUE(command.help.ends_with(".")) << command.name;
    bool is_optional = false;
    for (const Argument& argument : command.arguments) {
      EXPECT_FALSE(is_optional && argument.is_required) << command.name;
      is_optional = is_optional || !argument.is_required;
    }
  }
}

}  // namespace
}  // namespace aldis::admin
