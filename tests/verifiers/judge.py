"""Judges the tokens on standard input, one a line, by PyJWT. Prints the user_id in a good one."""

import sys

from pyjwt import verify

for token in sys.stdin.read().splitlines():
    try:
        print(verify(token)["user_id"])
    except Exception as error:
        print(f"refused: {type(error).__name__}: {error}")
