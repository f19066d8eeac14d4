// XEP-0202 (2.0) Entity Time: the server's UTC time. Its time zone is UTC, wherever it stands.
#include "core/extension.h"
#include "core/home.h"
#include "extensions/extensions.h"
#include "xmpp/namespaces.h"
#include "xmpp/timestamp.h"

namespace aldis::ext {

void install_time(Extension& self) {
  self.advertise(ns::time);
  self.on_iq_get({"time", ns::time}, {Recipient::server}, [](const Iq& request) {
    std::string payload;
    xml::Writer writer(payload);
    writer.start("time", ns::time).element("tzo", "+00:00");
    writer.element("utc", format_timestamp(request.home().world().clock.wall())).end();
    return request.result(payload);
  });
}

}  // namespace aldis::ext
