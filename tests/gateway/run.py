"""Runs the tests of this folder on one MiniStack, with the service deployed once."""

import signal
import sys
import unittest

import cloud_test
import consumers_test
import journey_test
import keys_test
import lowering_test
import mail_test
import migration_test
import native_test
import sessions_test
from cloud import Cloud
from service import Service


def run():
    with Cloud() as cloud:
        service = Service.deployed_on(cloud)
        suite = unittest.TestSuite()
        modules = (
            cloud_test, lowering_test, journey_test, sessions_test, mail_test, migration_test, consumers_test, native_test, keys_test,
        )  # fmt: skip
        for module in modules:
            module.service = service
            suite.addTests(unittest.defaultTestLoader.loadTestsFromModule(module))
        succeeded = unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful()
        if not succeeded:
            print(cloud.said(), file=sys.stderr)
        return succeeded


if __name__ == "__main__":
    # An end by another's hand leaves nothing running either.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(not run())
