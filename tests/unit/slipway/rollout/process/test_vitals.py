from __future__ import annotations

import httpx2

from slipway.rollout.process.vitals import Vitals, serve


def test_numbers_are_read_in_prometheus_own_format_and_are_replaced_whatever_their_labels() -> None:
    vitals = Vitals()
    vitals.set("until", 1.0, revision="old")
    vitals.set("until", 1_700_000_000.25, revision='a"b\\')
    server = serve(vitals, 0)
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        answer = httpx2.get(f"{address}/metrics")
        assert answer.text == '# TYPE until gauge\nuntil{revision="a\\"b\\\\"} 1700000000.25\n'
        assert httpx2.get(f"{address}/live").status_code == 200
    finally:
        server.shutdown()
        server.server_close()
