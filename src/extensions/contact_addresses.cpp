// XEP-0157 (1.1.1) Contact Addresses: whom to write to about abuse, security and the like, in the server's service discovery.
#include "core/extension.h"
#include "core/virtual_host.h"
#include "extensions/extensions.h"
#include "xmpp/form.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

struct ContactConfig {
  std::vector<std::string> abuse, admin, feedback, sales, security, status, support;
};
constexpr auto options = std::tuple{
    Option{"abuse", &ContactConfig::abuse, Range{0, 20}, "Addresses (mailto:, xmpp:, https:) for reports of abuse."},
    Option{"admin", &ContactConfig::admin, Range{0, 20}, "Addresses of the administrators."},
    Option{"feedback", &ContactConfig::feedback, Range{0, 20}, "Addresses for feedback."},
    Option{"sales", &ContactConfig::sales, Range{0, 20}, "Addresses for sales."},
    Option{"security", &ContactConfig::security, Range{0, 20}, "Addresses for reports of vulnerabilities."},
    Option{"status", &ContactConfig::status, Range{0, 20}, "Addresses where the state of the service is shown."},
    Option{"support", &ContactConfig::support, Range{0, 20}, "Addresses for help."}};

}  // namespace

const OptionTable& contact_addresses_options() { return option_table<ContactConfig>(options); }

void install_contact_addresses(Extension& self) {
  const auto& config = self.config<ContactConfig>();
  Form form(FormType::result, ns::server_info);
  const std::pair<const char*, const std::vector<std::string>*> kinds[] = {
      {"abuse-addresses", &config.abuse},       {"admin-addresses", &config.admin},   {"feedback-addresses", &config.feedback},
      {"sales-addresses", &config.sales},       {"security-addresses", &config.security},
      {"status-addresses", &config.status},     {"support-addresses", &config.support}};
  bool has_any = false;
  for (const auto& [name, addresses] : kinds) {
    if (!addresses->empty()) {
      form.fields.emplace_back(name, FieldType::list_multi, *addresses);
      has_any = true;
    }
  }
  if (has_any) {
    self.host().discovery.server_forms.emplace_back([form](xml::Writer& writer) { form.write(writer); });
  }
}

}  // namespace aldis::ext
