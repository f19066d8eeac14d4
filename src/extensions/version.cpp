// XEP-0092 (1.1) Software Version: the server's name and, unless the operator hides it, its version. The operating system is
// never told.
#include "core/extension.h"
#include "extensions/extensions.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

struct VersionConfig {
  bool show_version = true;
};
constexpr auto options = std::tuple{
    Option{"show_version", &VersionConfig::show_version, "Tell users the version of the server, not only its name."}};

}  // namespace

const OptionTable& version_options() { return option_table<VersionConfig>(options); }

void install_version(Extension& self) {
  self.advertise(ns::version);
  std::string payload;
  xml::Writer writer(payload);
  writer.start("query", ns::version).element("name", "Aldis");
  writer.element("version", self.config<VersionConfig>().show_version ? ALDIS_VERSION : "");
  writer.end();
  self.on_iq_get({"query", ns::version}, {Recipient::server}, [payload](const Iq& request) { return request.result(payload); });
}

}  // namespace aldis::ext
