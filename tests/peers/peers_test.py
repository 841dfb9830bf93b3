"""Checks what needs neither peers nor time: the page, the pictures and the configurations."""

import ast
import json
import unittest

import adapters
import render
from plotted import PICTURES, digest

RESULTS = render.read()


class Page(unittest.TestCase):
    def test_the_section_is_what_the_results_give(self):
        self.assertEqual(render.PAGE.read_text(), render.page(RESULTS), "run tests/peers/render.py")

    def test_the_pictures_show_the_results(self):
        for name, of in PICTURES.items():
            for theme in ("light", "dark"):
                with self.subTest(name=name, theme=theme):
                    self.assertIn(digest(of(RESULTS)), (render.DOCS / f"{name}-{theme}.svg").read_text())

    def test_every_service_is_measured_and_probed(self):
        keys = [adapter.key for adapter in adapters.ALL]
        self.assertEqual(list(RESULTS["services"]), keys)
        self.assertEqual(list(RESULTS["measured"]["services"]), keys)
        names = dict.fromkeys(adapter.name for adapter in adapters.ALL[1:])
        self.assertEqual(list(RESULTS["probed"]["services"]), list(names))

    def test_the_results_are_of_the_versions_that_are_pinned(self):
        for adapter in adapters.ALL:
            if adapter.folder:
                with self.subTest(service=adapter.key):
                    self.assertEqual(RESULTS["services"][adapter.key]["versions"], adapter.versions())


class Files(unittest.TestCase):
    def test_python_and_json_parse(self):
        for file in render.PEERS.rglob("*"):
            if "node_modules" not in file.parts and file.suffix in (".py", ".json"):
                with self.subTest(file=file.name):
                    (ast.parse if file.suffix == ".py" else json.loads)(file.read_text())


if __name__ == "__main__":
    unittest.main()
