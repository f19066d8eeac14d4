// XEP-0352 in scenes: what an inactive client is spared, that nothing of it is lost or overtaken, and that nobody else notices.
#include "core/account.h"
#include "tests/support/managed_client.h"

namespace aldis::test {
namespace {

constexpr std::string_view active = "<active xmlns='urn:xmpp:csi:0'/>";
constexpr std::string_view inactive = "<inactive xmlns='urn:xmpp:csi:0'/>";
constexpr std::string_view composing = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
constexpr std::string_view receipt = "<received xmlns='urn:xmpp:receipts' id='r'/>";

class ClientState : public ::testing::Test {
 protected:
  explicit ClientState(SceneOptions options = {}) : scene_(std::move(options)) {
    scene_.are_contacts("juliet@capulet.example", "romeo@montague.example");
    juliet_ = &scene_.login("juliet@capulet.example/balcony");
    romeo_ = &scene_.login("romeo@montague.example/orchard");
    nurse_ = &scene_.login("nurse@capulet.example/hall");
    juliet_->comes_online();
    romeo_->comes_online();
    juliet_->ignores_the_rest();
    romeo_->ignores_the_rest();
  }
  void shows(std::string_view show) {
    romeo_->sends("<presence><show>" + std::string(show) + "</show></presence>");
    romeo_->receives({"to='romeo@montague.example'", show});
  }
  void says(std::string_view content) {
    romeo_->sends("<message to='juliet@capulet.example/balcony' type='chat'>" + std::string(content) + "</message>");
  }
  Scene scene_;
  Client* juliet_ = nullptr;
  Client* romeo_ = nullptr;
  Client* nurse_ = nullptr;   // the bystander
};

TEST_F(ClientState, WhatCanWaitWaitsUntilTheClientIsActive) {  // section 2: the latest presence of each contact
  juliet_->sends(inactive);
  shows("away");
  shows("xa");
  says(composing);
  juliet_->receives_nothing();
  juliet_->sends(active);
  juliet_->receives({"<presence", "<show>xa</show>"});
  juliet_->receives("<composing");
  shows("dnd");
  juliet_->receives("<show>dnd</show>");
}

TEST_F(ClientState, WordsComeAtOnceBehindAllThatWaited) {  // section 5.1; RFC 6120 section 10.1
  juliet_->sends(inactive);
  shows("away");
  says(receipt);
  says("<body>now</body>");
  juliet_->receives("<show>away</show>");
  juliet_->receives("<received");
  juliet_->receives("<body>now</body>");
  shows("xa");
  juliet_->receives_nothing();
}

TEST_F(ClientState, AnAnswerComesBehindWhatWaited) {  // section 5.1's example
  juliet_->sends(inactive);
  shows("away");
  juliet_->sends_without_running(active);
  juliet_->sends("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>");
  juliet_->receives("<show>away</show>");
  juliet_->receives({"type='result'", "id='p'"});
}

TEST_F(ClientState, AResumedStreamIsActiveAgain) {  // section 5.2
  const std::string id = enable_resumption(*juliet_);
  juliet_->sends(inactive);
  says("<body>one</body>");
  shows("away");
  juliet_->receives("<body>one</body>");
  juliet_->cuts_the_line();
  shows("xa");
  says(receipt);
  Client& back = scene_.resumes("juliet@capulet.example", id, 0);
  back.receives("<resumed");
  back.receives("<body>one</body>");
  back.receives("<show>xa</show>");
  back.receives("<received");
  back.receives("<r xmlns");
  shows("dnd");
  back.receives("<show>dnd</show>");
}

TEST_F(ClientState, TheSenderDoesNotWaitForAnInactiveClient) {  // and learns nothing of it (section 6)
  enable_resumption(*romeo_);
  juliet_->sends(inactive);
  says(receipt);
  says(composing);
  is_acknowledged(*romeo_, 2);
  juliet_->receives_nothing();
  juliet_->sends(active);
  juliet_->receives("<received");
  juliet_->receives("<composing");
}

TEST_F(ClientState, WhatWaitsGoesToTheOthersWhenTheSessionEnds) {
  Client& chamber = scene_.login("juliet@capulet.example/chamber");
  chamber.comes_online();
  chamber.ignores_the_rest();
  juliet_->ignores_the_rest();
  romeo_->ignores_the_rest();
  juliet_->sends(inactive);
  says(receipt);
  juliet_->cuts_the_line();
  chamber.receives_among({"<received"});
  romeo_->ignores_the_rest();
  chamber.ignores_the_rest();
}

struct Narrow : ClientState {
  static SceneOptions options() {
    SceneOptions options;
    options.core.held_back_stanzas = 2;
    return options;
  }
  Narrow() : ClientState(options()) {}
};

TEST_F(Narrow, NoMoreWaitThanAreAllowed) {  // security E07
  juliet_->sends(inactive);
  for (int i = 0; i < 3; ++i) {
    says("<received xmlns='urn:xmpp:receipts' id='" + std::to_string(i) + "'/>");
  }
  for (int i = 0; i < 3; ++i) {
    juliet_->receives("id='" + std::to_string(i) + "'");
  }
}

TEST_F(ClientState, OtherElementsEndTheStream) {
  juliet_->sends("<dormant xmlns='urn:xmpp:csi:0'/>");
  juliet_->is_closed_with("unsupported-stanza-type");
  romeo_->receives("type='unavailable'");
}

}  // namespace
}  // namespace aldis::test
