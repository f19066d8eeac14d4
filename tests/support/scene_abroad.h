// SceneAbroad: everything outside a scene's domains. What the server sends there waits to be read, and what nobody expected fails
// the test; stanzas come in as another server's, whose word is taken for the domain of their from unless the test says otherwise.
#pragma once
#include <gtest/gtest.h>

#include <deque>
#include <source_location>
#include <string>
#include <vector>

#include "core/abroad.h"
#include "policy/peer_rules.h"

namespace aldis::test {

class Scene;

class SceneAbroad final : public Abroad {
 public:
  explicit SceneAbroad(Scene& scene) : scene_(scene) {}

  void send(Home& here, Envelope envelope) override;

  // The server of the stanza's from sends it; it is let in. The bytes are in jabber:server.
  void sends(std::string_view xml, const std::source_location& where = std::source_location::current());
  // The same from a server that has proved to be `domain`; the stream error that ends its stream ("none": it was let in).
  [[nodiscard]] std::string is_refused(std::string_view xml, std::string_view domain);

  // The next stanza that came out, as it would be written to the other server.
  [[nodiscard]] std::string next(const std::source_location& where = std::source_location::current());
  std::string receives(std::initializer_list<std::string_view> fragments,
                       const std::source_location& where = std::source_location::current());
  std::string receives(std::string_view fragment, const std::source_location& where = std::source_location::current()) {
    return receives({fragment}, where);
  }
  // Among everything waiting, in any order.
  std::string receives_among(std::initializer_list<std::string_view> fragments,
                             const std::source_location& where = std::source_location::current());
  void receives_nothing(const std::source_location& where = std::source_location::current());
  void ignores_the_rest();
  [[nodiscard]] std::size_t waiting();

  // What is read from now on is under way until arrived(): its envelopes are held.
  void is_slow() { is_slow_ = true; }
  void arrived();
  // What is under way, or waits to be read, does not reach its recipients.
  void gives_back(StanzaCondition condition);
  // The envelope read last.
  [[nodiscard]] const Envelope& last() const { return last_; }

 private:
  Envelope take(std::deque<Envelope>::iterator it);
  [[nodiscard]] std::string enter(std::string_view xml, std::string_view domain);
  Scene& scene_;
  std::deque<Envelope> out_;
  std::vector<Envelope> under_way_;
  Envelope last_{};
  bool is_slow_ = false;
};

}  // namespace aldis::test
