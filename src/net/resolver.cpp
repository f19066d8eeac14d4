// Questions to libunbound, whose descriptor the shard watches, and the records in their answers.
#include "net/resolver.h"

#include <unbound.h>

#include <atomic>
#include <cstring>

#include "base/ensure.h"

namespace aldis::net {
namespace {

constexpr int type_a = 1;
constexpr int type_aaaa = 28;
constexpr int type_srv = 33;
constexpr int type_tlsa = 52;
constexpr int class_in = 1;
constexpr std::size_t longest_answer = 64;  // records: more are not looked at
constexpr const char* debians_anchor = "/usr/share/dns/root.key";

std::uint16_t number(std::string_view data, std::size_t at) {
  return static_cast<std::uint16_t>((static_cast<std::uint8_t>(data[at]) << 8) |
                                    static_cast<std::uint8_t>(data[at + 1]));
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// RFC 1035 3.1; RFC 2782 forbids compression in a target.
Result<std::string> parse_name(std::string_view data) {
  std::string name;
  while (!data.empty()) {
    const std::size_t length = static_cast<std::uint8_t>(data[0]);
    data.remove_prefix(1);
    if (length == 0) {
      return data.empty() ? Result<std::string>(std::move(name)) : fail(ErrorKind::corrupt, "bytes behind a DNS name");
    }
    if (length > 63 || length > data.size() || name.size() + length > 254) {
      break;
    }
    if (!name.empty()) {
      name += '.';
    }
    for (const char c : data.substr(0, length)) {
      if (c == '.' || c <= ' ' || c == 0x7F) {
        return fail(ErrorKind::corrupt, "a DNS name with characters no host has");
      }
      name += lower(c);
    }
    data.remove_prefix(length);
  }
  return fail(ErrorKind::corrupt, "a DNS name breaks its format");
}

}  // namespace

Result<SrvRecord> parse_srv(std::string_view data) {
  if (data.size() < 7) {
    return fail(ErrorKind::corrupt, "an SRV record is too short");
  }
  Result<std::string> target = parse_name(data.substr(6));
  if (!target) {
    return fail(target.error());
  }
  return SrvRecord{number(data, 0), number(data, 2), number(data, 4), std::move(*target)};
}

Result<TlsaRecord> parse_tlsa(std::string_view data) {
  if (data.size() < 4) {
    return fail(ErrorKind::corrupt, "a TLSA record is too short");
  }
  const auto octet = [&](std::size_t at) { return static_cast<std::uint8_t>(data[at]); };
  return TlsaRecord{octet(0), octet(1), octet(2), {data.begin() + 3, data.end()}};
}

// One question on its way: libunbound holds it by a pointer until it answers or is cancelled.
struct Resolver::Question {
  Completion<Result<Raw>> done;
  bool answered = false;

