// What every backend keeps of push registrations: storage/push_store.h as tests. Included beside store_contract.h by a
// backend's test.
#pragma once
#include "tests/support/store_contract.h"

namespace aldis::testing_support {

// The push service of an app, and registrations with it.
class PushContract {
 public:
  static Jid app() { return Jid::parse("push.app.example").value(); }
  static Jid other_app() { return Jid::parse("app@other.example/push").value(); }
  static PushRegistration registration(Jid service, std::string node, std::string options = {}) {
    return {.service = std::move(service),
            .node = std::move(node),
            .options = std::move(options),
            .client = "phone's id",
            .resource = "pho'ne"};
  }
  static std::string nodes(const std::vector<PushRegistration>& registrations) {
    std::string all;
    for (const PushRegistration& each : registrations) {
      all += (all.empty() ? "" : " ") + each.service.str() + "#" + each.node;
    }
    return all;
  }
};
using PC = PushContract;

TEST_P(StoreContract, PushRegistrationIsFoundAsItWasStored) {
  must(stores().push.put(juliet_, PC::registration(PC::app(), "n'ode", "<x xmlns='jabber:x:data'/>"), 5));
  reopen();
  const auto found = get(stores().push.load(juliet_));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].service, PC::app());
  EXPECT_EQ(found[0].node, "n'ode");
  EXPECT_EQ(found[0].options, "<x xmlns='jabber:x:data'/>");
  EXPECT_EQ(found[0].client, "phone's id");
  EXPECT_EQ(found[0].resource, "pho'ne");
  EXPECT_TRUE(get(stores().push.load(romeo_)).empty());
}

TEST_P(StoreContract, PushServiceIsThereOncePerNode) {  // XEP-0357 section 5
  must(stores().push.put(juliet_, PC::registration(PC::other_app(), ""), 5));
  must(stores().push.put(juliet_, PC::registration(PC::app(), "b"), 5));
  must(stores().push.put(juliet_, PC::registration(PC::app(), "a", "<old/>"), 5));
  must(stores().push.put(juliet_, PC::registration(PC::app(), "a", "<new/>"), 5));
  const auto found = get(stores().push.load(juliet_));
  EXPECT_EQ(PC::nodes(found), "app@other.example/push# push.app.example#a push.app.example#b");
  EXPECT_EQ(found.at(1).options, "<new/>");
}

TEST_P(StoreContract, PushRegistrationsAreLimited) {
  must(stores().push.put(juliet_, PC::registration(PC::app(), "a"), 2));
  must(stores().push.put(juliet_, PC::registration(PC::app(), "b"), 2));
  refuses(stores().push.put(juliet_, PC::registration(PC::app(), "c"), 2), ErrorKind::full);
  must(stores().push.put(juliet_, PC::registration(PC::app(), "b", "<again/>"), 2));
  must(stores().push.put(romeo_, PC::registration(PC::app(), "a"), 2));
  EXPECT_EQ(PC::nodes(get(stores().push.load(juliet_))), "push.app.example#a push.app.example#b");
}

TEST_P(StoreContract, PushRegistrationsGoByNodeOrByService) {  // XEP-0357 section 6
  for (const char* node : {"", "a", "b"}) {
    must(stores().push.put(juliet_, PC::registration(PC::app(), node), 9));
    must(stores().push.put(juliet_, PC::registration(PC::other_app(), node), 9));
    must(stores().push.put(romeo_, PC::registration(PC::app(), node), 9));
  }
  must(stores().push.remove(juliet_, PC::app(), "a"));
  must(stores().push.remove(juliet_, PC::app(), "none"));
  must(stores().push.remove(juliet_, PC::other_app(), std::nullopt));
  EXPECT_EQ(PC::nodes(get(stores().push.load(juliet_))), "push.app.example# push.app.example#b");
  must(stores().push.remove(juliet_, PC::app(), ""));
  EXPECT_EQ(PC::nodes(get(stores().push.load(juliet_))), "push.app.example#b");
  EXPECT_EQ(get(stores().push.load(romeo_)).size(), 3U);
}

TEST_P(StoreContract, PushRegistrationsGoWithTheAccount) {  // security U01
  must(stores().accounts.create(account("juliet@capulet.example")));
  must(stores().push.put(juliet_, PC::registration(PC::app(), "a"), 5));
  must(stores().push.put(romeo_, PC::registration(PC::app(), "a"), 5));
  must(stores().accounts.remove(juliet_));
  EXPECT_TRUE(get(stores().push.load(juliet_)).empty());
  EXPECT_EQ(get(stores().push.load(romeo_)).size(), 1U);
}

}  // namespace aldis::testing_support
