// Commands about what a domain says to its users (XEP-0133 sections 4.21 to 4.26).
#include "operators/commands.h"

namespace aldis::admin::commands {
namespace {

std::string domain_of(const CommandArguments& arguments) {
  return prepare_domain(arguments.values.find("domain")->second).value();
}
std::string take_text(CommandArguments& arguments, std::string_view name) {
  const auto found = arguments.values.find(name);
  return found == arguments.values.end() ? std::string() : std::move(found->second);
}
std::string shown_to(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " session" : " sessions");
}

constexpr std::string_view name_of(NoticeKind kind) {
  return kind == NoticeKind::motd ? "message of the day" : "welcome message";
}

Outcome set_notice(AdminTarget& target, CommandArguments arguments, NoticeKind kind) {
  const auto told = co_await target.set_notice(domain_of(arguments), kind, take_text(arguments, "text"));
  if (!told) {
    co_return fail(told.error());
  }
  std::string text(name_of(kind));
  text += kind == NoticeKind::motd ? " set, shown to " + shown_to(*told) + " now" : " set";
  co_return OperatorResult{.message = std::move(text), .fields = {{"sessions", number(*told)}}};
}
Outcome delete_notice(AdminTarget& target, CommandArguments arguments, NoticeKind kind) {
  Result<void> done = co_await target.delete_notice(domain_of(arguments), kind);
  if (!done) {
    co_return fail(done.error());
  }
  co_return message(std::string(name_of(kind)) + " deleted");
}
Outcome show_notice(AdminTarget& target, CommandArguments arguments, NoticeKind kind) {
  const auto found = co_await target.notice(domain_of(arguments), kind);
  if (!found) {
    co_return fail(found.error());
  }
  if (!*found) {
    co_return fail(ErrorKind::not_found, "no " + std::string(name_of(kind)) + " is set");
  }
  co_return message(**found);
}

}  // namespace

Outcome announce(AdminTarget& target, CommandArguments arguments) {
  const auto told =
      co_await target.announce(domain_of(arguments), take_text(arguments, "subject"), take_text(arguments, "text"));
  if (!told) {
    co_return fail(told.error());
  }
  co_return OperatorResult{.message = "sent to " + shown_to(*told), .fields = {{"sessions", number(*told)}}};
}

Outcome motd_set(AdminTarget& target, CommandArguments arguments) {
  return set_notice(target, std::move(arguments), NoticeKind::motd);
}
Outcome motd_edit(AdminTarget& target, CommandArguments arguments) {
  Result<void> done = co_await target.edit_notice(domain_of(arguments), NoticeKind::motd, take_text(arguments, "text"));
  if (!done) {
    co_return fail(done.error());
  }
  co_return message("message of the day changed for those who have not seen it");
}
Outcome motd_delete(AdminTarget& target, CommandArguments arguments) {
  return delete_notice(target, std::move(arguments), NoticeKind::motd);
}
Outcome motd_show(AdminTarget& target, CommandArguments arguments) {
  return show_notice(target, std::move(arguments), NoticeKind::motd);
}
Outcome welcome_set(AdminTarget& target, CommandArguments arguments) {
  return set_notice(target, std::move(arguments), NoticeKind::welcome);
}
Outcome welcome_delete(AdminTarget& target, CommandArguments arguments) {
  return delete_notice(target, std::move(arguments), NoticeKind::welcome);
}
Outcome welcome_show(AdminTarget& target, CommandArguments arguments) {
  return show_notice(target, std::move(arguments), NoticeKind::welcome);
}

}  // namespace aldis::admin::commands
