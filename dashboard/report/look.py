"""How a report looks, and what a browser may load for it."""

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d2530; --faint: #5c6673; --paper: #ffffff;
  --card: #f5f7f9; --rule: #dde2e8; --bar: #2f6fb5; --mark: #1d2530; --up: #1f6fc0;
  --down: #c2601a; --area: #2f6fb526; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf1; --faint: #9da8b5;
  --paper: #12161c; --card: #1c222a; --rule: #323b46; --bar: #5b9be0; --mark: #e8ecf1;
  --up: #6db0f5; --down: #f0a05a; --area: #5b9be033; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 708px; margin: 0 auto; padding: 32px 24px 48px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 18px; margin: 40px 0 10px; padding-top: 14px; border-top: 1px solid var(--rule); }
h3 { font-size: 15px; margin: 20px 0 6px; }
p { margin: 0 0 12px; }
.faint, p.note { color: var(--faint); font-size: 13px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(196px, 1fr)); gap: 12px;
  margin: 22px 0 8px; }
.card { background: var(--card); border-radius: 8px; padding: 12px 14px; }
.card b { display: block; font-size: 26px; line-height: 1.25; font-weight: 600; }
.up { color: var(--up); fill: var(--up); } .down { color: var(--down); fill: var(--down); }
.bad { color: var(--bad); font-weight: 600; }
table { width: 100%; border-collapse: collapse; font-size: 14px;
  font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 500; color: var(--faint); font-size: 12px; }
th, td { padding: 5px 8px; border-bottom: 1px solid var(--rule); vertical-align: top; }
td { overflow-wrap: anywhere; }
.n { text-align: right; white-space: nowrap; }
.up, .down { white-space: nowrap; } .pair svg { max-width: 330px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(280px, 1fr)); gap: 8px 24px; }
svg + .note, table + .note, .pair + .note { margin-top: 8px; }
th:first-child.n, td:first-child.n { width: 36px; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
text { font-size: 12.5px; fill: var(--ink); } text.faint { fill: var(--faint); font-size: 12px; }
text.strong { font-weight: 600; }
.bar { fill: var(--bar); } .before { stroke: var(--mark); stroke-width: 2; }
.axis, .grid { stroke: var(--rule); stroke-width: 1; } .area { fill: var(--area); }
.curve { fill: none; stroke: var(--bar); stroke-width: 2; stroke-linejoin: round; }
@media (max-width: 500px) { main { padding: 20px 16px 32px; }
  .cards { grid-template-columns: 1fr 1fr; } .card b { font-size: 22px; }
  th, td { padding: 5px 4px; } th.n { white-space: normal; }
  td:nth-child(3):not(.n) { min-width: 8em; }
  main > svg text, main > svg text.faint { font-size: 18px; } }
@media print { main { padding: 0; } .card, table, svg { break-inside: avoid; } }
"""
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""What a browser may load for it: nothing."""
