// The commands of the command line, over CLI11.
#include "app/cli.h"

#include <sys/stat.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "admin/command_wire.h"
#include "admin/control_server.h"
#include "app/check.h"
#include "app/check_tls.h"
#include "app/cli_config.h"
#include "app/config_source.h"
#include "app/extensions.h"
#include "app/generated_docs.h"
#include "app/init.h"
#include "app/offline_store.h"
#include "app/serve.h"
#include "app/terminal.h"
#include "app/tickets.h"
#include "base/encoding.h"
#include "operators/check_argument.h"

namespace aldis::app {
namespace {

using Json = nlohmann::json;

constexpr const char* footer =
    "Exit codes: 0 done; 1 refused, not found or faults found; 2 command line not understood; 3 configuration\n"
    "has a fault; 4 server or store cannot be asked now. Without --config: ./aldis.toml, else /etc/aldis/aldis.toml.";

std::string default_config() {
  constexpr const char* here = "aldis.toml";
  constexpr const char* system = "/etc/aldis/aldis.toml";
  std::error_code error;
  return std::filesystem::exists(here, error) || !std::filesystem::exists(system, error) ? here : system;
}

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::unavailable:
    case ErrorKind::full:
    case ErrorKind::timeout:
    case ErrorKind::cancelled:
    case ErrorKind::corrupt: return exit_unavailable;
    default: return exit_failed;
  }
}

int tell(const Error& error) {
  std::fprintf(stderr, "aldis: %s\n", error.what.c_str());
  return exit_code(error.kind);
}

// The configuration, or its problems on standard error. Of a directory's, as the owner of data_dir: the files it needs are his.
std::optional<LoadedConfig> load_or_tell(const std::string& path, const ConfigSchema& schema) {
  const SystemClock clock;
  auto loaded = load_from_source(path, schema, ConfigAsk::directory_or_copy, clock);
  if (!loaded) {
    std::fprintf(stderr, "%s\n", all_messages(loaded.error(), path).c_str());
    return std::nullopt;
  }
  if (loaded->is_from_cache) {
    std::fprintf(stderr, "aldis: the configuration is the copy of what the directory said last, with serial %s:\n%s\n", loaded->copy->serial.c_str(), loaded->why.c_str());
  }
  return std::move(*loaded);
}

// For what an operator runs besides the server.
std::optional<Config> load_as_owner(const std::string& path, const ConfigSchema& schema) {
  if (const auto became = become_owner_of_data(path, schema); !became) {
    tell(became.error());
    return std::nullopt;
  }
  auto loaded = load_or_tell(path, schema);
  return loaded ? std::optional(std::move(loaded->config)) : std::nullopt;
}

// ---- operators' commands

// What the command line gave for one of them.
struct Invocation {
  const admin::OperatorCommand* command = nullptr;
  std::map<std::string, std::string, std::less<>> values;   // also the path of an `accounts` argument
  std::map<std::string, std::vector<std::string>, std::less<>> files;   // of `revocation_lists` and `ocsp_responses`
  bool is_json = false;
};

// As PEM has them (RFC 7468 section 2).
std::string base64_lines(std::string_view bytes) {
  const std::string all = base64_encode(bytes);
  std::string lines;
  for (std::size_t at = 0; at < all.size(); at += 64) {
    lines.append(all, at, 64).append("\n");
  }
  return lines;
}

// PEM as it is; anything else as the DER of one certificate.
Result<std::string> read_certificate_file(const std::string& path) {
  const auto read = read_secret_file(path, admin::max_certificate_bytes / 2);
  if (!read) {
    return fail(read.error());
  }
  std::string text(read->view());
  if (text.find("-----BEGIN") != std::string::npos) {
    return text;
  }
  return "-----BEGIN CERTIFICATE-----\n" + base64_lines(text) + "-----END CERTIFICATE-----\n";
}

bool is_of_files(admin::ArgumentKind kind) { return kind == admin::ArgumentKind::revocation_lists || kind == admin::ArgumentKind::ocsp_responses; }