  void answer(Result<Raw> result) {
    if (!std::exchange(answered, true)) {
      done.complete(std::move(result));
    }
  }
  static void arrived(void* self, int error, ub_result* result) {
    const std::unique_ptr<ub_result, void (*)(ub_result*)> owned(result, ub_resolve_free);
    auto& question = *static_cast<Question*>(self);
    if (error != 0) {
      question.answer(fail(ErrorKind::unavailable, std::string("DNS: ") + ub_strerror(error)));
    } else if (result->bogus != 0) {
      question.answer(fail(ErrorKind::denied,
                           "DNSSEC: " + std::string(result->why_bogus != nullptr ? result->why_bogus
                                                                                 : "the answer is forged or broken")));
    } else if (result->havedata == 0 && result->nxdomain == 0 && result->rcode != 0) {
      question.answer(fail(ErrorKind::unavailable, "DNS answers with code " + std::to_string(result->rcode)));
    } else {
      Raw raw;
      raw.is_secure = result->secure != 0;
      for (std::size_t i = 0; result->havedata != 0 && result->data[i] != nullptr && i < longest_answer; ++i) {
        raw.records.emplace_back(result->data[i], static_cast<std::size_t>(result->len[i]));
      }
      question.answer(std::move(raw));
    }
  }
};

Resolver::Resolver(Shard& shard, ub_ctx* context, ResolverOptions options)
    : shard_(shard), context_(context), options_(std::move(options)) {}

Result<std::unique_ptr<Resolver>> Resolver::open(Shard& shard, ResolverOptions options) {
  ub_ctx* const context = ub_ctx_create();
  if (context == nullptr) {
    return fail(ErrorKind::unavailable, "libunbound cannot start");
  }
  std::unique_ptr<Resolver> made(new Resolver(shard, context, std::move(options)));
  const ResolverOptions& wanted = made->options_;
  int error = ub_ctx_async(context, 1);  // a thread of libunbound's own, and a descriptor for us
  // A question that waits for its answer holds one of these; libunbound has 16 by itself, and the rest would wait for those.
  const std::string room = std::to_string(wanted.questions);
  for (const char* option : {"outgoing-range:", "num-queries-per-thread:"}) {
    error = error == 0 ? ub_ctx_set_option(context, option, room.c_str()) : error;
  }
  if (error == 0 && !wanted.forwarder.empty()) {
    error = ub_ctx_set_fwd(context, wanted.forwarder.c_str());
  } else if (error == 0) {
    error = ub_ctx_resolvconf(context, wanted.resolv_conf.empty() ? nullptr : wanted.resolv_conf.c_str());
  }
  if (error == 0 && wanted.forwarder.empty()) {
    static_cast<void>(ub_ctx_hosts(context, nullptr));
  }
  if (error == 0 && !wanted.trust_anchor.empty()) {
    error = ub_ctx_add_ta_file(context, wanted.trust_anchor.c_str());
  } else if (error == 0 && wanted.forwarder.empty()) {
    static_cast<void>(ub_ctx_add_ta_file(context, debians_anchor));  // absent: answers are never secure
  }
  if (error != 0) {
    return fail(ErrorKind::unavailable, std::string("libunbound: ") + ub_strerror(error));
  }
  if (!shard.watch(ub_fd(context), *made)) {
    return fail(ErrorKind::unavailable, "the kernel does not watch libunbound's descriptor");
  }
  return made;
}

Resolver::~Resolver() {
  shard_.unwatch(ub_fd(context_), *this);
  ub_ctx_delete(context_);
}

void Resolver::on_ready(bool readable, bool, bool) {
  while (readable && ub_poll(context_) != 0) {
    ub_process(context_);
  }
}

Task<Result<Resolver::Raw>> Resolver::ask(std::string name, int type, Asked* asked_now) {
  if (asked_ >= options_.questions) {
    co_return fail(ErrorKind::full, "too many DNS questions at once; " + name + " was not asked for");
  }
  const auto question = std::make_unique<Question>();
  int id = 0;
  const int error = ub_resolve_async(context_, name.c_str(), type, class_in, question.get(), Question::arrived, &id);
  if (error != 0) {
    co_return fail(ErrorKind::invalid, name + ": " + ub_strerror(error));
  }
  ++asked_;
  if (asked_now != nullptr) {
    *asked_now = {question.get(), id};
  }
  const TimerId timer = shard_.after(options_.deadline, [this, id, asked = question.get(), name] {
    ub_cancel(context_, id);
    asked->answer(fail(ErrorKind::timeout, "no DNS answer for " + name));
  });
  Result<Raw> raw = co_await question->done;
  --asked_;
  if (asked_now != nullptr) {
    *asked_now = {};
  }
  shard_.cancel(timer);
  co_return raw;
}

Task<Result<DnsAnswer<SrvRecord>>> Resolver::srv(std::string name) {
  const Result<Raw> raw = co_await ask(std::move(name), type_srv);
  if (!raw) {
    co_return fail(raw.error());
  }
  DnsAnswer<SrvRecord> answer;
  answer.is_secure = raw->is_secure;
  for (const std::string& data : raw->records) {
    Result<SrvRecord> record = parse_srv(data);
    if (!record) {
      co_return fail(record.error());
    }
    answer.records.push_back(std::move(*record));
  }
  co_return answer;
}

// Both families' answers, and who waits for them.
struct Resolver::Families {
  Result<Raw> v6 = fail(ErrorKind::timeout, "no DNS answer");
  Result<Raw> v4 = fail(ErrorKind::timeout, "no DNS answer");
  Asked v6_asked;
  Asked v4_asked;
  int missing = 2;
  TimerId patience = TimerId::none;
  Completion<bool> done;
};

Task<void> Resolver::ask_family(std::string name, int type, std::shared_ptr<Families> families) {
  const bool is_v4 = type == type_a;
  Result<Raw> raw = co_await ask(std::move(name), type, is_v4 ? &families->v4_asked : &families->v6_asked);
  const bool has_records = raw && !raw->records.empty();
  (is_v4 ? families->v4 : families->v6) = std::move(raw);
  if (--families->missing == 0) {
    shard_.cancel(families->patience);
    families->done.complete(true);
  } else if (has_records) {
    families->patience = shard_.after(options_.family_patience, [this, families, is_v4] {
      const Asked late = is_v4 ? families->v6_asked : families->v4_asked;
      ub_cancel(context_, late.id);
      late.question->answer(fail(ErrorKind::timeout, "no DNS answer in time"));
    });
  }
}

Task<Result<DnsAnswer<PeerAddress>>> Resolver::addresses(std::string name, std::uint16_t port) {
  const auto families = std::make_shared<Families>();
  spawn(ask_family(name, type_aaaa, families));
  spawn(ask_family(name, type_a, families));
  const bool done = co_await families->done;
  static_cast<void>(done);
  if (!families->v6 && !families->v4) {
    co_return fail(families->v4.error());
  }
  DnsAnswer<PeerAddress> answer;
  answer.is_secure = true;
  for (const Result<Raw>* family : {&families->v6, &families->v4}) {
    if (!*family) {
      continue;
    }
    const std::size_t length = family == &families->v4 ? 4 : 16;
    answer.is_secure = answer.is_secure && (*family)->is_secure;
    for (const std::string& data : (*family)->records) {
      if (data.size() != length) {
        co_return fail(ErrorKind::corrupt, "an address record of " + name + " has a wrong length");
      }
      PeerAddress address = *PeerAddress::parse("0.0.0.0", port);
      std::memcpy(address.ip.data() + 16 - length, data.data(), length);
      answer.records.push_back(address);
    }
  }
  // A name without addresses is only known when both have answered.
  if (answer.records.empty() && (!families->v6 || !families->v4)) {
    co_return fail(families->v6 ? families->v4.error() : families->v6.error());
  }
  co_return answer;
}

Task<Result<DnsAnswer<TlsaRecord>>> Resolver::tlsa(std::string name) {
  const Result<Raw> raw = co_await ask(std::move(name), type_tlsa);
  if (!raw) {
    co_return fail(raw.error());
  }
  DnsAnswer<TlsaRecord> answer;
  answer.is_secure = raw->is_secure;
  for (const std::string& data : raw->records) {
    Result<TlsaRecord> record = parse_tlsa(data);
    if (!record) {
      co_return fail(record.error());
    }
    answer.records.push_back(std::move(*record));
  }
  co_return answer;
}

}  // namespace aldis::net
