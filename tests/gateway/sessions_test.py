"""Sessions through the gateway: tokens and cookies, two tabs, a thief, and the end."""

import unittest
from concurrent.futures import ThreadPoolExecutor

from service import ORIGIN, Service, claims

service: Service  # set by run.py


def cookie(response, name):
    """The `name=value` of a cookie that a response sets, and its attributes."""
    (line,) = [line for line in response.cookies if line.startswith(f"{name}=")]
    pair, *attributes = line.split("; ")
    return pair, {attribute.partition("=")[0] for attribute in attributes}


class Sessions(unittest.TestCase):
    def test_a_session_from_its_beginning_to_its_end(self):
        begun = service.begun()
        self.assertEqual(begun.status, 201, begun.text)
        refreshed = service.refresh(begun.json["refresh_token"])
        self.assertEqual(refreshed.status, 200, refreshed.text)
        token = refreshed.json["token"]
        self.assertEqual(claims(token)["sid"], begun.json["session_id"])
        self.assertEqual(service.call("GET", "/me", token).json["sid"], begun.json["session_id"])
        (session,) = service.call("GET", "/sessions", token).json["sessions"]
        self.assertEqual((session["id"], session["current"]), (begun.json["session_id"], True))

        self.assertEqual(service.call("POST", "/logout", body={"refresh_token": refreshed.json["refresh_token"]}).status, 204)
        self.assertEqual(service.call("POST", "/validate", token).status, 401)
        self.assertEqual(service.refresh(refreshed.json["refresh_token"]).json["code"], "invalid_session")
        # The gateway knows the verdict of before; of the other token it has none.
        self.assertEqual(service.call("GET", "/me", begun.json["token"]).status, 403)

    def test_two_tabs_that_refresh_at_once_get_the_same_token(self):
        token = service.begun().json["refresh_token"]
        with ThreadPoolExecutor() as tabs:
            responses = list(tabs.map(service.refresh, [token] * 2))
        self.assertEqual([response.status for response in responses], [200, 200])
        self.assertEqual(len({response.json["refresh_token"] for response in responses}), 1)

    def test_a_token_that_was_used_before_ends_the_session(self):
        first = service.begun().json["refresh_token"]
        second = service.refresh(first).json["refresh_token"]
        third = service.refresh(second).json
        self.assertEqual(service.refresh(first).json["code"], "invalid_session")
        self.assertEqual(service.refresh(third["refresh_token"]).status, 401)
        self.assertEqual(service.call("POST", "/validate", third["token"]).status, 401)

    def test_a_session_is_ended_by_its_id(self):
        begun = service.begun().json
        path = f"/sessions/{begun['session_id']}"
        self.assertEqual(service.call("DELETE", path, begun["token"]).status, 204)
        self.assertEqual(service.refresh(begun["refresh_token"]).status, 401)
        self.assertEqual(service.call("DELETE", path, begun["token"]).status, 401)


class Cookies(unittest.TestCase):
    """API Gateway takes cookies out of the headers of a request, and writes those of a response from a list."""

    def begun(self):
        begun = service.begun("cookie", sec_fetch_site="same-site", origin=ORIGIN)
        self.assertEqual(begun.status, 201, begun.text)
        return begun

    def refresh(self, *cookies, **headers):
        return service.call("POST", "/refresh", cookie="; ".join(cookies), **headers)

    def test_tokens_come_and_go_as_cookies(self):
        begun = self.begun()
        self.assertFalse({"refresh_token", "device_token"} & set(begun.json), begun.text)
        refresh, attributes = cookie(begun, "__Host-refresh")
        self.assertEqual(attributes, {"Path", "Secure", "HttpOnly", "SameSite", "Max-Age"})
        device, _ = cookie(begun, "__Host-device")

        refreshed = self.refresh("theme=dark", device, refresh, sec_fetch_site="same-site", origin=ORIGIN)
        self.assertEqual(refreshed.status, 200, refreshed.text)
        self.assertEqual(refreshed.headers["access-control-allow-origin"], ORIGIN)
        self.assertEqual(refreshed.headers["access-control-allow-credentials"], "true")
        following, _ = cookie(refreshed, "__Host-refresh")
        self.assertNotEqual(following, refresh)

        ended = service.call("POST", "/logout", cookie=following, sec_fetch_site="same-site", origin=ORIGIN)
        self.assertEqual((ended.status, cookie(ended, "__Host-refresh")[0]), (204, "__Host-refresh="))
        self.assertEqual(self.refresh(following, sec_fetch_site="same-site").status, 401)

    def test_a_page_of_another_site_uses_no_cookie(self):
        refresh, _ = cookie(self.begun(), "__Host-refresh")
        for headers in ({"sec_fetch_site": "cross-site"}, {"origin": "https://evil.example"}, {}):
            refused = self.refresh(refresh, **headers)
            self.assertEqual((refused.status, refused.json["code"]), (403, "cross_site"), headers)
        # A browser that does not say where a request is from, on a page of an allowed origin.
        self.assertEqual(self.refresh(refresh, origin=ORIGIN).status, 200)
