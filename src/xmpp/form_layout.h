// XEP-0141 (1.0): pages and sections of a form are for who shows it. Whoever keeps forms can say whether a layout fits its form.
#pragma once
#include "base/result.h"
#include "xmpp/form.h"

namespace aldis {

// The pages of the <x/> that `form` was read from. Bad-request: a fieldref to a field that it does not have, a reportedref without reported
// fields, either twice for the same (section 3.1), or a section without any.
[[nodiscard]] Result<void, StanzaError> check_layout(const xml::Element& x, const Form& form);

}  // namespace aldis
