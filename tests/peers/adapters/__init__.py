"""The services that are compared, each in a file of its own, in the order of the tables."""

from . import better_auth, django, fastapi_users, floor, glewlwyd, ours

ALL = [
    ours.Hello(),
    ours.Ours(),
    floor.Floor(),
    better_auth.BetterAuth(),
    better_auth.BetterAuth(our_hash=True),
    fastapi_users.FastApiUsers(),
    fastapi_users.FastApiUsers(our_hash=True),
    django.Django(),
    django.Django(our_hash=True),
    glewlwyd.Glewlwyd(),
]
