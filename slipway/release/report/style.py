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
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(20rem,100%),1fr));gap:.25rem 1.5rem;
margin-top:.8rem}
.plots figure{margin:.5rem 0 0;min-width:0}.plots figcaption{font-size:.9rem}
.plots .keys{display:block}.plots .key{margin:0 .8rem 0 0}
"""

STACKED = """
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table,tbody,tr,th,td{display:block;width:100%;overflow-wrap:anywhere}
tbody th,tbody td{border:0;padding:.12rem 0}
tbody td{display:grid;grid-template-columns:7rem 1fr;gap:.5rem}
tbody td::before{content:attr(data-label);color:var(--soft);font-size:.85rem}
"""
"""For narrow screens: each row of a table is a list of its cells, with the column's name (`data-label`) before each.
The table has to say its roles, since a table that is not displayed as one is none for screen readers."""
