// Checking, running and recording a command.
#include "operators/command.h"

#include <algorithm>

#include "base/log.h"
#include "base/options.h"
#include "operators/check_argument.h"
#include "xmpp/precis.h"
#include "xmpp/timestamp.h"

namespace aldis::admin {
namespace {

// What XML 1.0 can hold (section 2.2), in UTF-8.
bool is_xml_text(std::string_view text) {
  const auto characters = precis::from_utf8(text);
  return characters && std::ranges::none_of(*characters, [](char32_t c) {
           return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0xFFFE || c == 0xFFFF;
         });
}

}  // namespace

std::optional<WallTime> parse_time(std::string_view text) {
  return parse_timestamp(text.size() == std::string_view("2026-11-25").size() ? std::string(text) + "T00:00:00Z" : std::string(text));
}

Result<void> check_value(const Argument& argument, const std::string& value) {
  const auto refuse = [&](std::string_view why) { return fail(ErrorKind::invalid, value + " is no " + std::string(why)); };
  switch (argument.kind) {
    case ArgumentKind::account: {
      const auto jid = BareJid::parse(value);
      if (!jid || !jid->has_local()) {
        return refuse("account's address (such as juliet@localhost)");
      }
      return {};
    }
    case ArgumentKind::room: {
      const auto jid = BareJid::parse(value);
      if (!jid || !jid->has_local()) {
        return refuse("room's address (such as tea@rooms.localhost)");
      }
      return {};
    }
    case ArgumentKind::address: {
      const auto jid = Jid::parse(value);
      if (!jid || !jid->has_local()) {
        return refuse("session's or account's address");
      }
      return {};
    }
    case ArgumentKind::domain:
      if (!prepare_domain(value)) {
        return refuse("domain");
      }
      return {};
    case ArgumentKind::word:
      if (value.empty() || value.size() > max_word_bytes || !is_xml_text(value) || value.find_first_of("\t\r\n") != std::string::npos) {
        return fail(ErrorKind::invalid, argument.name + " must be one line of text, of at most " + std::to_string(max_word_bytes) + " bytes");
      }
      return {};
    case ArgumentKind::text:
      if (value.empty() || value.size() > max_text_bytes || !is_xml_text(value)) {
        return fail(ErrorKind::invalid, argument.name + " must be text without control characters, of at most " +
                                            std::to_string(max_text_bytes) + " bytes");
      }
      return {};
    case ArgumentKind::certificate:
      if (value.size() > max_certificate_bytes || value.find("-----BEGIN CERTIFICATE-----") == std::string::npos || !is_xml_text(value)) {
        return fail(ErrorKind::invalid, argument.name + " must be a certificate in PEM form, of at most " +
                                            std::to_string(max_certificate_bytes) + " bytes");
      }
      return {};
    case ArgumentKind::revocation_lists:
      if (value.size() > max_lists_bytes || value.find("-----BEGIN X509 CRL-----") == std::string::npos || !is_xml_text(value)) {
        return fail(ErrorKind::invalid, argument.name + " must be CRLs in PEM form, of at most " + std::to_string(max_lists_bytes) +
                                            " bytes; larger ones are named in crl_files of [tls]");
      }
      return {};
    case ArgumentKind::ocsp_responses:
      if (value.size() > max_lists_bytes || value.find("-----BEGIN OCSP RESPONSE-----") == std::string::npos || !is_xml_text(value)) {
        return fail(ErrorKind::invalid, argument.name + " must be OCSP responses in PEM form, of at most " + std::to_string(max_lists_bytes) + " bytes");
      }
      return {};
    case ArgumentKind::jid:
      if (!Jid::parse(value)) {
        return refuse("address");
      }
      return {};
    case ArgumentKind::time:
      if (!parse_time(value)) {
        return refuse("time (such as 2026-11-25T12:00:00Z, or 2026-11-25 for its first moment in UTC)");
      }
      return {};
    case ArgumentKind::duration:
      if (auto read = parse_duration(value); !read) {
        return fail(ErrorKind::invalid, argument.name + " " + read.error().what);
      }
      return {};
    case ArgumentKind::size:
      if (auto read = parse_size(value); !read) {
        return fail(ErrorKind::invalid, argument.name + " " + read.error().what);
      }
      return {};
    case ArgumentKind::page:   // whoever runs the command reads it
    case ArgumentKind::password:
    case ArgumentKind::accounts: break;
  }
  return {};
}

namespace {

Result<void> check_arguments(const OperatorCommand& command, const CommandArguments& arguments) {
  std::size_t known = 0;
  for (const Argument& argument : command.arguments) {
    const auto value = arguments.values.find(argument.name);
    const bool is_secret_given = arguments.secrets.contains(argument.name);
    if (argument.is_secret() && value != arguments.values.end()) {
      return fail(ErrorKind::invalid, "\"" + argument.name + "\" is secret and was not given as one");
    }
    if (argument.is_secret() ? !is_secret_given : value == arguments.values.end()) {
      if (argument.is_required) {
        return fail(ErrorKind::invalid, "\"" + command.name + "\" needs \"" + argument.name + "\": " + argument.help);
      }
      continue;
    }
    ++known;
    if (!argument.is_secret()) {
      if (auto checked = check_value(argument, value->second); !checked) {
        return checked;
      }
    }
  }
  if (known != arguments.values.size() + arguments.secrets.size()) {
    return fail(ErrorKind::invalid, "\"" + command.name + "\" was given an argument it does not know");
  }
  return {};
}

void audit(const OperatorCommand& command, const CommandArguments& arguments, const std::string& who, std::string_view outcome) {
  std::string shown;
  for (const Argument& argument : command.arguments) {
    const auto given = arguments.values.find(argument.name);
    if (given == arguments.values.end()) {
      continue;
    }
    shown.append(shown.empty() ? "" : " ");
    const bool is_long = argument.kind == ArgumentKind::text || argument.kind == ArgumentKind::certificate ||
                         argument.kind == ArgumentKind::revocation_lists || argument.kind == ArgumentKind::ocsp_responses;
    shown.append(is_long ? argument.name + " of " + std::to_string(given->second.size()) + " bytes"
                                                     : given->second);
  }
  log::info("audit-operator-command", {{"command", command.name}, {"arguments", shown}, {"operator", who}, {"outcome", outcome}});
}

}  // namespace

Task<Result<OperatorResult>> run_command(AdminTarget& target, std::string name, CommandArguments arguments, std::string who) {
  const OperatorCommand* command = find_command(name);
  if (command == nullptr) {
    co_return fail(ErrorKind::not_found, "there is no command \"" + name + "\"");
  }
  const Result<void> checked = check_arguments(*command, arguments);
  if (!checked) {
    co_return fail(checked.error());
  }
  CommandArguments told;
  told.values = arguments.values;
  Result<OperatorResult> result = co_await command->run(target, std::move(arguments));
  if (result) {
    result->columns = command->columns;
  }
  if (command->is_change || (command->shows_words && !told.values.contains("page"))) {
    audit(*command, told, who, result ? std::string_view("done") : to_string(result.error().kind));
  }
  co_return result;
}

}  // namespace aldis::admin
