// XEP-0050 (1.3.0) Ad-Hoc Commands: the protocol around what extensions offer with Extension::offer_command: discovery,
// executions with their forms, actions and errors. Installed behind all that offer commands. Texts are English whatever the
// requester's language; only a language that is none is refused (bad-locale). Commands are not pushed in messages
// (section 2.2, "in some cases"), nor does anything but data forms serve as payload.
#include <algorithm>

#include "base/log.h"
#include "core/extension.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "extensions/command_sessions.h"
#include "extensions/extensions.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

struct CommandsConfig {
  std::uint32_t executions_per_user = 10;
  std::uint32_t executions = 1000;
  std::chrono::seconds execution_lifetime{600};
};
constexpr auto options = std::tuple{
    Option{"executions_per_user", &CommandsConfig::executions_per_user, Range{1, 1000},
           "Commands of one user that wait for a form; a further one ends the oldest."},
    Option{"executions", &CommandsConfig::executions, Range{1, 1'000'000}, "The same of all users of the domain."},
    Option{"execution_lifetime", &CommandsConfig::execution_lifetime, Range{std::chrono::seconds(1), std::chrono::seconds(86'400)},
           "How long a command waits for a form."}};

using SharedSessions = std::shared_ptr<CommandSessions>;

// Section 4: the general condition with the specific one.
StanzaError fault(std::string_view specific, std::string text = {}) {
  const StanzaCondition general =
      specific == "session-expired" ? StanzaCondition::not_allowed : StanzaCondition::bad_request;
  std::string application;
  xml::Writer(application, ns::stanza_errors).start(specific, ns::commands).end();
  return StanzaError(general, std::move(text)).with_application(std::move(application));
}

enum class Action : std::uint8_t { execute, next, prev, complete, cancel };
std::optional<Action> read_action(std::optional<std::string_view> text) {
  if (!text || *text == "execute") return Action::execute;
  if (*text == "next") return Action::next;
  if (*text == "prev") return Action::prev;
  if (*text == "complete") return Action::complete;
  if (*text == "cancel") return Action::cancel;
  return std::nullopt;
}

// The characters of a language tag (RFC 5646), or empty.
bool is_language(std::string_view tag) {
  constexpr std::size_t longest = 64;
  return tag.size() <= longest && std::all_of(tag.begin(), tag.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
         });
}

xml::Writer& start(xml::Writer& writer, const CommandExecution& execution, std::string_view status) {
  return writer.start("command", ns::commands).attribute("node", execution.node).attribute("sessionid", execution.id)
      .attribute("status", status).attribute("xml:lang", "en");
}

std::string_view to_string(CommandOutcome::Note::Severity severity) {
  switch (severity) {
    case CommandOutcome::Note::Severity::info: return "info";
    case CommandOutcome::Note::Severity::warning: return "warn";
    case CommandOutcome::Note::Severity::error: return "error";
  }
  return "error";
}

StanzaPtr completed(const Iq& request, const CommandExecution& execution, const CommandOutcome& outcome) {
  std::string payload;
  xml::Writer writer(payload);
  start(writer, execution, "completed");
  for (const auto& note : outcome.notes) {
    writer.start("note").attribute("type", to_string(note.severity)).text(note.text).end();
  }
  for (const Form& form : outcome.forms) {
    form.write(writer);
  }
  writer.raw(outcome.payload).end();
  return request.result(payload);
}

// Shows a form, of the execution's stage, and waits for it.
StanzaPtr show_form(const Iq& request, const AdHocCommand& command, CommandExecution execution, CommandSessions& sessions,
                    const Form& form) {
  const bool is_last = execution.stage + 1 == command.stages.size();
  std::string payload;
  xml::Writer writer(payload);
  start(writer, execution, "executing");
  writer.start("actions").attribute("execute", is_last ? "complete" : "next");  // section 3.4
  if (execution.stage > 0) {
    writer.start("prev").end();
  }
  writer.start(is_last ? "complete" : "next").end().end();
  form.write(writer);
  writer.end();
  if (!sessions.put(std::move(execution), request.home().now())) {
    return request.error(StanzaCondition::resource_constraint, "Too many commands are being executed.");
  }
  return request.result(payload);
}

StanzaPtr show_stage(const Iq& request, const AdHocCommand& command, CommandExecution execution, CommandSessions& sessions) {
  const Form form = command.stages[execution.stage](execution.accepted);
  return show_form(request, command, std::move(execution), sessions, form);
}

Task<StanzaPtr> show_prefilled(Iq request, const AdHocCommand& command, CommandExecution execution, SharedSessions sessions) {
  Form asked = command.stages.front()({});
  const Result<Form, StanzaError> filled = co_await command.prefill(request, std::move(asked));
  if (!filled) {
    co_return request.error(filled.error());
  }
  co_return show_form(request, command, std::move(execution), *sessions, *filled);
}

Task<StanzaPtr> run(Iq request, const AdHocCommand& command, CommandExecution execution, SharedSessions sessions) {
  const Result<CommandOutcome, StanzaError> outcome = co_await command.run(request, execution.accepted);
  log::info("command-executed", {{"requester", request.from().str()},
                                 {"domain", request.host().domain()},
                                 {"command", command.node},
                                 {"outcome", outcome ? "completed" : aldis::to_string(outcome.error().condition)}});
  if (outcome) {
    if (!command.stages.empty()) {
      sessions->finish(execution, request.home().now());
    }
    co_return completed(request, execution, *outcome);
  }
  if (!command.stages.empty()) {  // the last form may be mended
    execution.accepted.pop_back();
    static_cast<void>(sessions->put(std::move(execution), request.home().now()));
  }
  co_return request.error(outcome.error());
}

// Section 3.5: the submitted form as the stage understands it; a cancelled form counts as submitted (section 3.5.1).
Result<Form, StanzaError> read_form(const Iq& request, const Form& asked) {
  Result<std::optional<Form>, StanzaError> submitted = Form::parse_child_of(request.payload());
  if (!submitted) {
    return fail(fault("bad-payload", submitted.error().text));
  }
  if (!*submitted) {
    return fail(fault("bad-payload", "The form is missing."));
  }
  Form form = std::move(**submitted);
  if (form.type == FormType::cancel) {
    form.type = FormType::submit;
  }
  Result<Form, StanzaError> accepted = asked.accept(form);
  if (!accepted) {
    return fail(fault("bad-payload", accepted.error().text));
  }
  return accepted;
}

IqReply go_on(const Iq& request, const AdHocCommand& command, CommandExecution execution, Action action,
              const SharedSessions& sessions) {
  const Monotonic now = request.home().now();
  const bool is_last = execution.stage + 1 == command.stages.size();
  const auto refuse = [&](const StanzaError& error) {  // the execution waits on
    static_cast<void>(sessions->put(std::move(execution), now));
    return request.error(error);
  };
  switch (action) {
    case Action::cancel: {
      sessions->finish(execution, now);
      std::string payload;
      xml::Writer writer(payload);
      start(writer, execution, "canceled").end();
      return request.result(payload);
    }
    case Action::prev:
      if (execution.stage == 0) {
        return refuse(fault("bad-action", "This is the first stage."));
      }
      --execution.stage;
      execution.accepted.pop_back();
      return show_stage(request, command, std::move(execution), *sessions);
    case Action::next:
      if (is_last) {
        return refuse(fault("bad-action", "This is the last stage."));
      }
      break;
    case Action::complete:
      if (!is_last) {
        return refuse(fault("bad-action", "There are further stages."));
      }
      break;
    case Action::execute: break;
  }
  Result<Form, StanzaError> form = read_form(request, command.stages[execution.stage](execution.accepted));
  if (!form) {
    return refuse(form.error());
  }
  execution.accepted.push_back(std::move(*form));
  if (!is_last) {
    ++execution.stage;
    return show_stage(request, command, std::move(execution), *sessions);
  }
  return run(request, command, std::move(execution), sessions);
}

// Why this requester may not execute the command now; nothing: he may.
std::optional<StanzaError> find_refusal(const Iq& request, const AdHocCommand& command) {
  const PrincipalPtr& sender = request.envelope().sender;  // another server's word is not enough to administer this one
  if ((sender != nullptr && sender->is_peer) || !command.may_execute(request.host(), request.from())) {  // security S12
    return StanzaError(StanzaCondition::forbidden);
  }
  if (command.needs_confidentiality && !request.is_confidential()) {
    return StanzaError(StanzaCondition::policy_violation, "This stream is not encrypted: commands are not taken from it.");
  }
  return std::nullopt;
}

IqReply answer(const Iq& request, const SharedSessions& sessions) {
  const xml::Element payload = request.payload();
  const std::string_view node = payload.attribute("node").value_or("");
  if (node.empty()) {
    return request.error(StanzaCondition::bad_request);
  }
  const auto found = request.host().commands.find(node);
  if (found == request.host().commands.end()) {
    return request.error(StanzaCondition::item_not_found);
  }
  const AdHocCommand& command = found->second;
  const auto requester = FullJid::parse(request.from().str());
  const auto refusal = requester ? find_refusal(request, command) : StanzaError(StanzaCondition::forbidden);
  if (refusal) {
    log::warning("command-refused", {{"requester", request.from().str()},
                                     {"domain", request.host().domain()},
                                     {"command", node},
                                     {"condition", aldis::to_string(refusal->condition)}});
    return request.error(*refusal);
  }
  const std::optional<Action> action = read_action(payload.attribute("action"));
  if (!action) {
    return request.error(fault("malformed-action"));
  }
  if (!is_language(payload.lang().value_or(""))) {
    return request.error(fault("bad-locale"));
  }
  if (const auto id = payload.attribute("sessionid")) {
    auto execution = sessions->take(*id, request.from(), node, request.home().now());
    if (!execution) {
      return request.error(
          fault(execution.error() == CommandSessions::Fault::over ? "session-expired" : "bad-sessionid"));
    }
    return go_on(request, command, std::move(*execution), *action, sessions);
  }
  if (*action != Action::execute) {
    return request.error(fault("bad-action", "Nothing is being executed."));
  }
  CommandExecution execution{random_token(request.home().world().random), *requester, std::string(node)};
  if (command.stages.empty()) {
    return run(request, command, std::move(execution), sessions);
  }
  if (command.prefill) {
    return show_prefilled(request, command, std::move(execution), sessions);
  }
  return show_stage(request, command, std::move(execution), *sessions);
}

// Section 2.2: the list holds what the requester may execute.
void write_list(const Iq& request, xml::Writer& writer) {
  for (const auto& [node, command] : request.host().commands) {
    if (!find_refusal(request, command)) {
      writer.start("item").attribute("jid", request.host().jid().str()).attribute("node", node);
      writer.attribute("name", command.name).end();
    }
  }
}

bool is_exactly(const Iq& request, std::string_view node) { return request.payload().attribute("node") == node; }

VirtualHost::DiscoveryNode list_node() {
  return {[](const Iq& request, xml::Writer& writer) -> std::optional<StanzaError> {
            if (!is_exactly(request, ns::commands)) {
              return StanzaError(StanzaCondition::item_not_found);
            }
            writer.start("identity").attribute("category", "automation").attribute("type", "command-list");
            writer.attribute("name", "Commands").end();
            return std::nullopt;
          },
          [](const Iq& request, xml::Writer& writer) -> std::optional<StanzaError> {
            if (!is_exactly(request, ns::commands)) {
              return StanzaError(StanzaCondition::item_not_found);
            }
            write_list(request, writer);
            return std::nullopt;
          }};
}

// Section 2.3.
VirtualHost::DiscoveryNode command_node(const AdHocCommand& command) {
  const auto refusal = [&command](const Iq& request) -> std::optional<StanzaError> {
    if (!is_exactly(request, command.node)) {
      return StanzaError(StanzaCondition::item_not_found);
    }
    return find_refusal(request, command);
  };
  return {[&command, refusal](const Iq& request, xml::Writer& writer) -> std::optional<StanzaError> {
            if (auto error = refusal(request)) {
              return error;
            }
            writer.start("identity").attribute("category", "automation").attribute("type", "command-node");
            writer.attribute("name", command.name).end();
            writer.start("feature").attribute("var", ns::commands).end();
            writer.start("feature").attribute("var", ns::forms).end();
            return std::nullopt;
          },
          [refusal](const Iq& request, xml::Writer&) { return refusal(request); }};
}

}  // namespace

const OptionTable& commands_options() { return option_table<CommandsConfig>(options); }

void install_commands(Extension& self) {
  self.advertise(ns::commands);
  const auto& config = self.config<CommandsConfig>();
  const auto sessions = std::make_shared<CommandSessions>(
      CommandSessionLimits{config.executions_per_user, config.executions, config.execution_lifetime});
  self.on_iq_set({"command", ns::commands}, {Recipient::server},
                 [sessions](const Iq& request) { return answer(request, sessions); });
  auto& nodes = self.host().discovery.nodes;
  nodes.emplace(std::string(ns::commands), list_node());
  for (const auto& [node, command] : self.host().commands) {  // they stay where they are: a map, unchanged after start
    nodes.emplace(node, command_node(command));
  }
}

}  // namespace aldis::ext
