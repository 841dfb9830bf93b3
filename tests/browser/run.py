"""Runs the tests of this folder in Chromium, on one emulator."""

import shutil
import signal
import sys
import unittest

import account_test
import look_test
import session_test
from emulator import ROOT
from service import Case, Service


def run():
    with Service() as Case.service:
        suite = unittest.TestSuite()
        for module in (session_test, account_test, look_test):
            suite.addTests(unittest.defaultTestLoader.loadTestsFromModule(module))
        return unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful()


if __name__ == "__main__":
    # An end by another's hand leaves nothing running either.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if not run():
        sys.exit(1)
    if sys.argv[1:] == ["--pictures"]:
        for picture in look_test.FOLDER.glob("account-*.png"):
            shutil.copy(picture, ROOT / "docs")
