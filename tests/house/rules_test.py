"""Tests of the house rules' own checks: each is run on a small tree that keeps the rule and on trees that break it."""
import pathlib
import runpy
import subprocess
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
LISTS = "# Layers of a very small house.\naldis_folder(base)\naldis_folder(runtime USES base)\n" \
        "aldis_folder(xml USES base LIBS Some::lib)\naldis_folder(core USES xml)\n"


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write("CMakeLists.txt", LISTS)
        self.write("src/base/result.h", "// What a call gives back: a value or an error.\n#include <string>\n")

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run_check(self, tool):
        done = subprocess.run([sys.executable, TOOLS / tool, self.root], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def accepts(self, tool):
        code, said = self.run_check(tool)
        self.assertEqual(code, 0, said)

    def refuses(self, tool, why):
        code, said = self.run_check(tool)
        self.assertEqual(code, 1, said)
        self.assertIn(why, said)


class Layers(Tree):
    def test_upwards_and_transitive_includes_pass(self):
        self.write("src/core/a.cpp", '// a\n#include "base/result.h"\n#include <vector>\n')
        self.accepts("check_layers")

    def test_downwards_include_is_refused(self):
        self.write("src/core/a.h", "// a\n")
        self.write("src/base/b.cpp", '#include "core/a.h"\n')
        self.refuses("check_layers", "src/base/b.cpp:1: base may not include core")

    def test_neighbour_include_is_refused(self):
        self.write("src/xml/a.h", "// a\n")
        self.write("src/runtime/b.h", '#  include "xml/a.h"\n')
        self.refuses("check_layers", "runtime may not include xml")

    def test_tests_may_use_support_and_what_they_link(self):
        self.write("src/core/a.h", "// a\n")
        self.write("src/xml/a_test.cpp", '#include "tests/support/scene.h"\n#include "core/a.h"\n')
        self.refuses("check_layers", "xml may not include core")
        self.write("src/xml/test_libs.cmake", "target_link_libraries(xml_test PRIVATE aldis_core)\n")
        self.accepts("check_layers")

    def test_short_and_angle_names_are_refused(self):
        self.write("src/base/a.cpp", '#include "result.h"\n')
        self.refuses("check_layers", 'no "result.h"')
        self.write("src/base/a.cpp", "#include <base/result.h>\n")
        self.refuses("check_layers", "goes in quotes")

    def test_asio_reached_through_a_header_is_refused(self):
        self.write("src/runtime/loop.h", "#include <boost/asio/io_context.hpp>\n")
        self.write("src/runtime/loop.cpp", '#include "runtime/loop.h"\n')
        self.accepts("check_layers")
        self.write("CMakeLists.txt", LISTS.replace("core USES xml", "core USES xml runtime"))
        self.write("src/core/a.cpp", '#include "runtime/loop.h"\n')
        self.refuses("check_layers", "src/core/a.cpp:1: reaches Asio by core/a.cpp > runtime/loop.h:1")

    def test_undeclared_folder_is_refused(self):
        self.write("src/stray/a.cpp", "// a\n")
        self.refuses("check_layers", "in no folder")

    def test_layers_out_of_order_are_refused(self):
        self.write("CMakeLists.txt", "aldis_folder(xml USES base)\naldis_folder(base)\n")
        self.refuses("check_layers", "no line above declares")


class Headings(Tree):
    def test_a_heading_passes(self):
        self.write("tools/run", "#!/bin/sh\n# Runs what has to be run.\n")
        self.write("tests/a.py", '"""Tests of what has to be tested."""\n')
        self.accepts("check_headings")

    def test_missing_or_empty_headings_are_refused(self):
        for name, text in (("src/base/a.h", "#pragma once\n"), ("src/base/a.h", ""), ("src/base/a.h", "// a.h\n"),
                           ("src/base/a.h", "// SPDX-License-Identifier: Apache-2.0 or something\n"),
                           ("src/base/a.h", "#!/bin/sh\nset -eu\n")):
            self.write(name, text)
            self.refuses("check_headings", "src/base/a.h:1")


class Links(Tree):
    def setUp(self):
        super().setUp()
        self.write("docs/adr/0001-shards.md", "# Shards\n")
        self.write("docs/adr/README.md", "[one](0001-shards.md), [web](https://example.org/x)\n")

    def test_what_exists_passes(self):
        self.write("src/base/a.cpp", "// See docs/adr/0001 and docs/adr/0001-shards.md.\n")
        self.accepts("check_links")

    def test_what_does_not_exist_is_refused(self):
        self.write("src/base/a.cpp", "// See docs/" "adr/0009.\n")
        self.refuses("check_links", "src/base/a.cpp:1: there is no decision 0009")

    def test_a_broken_link_is_refused(self):
        self.write("README.md", "[gone](docs/gone.md#part)\n")
        self.refuses("check_links", "README.md:1: docs/gone.md does not exist")

    def test_an_unlisted_decision_is_refused(self):
        self.write("docs/adr/0002-more.md", "# More\n")
        self.refuses("check_links", "does not list 0002-more.md")


class SecurityTests(Tree):
    ROWS = [f"{letter}{i:02}" for letter, count in
            {"X": 15, "T": 10, "S": 9, "E": 13, "P": 8, "L": 4, "O": 3, "N": 1, "M": 6, "B": 4}.items() for i in range(1, count + 1)]

    def setUp(self):
        super().setUp()
        self.write("src/core/a_test.cpp", "TEST(Suite, Case) {}\nTEST_P(Each, Row) {}\n")
        self.write("tests/story.py", "def story(scene):\n    pass\n")

    def table(self, **changed):
        shown = {row: "not yet: later" for row in self.ROWS} | changed
        self.write("docs/security-tests.md", "".join(f"| {row} | said | {text} |\n" for row, text in shown.items() if text))

    def test_what_exists_passes(self):
        self.table(X01="`src/core/a_test.cpp: Suite.Case`, `src/core/a_test.cpp: Each.Row`", X02="`tests/story.py: story`")
        self.accepts("check_security_tests")

    def test_a_test_that_is_gone_is_refused(self):
        self.table(X01="`src/core/a_test.cpp: Suite.Other`")
        self.refuses("check_security_tests", "docs/security-tests.md:1: src/core/a_test.cpp has no test Suite.Other")
        self.table(X01="`src/core/b_test.cpp: Suite.Case`")
        self.refuses("check_security_tests", "src/core/b_test.cpp does not exist")
        self.table(X01="`tests/story.py: stories`")
        self.refuses("check_security_tests", "has no test stories")

    def test_a_row_without_a_word_or_missing_is_refused(self):
        self.table(X01="surely")
        self.refuses("check_security_tests", "X01 names no test")
        self.table(N01="")
        self.refuses("check_security_tests", "has no row N01")


class Conformance(Tree):
    DOCUMENTS = runpy.run_path(str(TOOLS / "check_conformance"))["DOCUMENTS"]

    def setUp(self):
        super().setUp()
        self.table("docs/rooms-conformance.md", "XEP-0045")
        self.table("docs/pubsub-conformance.md", "XEP-0163")

    def table(self, document, changed, first="", shown="`a_test.cpp: Suite.Case`", without=""):
        """Writes it, one of its XEPs changed."""
        folder, xeps = self.DOCUMENTS[document]
        self.write(f"{folder}/a_test.cpp", "TEST_F(Suite, Case) {}\n")
        lines = []
        for xep, (count, sections) in xeps.items():
            lines.append(f"## {xep}\n")
            is_changed = xep == changed
            for section in sections.split():
                numbers = "" if section != sections.split()[0] else first if is_changed and first else f"1-{count}"
                if not is_changed or section != without:
                    lines.append(f"| {section} | {numbers} | said | {shown if is_changed else '`a_test.cpp: Suite.Case`'} |\n")
        self.write(document, "".join(lines))

    def test_what_exists_passes(self):
        self.accepts("check_conformance")
        self.table("docs/rooms-conformance.md", "XEP-0045", shown="not ours: clients do that")
        self.table("docs/pubsub-conformance.md", "XEP-0163", shown="not done: it is optional")
        self.accepts("check_conformance")

    def test_a_test_that_is_gone_is_refused(self):
        self.table("docs/rooms-conformance.md", "XEP-0045", shown="`a_test.cpp: Suite.Other`")
        self.refuses("check_conformance", "docs/rooms-conformance.md:2: a_test.cpp has no test Suite.Other")
        self.table("docs/rooms-conformance.md", "XEP-0045", shown="`a_test.cpp`")
        self.refuses("check_conformance", "a_test.cpp has no test")
        self.table("docs/rooms-conformance.md", "XEP-0045", shown="`b_test.cpp: Suite.Case`")
        self.refuses("check_conformance", "b_test.cpp does not exist")

    def test_a_section_or_example_that_is_missing_is_refused(self):
        self.table("docs/rooms-conformance.md", "XEP-0045", without="7.6")
        self.refuses("check_conformance", "XEP-0045 has no section 7.6")
        self.table("docs/rooms-conformance.md", "XEP-0045", first="1-17, 19-220")
        self.refuses("check_conformance", "XEP-0045 has no example 18")
        self.table("docs/rooms-conformance.md", "XEP-0045", first="1-220, 3")
        self.refuses("check_conformance", "example 3 is also in section 5.1")
        self.table("docs/rooms-conformance.md", "XEP-0045", shown="surely")
        self.refuses("check_conformance", "section 5.1 names no test and does not say why")

    def test_each_xep_of_a_document_is_looked_at(self):
        self.table("docs/pubsub-conformance.md", "XEP-0163", without="7.1")
        self.refuses("check_conformance", "docs/pubsub-conformance.md:1: XEP-0163 has no section 7.1")
        self.table("docs/pubsub-conformance.md", "XEP-0163", first="1-5, 7-11")
        self.refuses("check_conformance", "XEP-0163 has no example 6")
        self.table("docs/pubsub-conformance.md", "XEP-0060", shown="`b_test.cpp: Suite.Case`")
        self.refuses("check_conformance", "b_test.cpp does not exist")
        self.write("docs/pubsub-conformance.md", "## XEP-0999\n")
        self.refuses("check_conformance", "docs/pubsub-conformance.md:1: XEP-0999 is none of this document's")
        (self.root / "docs/pubsub-conformance.md").unlink()
        self.refuses("check_conformance", "XEP-0060 has no section 1.2")


if __name__ == "__main__":
    unittest.main()
