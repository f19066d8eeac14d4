// Form Discovery and Publishing, XEP-0346 (0.2): a form is a pair of nodes of one service, fdp/template/NAME with the empty form and
// fdp/submitted/NAME with completed ones. Nodes are as always; this sees to it that a template is a form (with a layout that fits,
// XEP-0141) and that what is submitted is an answer to it (XEP-0004 section 4, XEP-0122): a client that does not check, or whose template is
// old, is told so, and who waits for forms gets only such as can be read. Without a template nothing can be checked, and nothing is taken.
#include "extensions/extensions.h"
#include "extensions/pubsub/personal.h"
#include "xmpp/form.h"
#include "xmpp/form_layout.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

constexpr std::string_view templates = "fdp/template/";
constexpr std::string_view submitted = "fdp/submitted/";

Result<Form, StanzaError> form_of(const std::string& payload, FormType wanted, bool has_layout) {
  const auto document = xml::parse(payload);
  if (!document) {
    return fail(StanzaError(StanzaCondition::bad_request));
  }
  const xml::Element x = (*document)->root();
  Result<Form, StanzaError> form = Form::parse(x);
  if (!form) {
    return form;
  }
  if (form->type != wanted) {
    return fail(StanzaError(StanzaCondition::bad_request, wanted == FormType::form ? "a template is a form" : "a completed form is a submit"));
  }
  if (has_layout) {
    if (Result<void, StanzaError> fits = check_layout(x, *form); !fits) {
      return fail(std::move(fits.error()));
    }
  }
  return form;
}

Task<Result<void, StanzaError>> check_template(Home&, pubsub::NodeAddress, std::string payload) {
  if (Result<Form, StanzaError> form = form_of(payload, FormType::form, true); !form) {
    co_return fail(std::move(form.error()));
  }
  co_return Result<void, StanzaError>{};
}

Task<Result<void, StanzaError>> check_submitted(Home& home, pubsub::NodeAddress where, std::string payload) {
  const Result<Form, StanzaError> answer = form_of(payload, FormType::submit, false);
  if (!answer) {
    co_return fail(answer.error());
  }
  const std::string name = where.node.substr(submitted.size());
  pubsub::NodeAddress source{where.service, std::string(templates) + name};
  const Result<std::vector<PubSubItem>, StanzaError> newest = co_await pubsub::newest(home, std::move(source), 1);
  if (!newest) {
    co_return fail(newest.error());
  }
  if (newest->empty()) {
    co_return fail(StanzaError(StanzaCondition::not_acceptable, "there is no template of this form"));
  }
  const Result<Form, StanzaError> form = form_of(newest->front().payload, FormType::form, false);
  if (!form) {
    co_return fail(StanzaError(StanzaCondition::not_acceptable, "the template of this form cannot be read"));
  }
  if (Result<Form, StanzaError> accepted = form->accept(*answer); !accepted) {
    co_return fail(std::move(accepted.error()));
  }
  co_return Result<void, StanzaError>{};
}

}  // namespace

void install_forms(Extension& self) {
  self.identify("pubsub", std::string(ns::forms_published), {});   // section 3
  pubsub::Seam& seam = pubsub::seam_of(self);
  seam.checks.push_back({std::string(templates), check_template});
  seam.checks.push_back({std::string(submitted), check_submitted});
}

}  // namespace aldis::ext
