// How accounts' nodes are when their owner says nothing.
#include "extensions/pep/defaults.h"

#include <gtest/gtest.h>

namespace aldis::ext {
namespace {

using pubsub::AccessModel;
using pubsub::SendLast;

pubsub::NodeConfig of(std::string_view node) {
  pubsub::NodeConfig base;
  base.access_model = AccessModel::open;
  base.send_last = SendLast::never;
  base.max_items = 77;
  return personal_defaults(node, base);
}

TEST(PersonalDefaults, AreThoseOfPersonalEventing) {  // XEP-0163 section 5
  const pubsub::NodeConfig config = of("http://jabber.org/protocol/tune");
  EXPECT_EQ(config.access_model, AccessModel::presence);
  EXPECT_EQ(config.send_last, SendLast::on_sub_and_presence);
  EXPECT_TRUE(config.deliver_payloads && config.deliver_notifications && config.persist_items);
  EXPECT_EQ(config.max_items, 1U);
}

TEST(PersonalDefaults, KeepPrivateWhatIsPrivate) {  // XEP-0223; XEP-0402 section 3.3, XEP-0490 section 4.2, XEP-0292 section 5.2, XEP-0373
  for (const std::string_view node : {"urn:xmpp:bookmarks:1", "storage:bookmarks", "urn:xmpp:mds:displayed:0", "urn:xmpp:contacts", "urn:xmpp:openpgp:0:secret-key"}) {
    EXPECT_EQ(of(node).access_model, AccessModel::whitelist) << node;
  }
  for (const std::string_view node : {"urn:xmpp:bookmarks:1", "urn:xmpp:mds:displayed:0", "urn:xmpp:contacts"}) {
    EXPECT_EQ(of(node).max_items, pubsub::as_many_as_allowed) << node;
    EXPECT_EQ(of(node).send_last, SendLast::never) << node;
  }
}

TEST(PersonalDefaults, OpenWhatStrangersMustFind) {  // XEP-0384 section 5.3, XEP-0373 section 4, XEP-0222
  for (const std::string_view node : {"urn:xmpp:omemo:2:devices", "urn:xmpp:omemo:2:bundles", "eu.siacs.conversations.axolotl.devicelist",
                                      "eu.siacs.conversations.axolotl.bundles:31415", "urn:xmpp:openpgp:0:public-keys",
                                      "urn:xmpp:openpgp:0:public-keys:1357B01865B2503C18453D208CAC2A9678548E35", "urn:xmpp:vcard4"}) {
    EXPECT_EQ(of(node).access_model, AccessModel::open) << node;
  }
  EXPECT_EQ(of("urn:xmpp:omemo:2:bundles").max_items, pubsub::as_many_as_allowed) << "one item for each device";
  EXPECT_EQ(of("urn:xmpp:omemo:2:devices:other").access_model, AccessModel::presence) << "another node";
}

}  // namespace
}  // namespace aldis::ext