// All of them, as PEM.
Result<std::string> read_files(const std::vector<std::string>& paths, admin::ArgumentKind kind) {
  const std::string label = kind == admin::ArgumentKind::ocsp_responses ? "OCSP RESPONSE-----\n" : "X509 CRL-----\n";
  std::string all;
  for (const std::string& path : paths) {
    const auto read = read_secret_file(path, admin::max_lists_bytes);
    if (!read) {
      return fail(read.error());
    }
    const std::string text(read->view());
    all += text.find("-----BEGIN") != std::string::npos ? text + "\n" : "-----BEGIN " + label + base64_lines(text) + "-----END " + label;
  }
  return all;
}

Result<admin::CommandArguments> gather(const Invocation& invocation) {
  admin::CommandArguments arguments;
  for (const admin::Argument& argument : invocation.command->arguments) {   // before anybody types a password
    const auto given = invocation.values.find(argument.name);
    if (given != invocation.values.end() && !given->second.empty() && argument.kind != admin::ArgumentKind::certificate) {
      if (auto checked = admin::check_value(argument, given->second); !checked) {
        return fail(checked.error());
      }
    }
  }
  for (const admin::Argument& argument : invocation.command->arguments) {
    const auto given = invocation.values.find(argument.name);
    if (const auto files = invocation.files.find(argument.name); files != invocation.files.end()) {
      auto all = read_files(files->second, argument.kind);
      if (!all) {
        return fail(all.error());
      }
      arguments.values.emplace(argument.name, std::move(*all));
    } else if (argument.kind == admin::ArgumentKind::password) {
      auto secret = read_password("Password");
      if (!secret) {
        return fail(secret.error());
      }
      arguments.secrets.emplace(argument.name, std::move(*secret));
    } else if (given == invocation.values.end() || given->second.empty()) {
      continue;
    } else if (argument.kind == admin::ArgumentKind::certificate) {
      auto text = read_certificate_file(given->second);
      if (!text) {
        return fail(text.error());
      }
      arguments.values.emplace(argument.name, std::move(*text));
    } else if (argument.kind == admin::ArgumentKind::accounts) {
      auto secret = read_secret_file(given->second, admin::max_request_bytes / 2);
      if (!secret) {
        return fail(secret.error());
      }
      arguments.secrets.emplace(argument.name, std::move(*secret));
    } else {
      arguments.values.emplace(argument.name, given->second);
    }
  }
  return arguments;
}

// Writes the page of a document that an answer is, if it is one; whether there is another. What cannot be written is the
// answer's error.
bool write_page(Result<Json>& answer) {
  const auto* page = answer && answer->is_object() && answer->contains("document")
                         ? (*answer)["document"].get_ptr<const std::string*>()
                         : nullptr;
  if (page == nullptr) {
    return false;
  }
  if (std::fwrite(page->data(), 1, page->size(), stdout) != page->size() || std::fflush(stdout) != 0) {
    answer = fail(ErrorKind::unavailable, std::string("the output cannot be written: ") + std::strerror(errno));
    return false;
  }
  return answer->contains("next") && (*answer)["next"].is_string();
}

Result<Json> run_on_store(const Config& config, const Invocation& invocation, admin::CommandArguments arguments) {
  Result<Json> out = fail(ErrorKind::cancelled, "the command did not end");
  const auto work = [&](admin::AdminTarget& target) -> Task<void> {
    const std::string who = "uid " + std::to_string(::getuid()) + ", store";
    const auto values = arguments.values;
    for (bool is_more = true; is_more;) {
      auto result = co_await admin::run_command(target, invocation.command->name, std::move(arguments), who);
      if (!result) {
        out = fail(result.error());
        co_return;
      }
      out = admin::as_json(*result);
      is_more = write_page(out);
      arguments.values = values;
      arguments.values.insert_or_assign("page", result->next);
    }
  };
  if (auto opened = on_offline_store(config, work); !opened) {
    return fail(opened.error());
  }
  return out;
}

Result<Json> run_on_server(const std::string& socket, const Invocation& invocation, admin::CommandArguments arguments) {
  admin::CommandRequest request{invocation.command->name, std::move(arguments)};
  for (;;) {
    Result<Json> answer = admin::ask_server(socket, request);
    if (!write_page(answer)) {
      return answer;
    }
    request.arguments.values.insert_or_assign("page", answer->at("next").get<std::string>());
  }
}

