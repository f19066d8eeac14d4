// Declarations to Markdown, TOML and RDF.
#include "app/generated_docs.h"

#include <algorithm>
#include <map>
#include <set>

namespace aldis::app {
namespace {

// Text in a cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c == '|' ? "\\|" : std::string(1, c);
  }
  return out;
}

void append_options(std::string& out, const OptionTable& table) {
  out += "| Key | Value | Default | Live | Meaning |\n|---|---|---|---|---|\n";
  for (const OptionInfo& option : table.infos()) {
    out += "| `" + option.name + "` | " + cell(option.type) + (option.range.empty() ? "" : ", " + option.range) + " | `" +
           cell(option.default_text) + "` | " + (option.reload == Reload::live ? "yes" : "no") + " | " + cell(option.help) + " |\n";
  }
}

std::string xep_number(int number) {
  const std::string digits = std::to_string(number);
  return "XEP-" + std::string(4 - std::min<std::size_t>(digits.size(), 4), '0') + digits;
}

// Comment lines of at most 100 characters.
void append_comment(std::string& out, std::string_view text) {
  constexpr std::size_t width = 98;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (column == 0 || column + 1 + end > width) {
      out += column == 0 ? "# " : "\n# ";
      column = 0;
    } else {
      out += ' ';
      ++column;
    }
    out += text.substr(0, end);
    column += end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  out += '\n';
}

void append_example(std::string& out, const OptionTable& table, const ExampleSection& section, bool is_explained) {
  for (const OptionInfo& option : table.infos()) {
    const auto set = std::ranges::find(section.values, option.name, [](const auto& pair) { return pair.first; });
    const bool is_set = set != section.values.end();
    if (!is_set && !is_explained) {
      continue;
    }
    if (is_explained) {
      append_comment(out, option.help + (option.range.empty() ? "" : " (" + option.range + ")"));
    }
    out += is_set ? option.name + " = " + to_text(set->second) : "# " + option.name + " = " + option.default_text;
    out += is_explained ? "\n\n" : "\n";
  }
}

struct XepLine {
  std::string version;
  std::string where;   // the extension, or empty for the core
  std::string note;
};

std::map<int, XepLine> all_xeps(std::span<const ExtensionEntry> extensions, std::span<const XepReference> core) {
  std::map<int, XepLine> lines;
  for (const XepReference& xep : core) {
    lines.insert_or_assign(xep.number, XepLine{std::string(xep.version), "", std::string(xep.note)});
  }
  for (const ExtensionEntry& entry : extensions) {
    for (const XepReference& xep : entry.xeps) {
      const std::string off = entry.is_default ? "" : "off by default";
      const std::string separator = off.empty() || xep.note.empty() ? "" : "; ";
      lines.insert_or_assign(
          xep.number, XepLine{std::string(xep.version), std::string(entry.name), std::string(xep.note) + separator + off});
    }
  }
  return lines;
}

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  }
  return out;
}

}  // namespace

std::string config_reference(const ConfigSchema& schema) {
  std::string out =
      "# aldis.toml\n\n"
      "This page is written by `tools/gen_docs` from the declarations in the code.\n\n"
      "The file is [TOML](https://toml.io/en/v1.0.0). An unknown key, a wrong type or a value out of range is a refusal to start,\n"
      "with line and column; `aldis check` tells the same, and more, without starting. Durations are written `\"250ms\"`,\n"
      "`\"30s\"`, `\"5m\"`, `\"12h\"` or `\"7d\"`, sizes as a number of bytes or `\"256KiB\"`, `\"1MiB\"`, `\"2GiB\"`. A relative path\n"
      "starts at the file's own folder. Keys that are *live* change with `aldis reload` or SIGHUP, all together or, when the\n"
      "new file has a fault, none; the others wait for a restart, and the answer names them.\n";
  for (const SectionSchema& section : schema.sections) {
    out += section.is_repeated ? "\n## [[" + section.name + "]]\n\n" : "\n## [" + section.name + "]\n\n";
    out += section.help + "\n\n";
    append_options(out, *section.table);
  }
  if (schema.extensions.empty()) {
    return out;
  }
  out += "\n## Extensions\n\nEach `[[domain]]` has the extensions that are on by default, those of `enable`, and not those of "
         "`disable`.\nOptions of an extension stand in `[domain.extension.NAME]`, after the `[[domain]]` they belong to.\n\n"
         "| Name | Implements | On by default |\n|---|---|---|\n";
  for (const ExtensionSchema& extension : schema.extensions) {
    out += "| `" + extension.name + "` | " + cell(extension.help) + " | " + (extension.is_default ? "yes" : "no") + " |\n";
  }
  for (const ExtensionSchema& extension : schema.extensions) {
    if (extension.table != nullptr && !extension.table->infos().empty()) {
      out += "\n### [domain.extension." + extension.name + "]\n\n";
      append_options(out, *extension.table);
    }
  }
  return out;
}

