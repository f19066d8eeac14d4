// An archive written out for operators, page by page, whole or in part: the results of XEP-0313, the oldest first, in the element
// that XEP-0227 (1.1) section 4.11 has for them; or as an mbox file (mbox.h).
#pragma once
#include <functional>
#include <string>

#include "operators/command.h"

namespace aldis::admin {

struct ExportSource {
  BareJid owner;
  std::function<Task<Result<ArchiveInfo>>()> info;
  std::function<Task<Result<ArchivePart>>(ArchiveQuery)> read;
  std::string head;   // of the XML document, behind its declaration, up to the results
  std::string foot;
};

// The archive as it is when the first page is asked for: what comes after that is not in it. Reads the arguments start, end, with,
// format and page. invalid: one of them.
[[nodiscard]] Task<Result<OperatorResult>> export_archive(ExportSource source, CommandArguments arguments);

}  // namespace aldis::admin