int run_operator_command(const std::string& config_path, const Invocation& invocation) {
  // A running server is asked whatever state the file is in; it has its own.
  const std::optional<std::string> socket = find_admin_socket(config_path);
  const bool is_running = socket && admin::is_served(*socket);
  std::optional<Config> config;
  if (!is_running) {
    config = load_as_owner(config_path, config_schema());
    if (!config) {
      return exit_config;
    }
    if (!invocation.command->works_on_store) {
      return tell({ErrorKind::unavailable, "the server is not running (nobody listens on " + config->admin_socket() + ")"});
    }
  }
  auto arguments = gather(invocation);
  if (!arguments) {
    return tell(arguments.error());
  }
  Result<Json> answer = fail(ErrorKind::not_found, "");
  if (is_running) {
    answer = run_on_server(*socket, invocation, std::move(*arguments));
  } else {
    answer = run_on_store(*config, invocation, std::move(*arguments));
  }
  if (!answer) {
    if (invocation.is_json) {
      std::printf("%s\n", Json{{"error", to_string(answer.error().kind)}, {"text", answer.error().what}}.dump().c_str());
    }
    return tell(answer.error());
  }
  if (invocation.command->is_document) {
    return exit_ok;   // it has been written
  }
  if (invocation.is_json) {
    std::printf("%s\n", answer->dump(2, ' ', false, Json::error_handler_t::replace).c_str());
  } else if (answer->is_array()) {
    std::fputs(table(*answer, invocation.command->columns).c_str(), stdout);
  } else {
    std::fputs(facts(*answer).c_str(), stdout);
    const auto refused = answer->find("refused");   // of an import
    if (refused != answer->end()) {
      for (const Json& line : *refused) {
        std::fprintf(stderr, "line %zu: %s\n", line.value("line", std::size_t{0}), line.value("why", "").c_str());
      }
    }
  }
  const auto refused = answer->is_object() ? answer->find("refused") : answer->end();
  return answer->is_object() && refused != answer->end() && !refused->empty() ? exit_failed : exit_ok;
}

std::string group_help(std::string_view group) {
  if (group == "user") return "Accounts.";
  if (group == "user certificate") return "Which certificates are an account's.";
  if (group == "cert") return "Certificates, and which of them are revoked.";
  if (group == "directory") return "LDAP directories.";
  if (group == "session") return "Sessions of the running server.";
  if (group == "archive") return "Accounts' archives of messages.";
  if (group == "motd") return "The message of the day of a domain.";
  if (group == "welcome") return "What new users of a domain are told.";
  return {};
}

// Adds every operator's command; of several words the last is a command of the group that those before it name.
void add_operator_commands(CLI::App& app, const std::string& config_path, std::vector<std::unique_ptr<Invocation>>& invocations,
                           int& code) {
  std::map<std::string, CLI::App*> groups;
  for (const admin::OperatorCommand& command : admin::operator_commands()) {
    CLI::App* group = &app;
    std::size_t begin = 0;
    for (std::size_t space = command.name.find(' '); space != std::string::npos; space = command.name.find(' ', begin)) {
      const std::string words = command.name.substr(0, space);
      CLI::App*& known = groups[words];
      if (known == nullptr) {
        known = group->add_subcommand(command.name.substr(begin, space - begin), group_help(words));
        known->require_subcommand(1);
      }
      group = known;
      begin = space + 1;
    }
    const std::string word = command.name.substr(begin);
    CLI::App* sub = group->add_subcommand(word, command.help);
    auto& invocation = *invocations.emplace_back(std::make_unique<Invocation>());
    invocation.command = &command;
    for (const admin::Argument& argument : command.arguments) {
      if (argument.kind == admin::ArgumentKind::password) {
        sub->footer("The password is asked for at a prompt, or is the first line of standard input.");
        continue;
      }
      if (argument.kind == admin::ArgumentKind::page) {
        continue;
      }
      const std::string name = (argument.is_named ? "--" : "") + argument.name;
      CLI::Option* option = is_of_files(argument.kind)
                                ? sub->add_option(name, invocation.files[argument.name], argument.help)
                                : sub->add_option(name, invocation.values[argument.name], argument.help);
      if (argument.is_required) {
        option->required();
      }
    }
    if (!command.is_document) {
      sub->add_flag("--json", invocation.is_json, "Answer as JSON.");
    }
    sub->callback([&config_path, &invocation, &code] { code = run_operator_command(config_path, invocation); });
  }
}