std::string config_example(const ConfigSchema& schema, const std::vector<ExampleSection>& sections) {
  std::string out;
  append_comment(out, "The configuration of Aldis. Lines that begin with # show the defaults. \"aldis check\" tells what is "
                      "wrong and how to mend it; \"aldis reload\" applies what can change while the server runs. All keys: "
                      "docs/config.md.");
  std::set<std::string> explained;
  const auto append = [&](const SectionSchema& schema_section, const ExampleSection& section) {
    out += '\n';
    const bool is_first = explained.insert(section.name).second;
    if (is_first) {
      append_comment(out, schema_section.help);
    }
    out += schema_section.is_repeated ? "[[" + section.name + "]]\n" : "[" + section.name + "]\n";
    append_example(out, *schema_section.table, section, is_first);
    while (out.ends_with("\n\n")) {
      out.pop_back();
    }
  };
  const auto append_extensions = [&] {
    for (const ExtensionSchema& extension : schema.extensions) {
      if (extension.table == nullptr || extension.table->infos().empty()) {
        continue;
      }
      out += "\n# " + extension.help + "\n# [domain.extension." + extension.name + "]\n";
      for (const OptionInfo& option : extension.table->infos()) {
        append_comment(out, option.help + (option.range.empty() ? "" : " (" + option.range + ")"));
        out += "# " + option.name + " = " + option.default_text + "\n";
      }
    }
  };
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const SectionSchema* section = schema.section(sections[i].name);
    ensure(section != nullptr, "an example shows sections of its schema");
    append(*section, sections[i]);
    const bool is_last_domain = section->name == "domain" && (i + 1 == sections.size() || sections[i + 1].name != "domain");
    if (is_last_domain) {
      append_extensions();
    }
  }
  for (const SectionSchema& section : schema.sections) {
    if (!section.is_repeated && !explained.contains(section.name)) {
      append(section, {section.name, {}});
    }
  }
  return out;
}

std::string xep_list(std::span<const ExtensionEntry> extensions, std::span<const XepReference> core) {
  std::string out =
      "# XEPs\n\nThis page is written by `tools/gen_docs` from the list of extensions. The RFCs are 6120, 6121, 7590 and 7622.\n\n"
      "| XEP | Version | Extension | Note |\n|---|---|---|---|\n";
  for (const auto& [number, line] : all_xeps(extensions, core)) {
    out += "| [" + xep_number(number) + "](https://xmpp.org/extensions/" + "xep-" + xep_number(number).substr(4) + ".html) | " +
           line.version + " | " + (line.where.empty() ? "core" : "`" + line.where + "`") + " | " + cell(line.note) + " |\n";
  }
  return out;
}

std::string doap(std::span<const ExtensionEntry> extensions, std::span<const XepReference> core) {
  std::string out = R"(<?xml version="1.0" encoding="UTF-8"?>
<!-- Written by tools/gen_docs from the list of extensions. -->
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://usefulinc.com/ns/doap#"
         xmlns:xmpp="https://linkmauve.fr/ns/xmpp-doap#">
  <Project>
    <name>Aldis</name>
    <shortdesc xml:lang="en">XMPP server for organisations that must know who received what</shortdesc>
    <license rdf:resource="https://www.apache.org/licenses/LICENSE-2.0"/>
    <programming-language>C++</programming-language>
    <os>Linux</os>
    <category rdf:resource="https://linkmauve.fr/ns/xmpp-doap#category-server"/>
)";
  for (const char* rfc : {"6120", "6121", "7590", "7622"}) {
    out += std::string("    <implements rdf:resource=\"https://www.rfc-editor.org/info/rfc") + rfc + "\"/>\n";
  }
  for (const auto& [number, line] : all_xeps(extensions, core)) {
    out += "    <implements>\n      <xmpp:SupportedXep>\n        <xmpp:xep rdf:resource=\"https://xmpp.org/extensions/xep-" +
           xep_number(number).substr(4) + ".html\"/>\n        <xmpp:status>complete</xmpp:status>\n        <xmpp:version>" +
           xml_text(line.version) + "</xmpp:version>\n";
    if (!line.note.empty()) {
      out += "        <xmpp:note>" + xml_text(line.note) + "</xmpp:note>\n";
    }
    out += "      </xmpp:SupportedXep>\n    </implements>\n";
  }
  return out + "  </Project>\n</rdf:RDF>\n";
}

}  // namespace aldis::app
