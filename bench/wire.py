"""What a phone on a slow line sees: Chromium, 390 x 844, 400 ms, 400 kbit/s, CPU slowed four times."""

import statistics
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from bench.servers import Server
from tests.support.browser import ARGUMENTS, chromium

RTT, SPEED, SLOWER = 400, 400_000 / 8, 4
SETTLED = 1000  # ms until the icon of the tab has come too
PAINT = (
    "() => new Promise(done => { const ready = () => { const seen = "
    "performance.getEntriesByName('first-contentful-paint'); "
    "seen.length ? done(seen[0].startTime) : setTimeout(ready, 50) }; ready() })"
)


def _load(page: Page, address: str) -> dict[str, float]:
    """Requests over the network, bytes with headers, first contentful paint in ms."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": RTT, "downloadThroughput": SPEED, "uploadThroughput": SPEED},
    )
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    sent: set[str] = set()
    cached: set[str] = set()
    weights: dict[str, float] = {}
    session.on("Network.requestWillBeSent", lambda event: sent.add(event["requestId"]))
    session.on("Network.requestServedFromCache", lambda event: cached.add(event["requestId"]))
    session.on(
        "Network.responseReceived",
        lambda event: cached.add(event["requestId"]) if event["response"].get("fromDiskCache") else None,
    )
    session.on(
        "Network.loadingFinished",
        lambda event: weights.update({event["requestId"]: event["encodedDataLength"]}),
    )
    page.goto(address, wait_until="networkidle")
    painted = page.evaluate(PAINT)
    page.wait_for_timeout(SETTLED)
    session.detach()
    network = sent - cached
    return {
        "requests": len(network),
        "bytes": sum(weights.get(one, 0) for one in network),
        "fcp": round(painted),
    }


def _twice(browser: Browser, server: Server, path: str, cookie: str) -> dict[str, dict[str, float]]:
    """The first load with an empty cache, and the same page again, each in a tab of its own."""
    address = f"http://127.0.0.1:{server.port}{path}"
    context = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, locale="zh-CN")
    name, _, value = cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": address}])
    found = {}
    for load in ("first", "repeat"):
        page = context.new_page()
        found[load] = _load(page, address)
        page.close()
    context.close()
    return found


def measure(servers: dict[str, Server], cast: dict[str, Any], times: int) -> dict[str, Any]:
    """A member's home and the bare page without a style sheet, in turn; medians of the rounds."""
    taken: dict[str, list[dict[str, dict[str, float]]]] = {"pbtrain": [], "bare": []}
    paths = {"pbtrain": ("/", cast["members"][0]["cookie"]), "bare": ("/plain", cast["bare"][0]["cookie"])}
    with sync_playwright() as playwright:
        for _ in range(times):
            for name, (path, cookie) in paths.items():  # a browser just opened, as on a phone
                browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
                taken[name].append(_twice(browser, servers[name], path, cookie))
                browser.close()
    found: dict[str, Any] = {
        name: {
            load: {
                figure: statistics.median(each[load][figure] for each in loads)
                for figure in ("requests", "bytes", "fcp")
            }
            for load in ("first", "repeat")
        }
        for name, loads in taken.items()
    }
    for load in ("first", "repeat"):
        own, limit = found["pbtrain"][load], found["bare"][load]
        own["ratio"] = round(own["fcp"] / limit["fcp"], 2)
    return found
