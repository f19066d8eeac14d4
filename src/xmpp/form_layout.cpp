// Layouts of forms.
#include "xmpp/form_layout.h"

#include <set>

#include "xmpp/namespaces.h"

namespace aldis {
namespace {

Unexpected<StanzaError> bad_request(std::string_view text) { return fail(StanzaError(StanzaCondition::bad_request, std::string(text))); }

class Layout {
 public:
  explicit Layout(const Form& form) : form_(form) {}

  Result<void, StanzaError> look_at(const xml::Element& part) {
    bool has_reference = false;
    for (const xml::Element child : part.children()) {
      if (child.ns() != ns::form_layout) continue;
      if (child.local() == "fieldref") {
        has_reference = true;
        const std::string var(child.attribute("var").value_or(std::string_view()));
        if (form_.field(var) == nullptr) return bad_request("a layout has a field that the form has not");
        if (!shown_.insert(var).second) return bad_request("a layout has a field twice");
      } else if (child.local() == "reportedref") {
        has_reference = true;
        if (form_.reported.empty() || std::exchange(has_reported_, true)) return bad_request("a layout has reported fields that the form has not, or twice");
      } else if (child.local() == "section") {
        has_reference = true;
        if (Result<void, StanzaError> inner = look_at(child); !inner) return inner;
      }
    }
    if (part.local() == "section" && !has_reference) return bad_request("a section of a layout is empty");
    return {};
  }

 private:
  const Form& form_;
  std::set<std::string> shown_;
  bool has_reported_ = false;
};

}  // namespace

Result<void, StanzaError> check_layout(const xml::Element& x, const Form& form) {
  Layout layout(form);
  for (const xml::Element child : x.children()) {
    if (!child.is({"page", ns::form_layout})) continue;
    if (Result<void, StanzaError> page = layout.look_at(child); !page) return page;
  }
  return {};
}

}  // namespace aldis