// ---- init, check and the hidden writer of documents

int run_init(const InitOptions& options) {
  const auto report = initialise(options, config_schema());
  if (!report) {
    return tell(report.error());
  }
  if (report->was_there) {
    return exit_ok;
  }
  for (const std::string& made : report->made) {
    std::printf("made %s\n", made.c_str());
  }
  if (!report->accounts.empty()) {
    std::printf("\nTwo accounts to try it with; their passwords are shown only now:\n");
    for (const DemoAccount& account : report->accounts) {
      std::printf("  %s   password %s\n", account.address.c_str(), account.password.c_str());
    }
  }
  std::printf("\nNext: aldis serve\n");
  return exit_ok;
}

struct CheckOptions {
  bool is_offline = false;
  bool is_json = false;
  bool is_about_tls = false;
};

int run_check(const std::string& path, const CheckOptions& options) {
  const ConfigSchema schema = config_schema();
  const SystemClock clock;
  std::vector<Finding> findings;
  if (const auto became = become_owner_of_data(path, schema); !became) {
    return tell(became.error());
  }
  const auto loaded = load_from_source(path, schema, ConfigAsk::directory, clock);
  const Config* config = loaded ? &loaded->config : nullptr;
  if (config == nullptr) {
    for (const ConfigProblem& problem : loaded.error()) {
      findings.push_back({Severity::error, message(problem, path),
                          !problem.entry.empty()
                              ? "correct the entries, then change the serial of their base; docs/configuration-in-the-directory.md"
                          : problem.line == 0 ? "name the file with --config, or correct it; docs/config.md has every key"
                                              : "correct the file; docs/config.md has every key"});
    }
  } else {
    findings.push_back({Severity::ok, "configuration " + path + (loaded->copy ? ", and serial " + loaded->copy->serial + " of " + loaded->copy->place.base : ""), ""});
    const auto append = [&](std::vector<Finding> more) { std::ranges::move(more, std::back_inserter(findings)); };
    append(check_certificates(*config, clock));
    append(check_client_certificates(*config));
    append(check_people(*config, clock));
    append(check_tickets(*config));
    append(check_components(*config, clock));
    append(check_peer_anchors(*config));
    append(check_tls(*config, clock));
    append(check_suites(*config));
    append(check_ports(*config));
    append(check_store(*config));
    if (!options.is_offline) {
      append(check_dns(*config, look_up_srv));
    }
  }
  bool is_bad = false;
  Json rows = Json::array();
  for (const Finding& finding : findings) {
    is_bad = is_bad || finding.severity == Severity::error;
    rows.push_back({{"severity", to_string(finding.severity)}, {"what", finding.what}, {"mend", finding.mend}});
    if (!options.is_json) {
      std::printf("%-8s %s\n", std::string(to_string(finding.severity)).c_str(), finding.what.c_str());
      if (!finding.mend.empty()) {
        std::printf("         -> %s\n", finding.mend.c_str());
      }
    }
  }
  if (options.is_json) {
    std::printf("%s\n", rows.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
  }
  return config == nullptr ? exit_config : is_bad ? exit_failed : exit_ok;
}

Json as_json(const SpokenTls& spoken) {
  Json certificates = Json::array();
  for (const ShownCertificateInfo& each : spoken.certificates) {
    certificates.push_back({{"key", each.key}, {"fingerprint", each.fingerprint}, {"days-left", each.days_left}, {"must-staple", each.must_staple}, {"stapled", each.has_staple}});
  }
  return {{"where", spoken.where},
          {"serves", spoken.who},
          {"tls", spoken.tls},
          {"domain", spoken.domain},
          {"profile", spoken.profile},
          {"versions", spoken.offer.versions},
          {"suites", spoken.offer.suites},
          {"groups", spoken.offer.groups},
          {"signatures", spoken.offer.signatures},
          {"asks-for-certificate", spoken.offer.asks_for_certificate},
          {"not-encrypting", spoken.offer.readable_suites()},
          {"certificates", std::move(certificates)}};
}

int run_check_tls(const std::string& path, const CheckOptions& options) {
  const SystemClock clock;
  const auto config = load_as_owner(path, config_schema());
  if (!config) {
    return exit_config;
  }
  const auto spoken = spoken_tls(*config, clock);
  if (!spoken) {
    return tell(spoken.error());
  }
  Json rows = Json::array();
  for (const SpokenTls& each : *spoken) {
    rows.push_back(as_json(each));
    if (!options.is_json) {
      std::fputs(to_text(each).c_str(), stdout);
    }
  }
  if (options.is_json) {
    std::printf("%s\n", rows.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
  }
  return exit_ok;
}

int write_document(const std::string& name) {
  const auto write = [](const std::string& text) {
    std::fputs(text.c_str(), stdout);
    return exit_ok;
  };
  if (name == "config") return write(config_reference(config_schema()));
  if (name == "xeps") return write(xep_list(extensions(), core_xeps()));
  if (name == "openldap" || name == "389ds") return write_directory_schema(name);
  return write(doap(extensions(), core_xeps()));
}

}  // namespace

int run(int argc, char** argv) {
  ::umask(077);   // security O03: whatever we make is ours alone
  CLI::App app("Aldis, an XMPP server.", "aldis");
  app.set_version_flag("--version", std::string("aldis ") + ALDIS_VERSION);
  app.footer(footer);
  app.require_subcommand(1);
  std::string config_path = default_config();
  app.add_option("--config", config_path, "The configuration file.")->type_name("FILE");
  int code = exit_ok;

  CLI::App* serve_command = app.add_subcommand("serve", "Serve until SIGTERM or Ctrl-C; SIGHUP reloads the configuration.");
  serve_command->callback([&] {
    hold_signals();
    const ConfigSchema schema = config_schema();
    auto config = load_or_tell(config_path, schema);
    code = config ? serve(std::move(*config), schema) : exit_config;
  });

  InitOptions init;
  CLI::App* init_command = app.add_subcommand("init", "Make a first configuration, certificate and store.");
  init_command->add_option("--domain", init.domain, "The domain to serve.")->capture_default_str();
  init_command->add_flag("--demo", init.is_demo, "Also make two accounts, and show their passwords once.");
  init_command->add_flag("--if-missing", init.if_missing, "Succeed silently when there is a configuration.");
  init_command->callback([&] {
    init.config_path = app.count("--config") != 0 ? config_path : "aldis.toml";
    code = run_init(init);
  });

  CheckOptions check;
  CLI::App* check_command = app.add_subcommand("check", "Look for faults in configuration, certificates, ports, store and DNS.");
  check_command->add_flag("--offline", check.is_offline, "Leave DNS out.");
  check_command->add_flag("--json", check.is_json, "Answer as JSON.");
  check_command->add_flag("--tls", check.is_about_tls, "Show what TLS each listener and each call to another server really speaks.");
  check_command->callback([&] { code = check.is_about_tls ? run_check_tls(config_path, check) : run_check(config_path, check); });

  std::string document;
  CLI::App* document_command = app.add_subcommand("document", "Write a generated document.");
  document_command->group("");   // hidden: for tools/gen_docs
  document_command->add_option("name", document)->required()->check(CLI::IsMember({"config", "xeps", "doap", "openldap", "389ds"}));
  document_command->callback([&] { code = write_document(document); });

  ConfigCommands config_commands;
  add_config_commands(app, config_path, config_commands, code);

  std::vector<std::unique_ptr<Invocation>> invocations;
  add_operator_commands(app, config_path, invocations, code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const std::vector<std::string> words = app.remaining(true);
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !words.empty()) {
      std::fprintf(stderr, "aldis: there is no command \"%s\" here; --help lists them\n", words.front().c_str());
      return exit_usage;
    }
    return app.exit(error) == 0 ? exit_ok : exit_usage;
  }
  return code;
}

}  // namespace aldis::app
