// The elements of an archive's answers.
#include "extensions/mam/answer.h"

#include <limits>

#include "xmpp/forwarded.h"
#include "xmpp/namespaces.h"
#include "xmpp/result_set.h"
#include "xmpp/timestamp.h"

namespace aldis::ext {

StanzaPtr mam_result(const BareJid& archive, const Jid& to, const MamQuery& query, ArchiveId id, const Stanza& shown,
                     const ArchiveIdForm& form) {
  std::string forwarded;
  write_forwarded(forwarded, shown, Delay{.stamp = archive_time(id)});
  std::string xml;
  xml::Writer writer(xml);
  writer.start("message").attribute("from", archive.str()).attribute("to", to.str());
  writer.start("result", ns::mam);
  if (query.has_queryid) {
    writer.attribute("queryid", query.queryid);
  }
  writer.attribute("id", form.write(id)).raw(forwarded).end().end();
  return Stanza::make(std::move(xml))->with_positions_since(archive_time(id));
}

std::string mam_fin(const ArchivePage& page, const ArchiveIdForm& form) {
  ResultSet set;
  if (!page.messages.empty()) {
    set.first = form.write(page.messages.front().id);
    set.last = form.write(page.messages.back().id);
  }
  if (page.count) {
    set.count =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(*page.count, std::numeric_limits<std::uint32_t>::max()));
  }
  std::string xml;
  xml::Writer writer(xml);
  writer.start("fin", ns::mam);
  if (page.is_complete) {
    writer.attribute("complete", "true");
  }
  set.write(writer);
  writer.end();
  return xml;
}

std::string mam_metadata(const ArchiveSummary& summary, const ArchiveIdForm& form) {
  std::string xml;
  xml::Writer writer(xml);
  writer.start("metadata", ns::mam);
  if (summary.first != 0) {
    for (const bool is_start : {true, false}) {
      const ArchiveId id = is_start ? summary.first : summary.last;
      writer.start(is_start ? "start" : "end").attribute("id", form.write(id));
      writer.attribute("timestamp", format_timestamp(archive_time(id))).end();
    }
  }
  writer.end();
  return xml;
}

}  // namespace aldis::ext
