// Positions in stanzas, in the form that a rule lets a recipient see.
#include "core/positions.h"

#include <algorithm>

#include "base/metrics.h"
#include "core/envelope.h"
#include "xmpp/geoloc.h"
#include "xmpp/namespaces.h"

namespace aldis {
namespace {
metrics::Counter coarse{"aldis_positions_total", "Positions in stanzas to recipients with a rule, by what they were shown.", {{"shown", "coarse"}}};
metrics::Counter withheld{"aldis_positions_total", "Positions in stanzas to recipients with a rule, by what they were shown.", {{"shown", "nothing"}}};

bool is_stanza(const xml::Element& element) {
  return (element.ns() == ns::client || element.ns() == ns::server) &&
         (element.local() == "message" || element.local() == "presence" || element.local() == "iq");
}

bool is_item(const xml::Element& element) {
  return element.local() == "item" && (element.ns() == ns::pubsub_event || element.ns() == ns::pubsub);
}

// Goes through a stanza once, in document order.
class Amendment {
 public:
  Amendment(const policy::PositionRule& rule, bool is_old_enough, const BareJid& recipient)
      : rule_(rule), is_old_enough_(is_old_enough), recipient_(recipient) {}

  // `is_own`: the recipient's own words, as far as no stanza of somebody else is inside (an archive's page, a carbon).
  void look_at(const xml::Element& parent, bool is_own) {
    for (const xml::Element child : parent.children()) {
      const bool is_own_inside = is_own && (!is_stanza(child) || is_from_recipient(child));
      if (is_own_inside) {
        look_at(child, true);
      } else if (child.is({"geoloc", ns::geoloc})) {
        amend(child);
      } else if (is_item(child) && hides(child)) {
        withheld.add();
        replacements_.push_back({child.outer_bytes(), {}});
      } else {
        look_at(child, false);
      }
    }
  }
  [[nodiscard]] const std::vector<Stanza::Replacement>& replacements() const { return replacements_; }

 private:
  [[nodiscard]] bool is_from_recipient(const xml::Element& stanza) const {
    const auto from = Jid::parse(stanza.attribute("from").value_or(std::string_view()));
    return from && from->bare_str() == recipient_.str();
  }

  [[nodiscard]] bool is_shown(const xml::Element& geoloc) const {
    return !rule_.is_withheld && is_old_enough_ && (Geoloc::is_stop(geoloc) || Geoloc::read(geoloc));
  }

  // There is a position in it that is not shown.
  [[nodiscard]] bool hides(const xml::Element& parent) const {
    for (const xml::Element child : parent.children()) {
      if (child.is({"geoloc", ns::geoloc}) ? !is_shown(child) : hides(child)) {
        return true;
      }
    }
    return false;
  }

  void amend(const xml::Element& geoloc) {
    if (!is_shown(geoloc)) {
      withheld.add();
      replacements_.push_back({geoloc.outer_bytes(), {}});
    } else if (rule_.grid > 0 && !Geoloc::is_stop(geoloc)) {
      coarse.add();
      std::string instead;
      Geoloc::read(geoloc)->coarse(rule_.grid).write(instead);
      replacements_.push_back({geoloc.outer_bytes(), std::move(instead)});
    }
  }

  const policy::PositionRule& rule_;
  bool is_old_enough_;
  const BareJid& recipient_;
  std::vector<Stanza::Replacement> replacements_;
};

// The event's items were all withheld.
bool is_emptied(const Stanza& event) {
  const auto items = event.child({"event", ns::pubsub_event})->child({"items", ns::pubsub_event});
  return items && items->child_count() == 0;
}

}  // namespace

bool is_pubsub_event(const Stanza& stanza) {
  return stanza.is_message() && !stanza.is_error() && stanza.child({"event", ns::pubsub_event}) && !stanza.child({"body", ns::client});
}

std::chrono::milliseconds PositionForms::wait(const Stanza& stanza, const policy::PositionRule& rule) const {
  const WallTime now = clock_.wall();
  const WallTime since = std::min(stanza.positions_since().value_or(now), now);
  return std::max(std::chrono::milliseconds(0), std::chrono::ceil<std::chrono::milliseconds>(since + rule.delay - now));
}

StanzaPtr PositionForms::of(const StanzaPtr& stanza, const policy::PositionRulePtr& rule, const BareJid& recipient) {
  const bool is_own = !stanza->from() || stanza->from()->bare_str() == recipient.str();
  const bool is_old_enough = wait(*stanza, *rule).count() == 0;
  // The same bytes look the same to everybody with this rule, but to who sent them.
  const auto is_same = [&](const Made& made) {
    return made.rule == rule && made.is_old_enough == is_old_enough &&
           made.from->element().outer_bytes().data() == stanza->element().outer_bytes().data();
  };
  StanzaPtr form;
  if (const auto known = std::ranges::find_if(made_, is_same); !is_own && known != made_.end()) {
    form = known->form;
  } else {
    Amendment amendment(*rule, is_old_enough, recipient);
    amendment.look_at(stanza->element(), is_own);
    form = amendment.replacements().empty() ? stanza : stanza->replaced(amendment.replacements());
    if (form != stanza && is_pubsub_event(*stanza) && is_emptied(*form)) {
      form = nullptr;
    }
    if (!is_own) {
      made_[next_++ % made_.size()] = {stanza, rule, is_old_enough, form};
    }
  }
  if (form == nullptr || (form->from() == stanza->from() && form->to() == stanza->to())) {
    return form;
  }
  return form->with_addresses(stanza->from(), stanza->to());
}

std::optional<Granted> Granted::with_positions(const Envelope& envelope, const policy::PositionRulePtr& rule, const BareJid& recipient,
                                               PositionForms& forms) {
  StanzaPtr form = forms.of(envelope.stanza, rule, recipient);
  if (form == nullptr) {
    return std::nullopt;
  }
  Granted granted(envelope);
  if (form != envelope.stanza) {
    granted.amended_ = envelope.with(std::move(form));
  }
  return granted;
}

}  // namespace aldis
