"""Colours and the look of plots, for every page: light, and dark where the reader's system is. Pure."""

from __future__ import annotations

PALETTE = """
:root{color-scheme:light dark;--ink:#1b2330;--soft:#566070;--line:#d9dee5;--paper:#fff;--ground:#f4f6f8;--good:#17713f;
--bad:#b3261e;--warn:#8a5a00;--mine:#c2410c;--other:#1d5fa8;--on:#fff}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa7b6;--line:#2f3a47;--paper:#18202a;
--ground:#0f141a;--good:#4cc38a;--bad:#ff8077;--warn:#e3b341;--mine:#fb923c;--other:#6cb2ff;--on:#10151c}}
"""

PLOTS = """
figure{margin:1rem 0;break-inside:avoid}figcaption{font-weight:600}
.key{font-weight:400;font-size:.85rem;margin-left:.8rem;color:var(--soft);white-space:nowrap}
.key::before{content:"";display:inline-block;width:1.2em;height:0;border-top:3px solid var(--mine);
vertical-align:middle;margin-right:.3em}
.key.baseline::before{border-color:var(--other)}.key.limit::before{border-top:2px dashed var(--ink)}
figure svg{display:block;width:100%;height:auto}
figure path{fill:none;stroke:var(--mine);stroke-width:2;stroke-linejoin:round}figure path.baseline{stroke:var(--other)}
figure path.limit{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:6 4}
figure circle{fill:var(--mine)}figure circle.baseline{fill:var(--other)}figure circle.limit{fill:var(--ink)}
figure .grid{stroke:var(--line)}figure .mark{stroke:var(--soft);stroke-dasharray:2 4}
figure .tick{font-size:11px;fill:var(--soft)}
"""
