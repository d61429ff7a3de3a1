"""The shell of the page: one file, no network, no script; light, dark and print."""

from pipelines.reports.markup import Html, text

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --soft: #5b646d; --paper: #fdfdfb; --line: #dcdfe0; --kept: #2f6f73;
  --lost: #d9b48a; --good: #1d6b45; --bad: #a8261b; --warn: #8a5a00; --tint: #f3f4f1; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e6e4; --soft: #9ca5a9; --paper: #15181a; --line: #33393c;
  --kept: #5aa7a8; --lost: #a98a5c; --good: #6fcf9c; --bad: #ff8f80; --warn: #e6b450; --tint: #1d2123; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.5rem 5rem; max-width: 66rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; letter-spacing: -.01em; }
h2 { font-size: 1.2rem; margin: 3rem 0 .8rem; padding-top: .7rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.8rem 0 .4rem; }
p { margin: .4rem 0 .9rem; max-width: 46rem; }
a { color: inherit; }
nav { position: sticky; top: 0; z-index: 1; margin: 1rem 0 0; padding: .5rem 0; font-size: .88rem; color: var(--soft);
  background: var(--paper); border-bottom: 1px solid var(--line); }
nav a { display: inline-block; margin-right: .9rem; text-decoration: none; } nav a:hover { text-decoration: underline; }
section, .gate { scroll-margin-top: 3.2rem; }
.soft { color: var(--soft); font-size: .9rem; }
.states { display: flex; flex-wrap: wrap; gap: .6rem; list-style: none; margin: 1.4rem 0 0; padding: 0; }
.states li { flex: 1 1 8.5rem; padding: .6rem .8rem; border: 1px solid var(--line); border-left-width: 4px;
  border-radius: 3px; background: var(--tint); }
.states strong { display: block; }
.open { border-left-color: var(--good) !important; } .closed { border-left-color: var(--bad) !important; }
.stale, .not-judged { border-left-color: var(--warn) !important; }
.mark { font-size: .78rem; font-weight: 650; letter-spacing: .05em; text-transform: uppercase; white-space: nowrap; }
.mark.open, .mark.held, .mark.pass { color: var(--good); }
.mark.closed, .mark.failed, .mark.refuse { color: var(--bad); }
.mark.stale, .mark.not-judged, .mark.warn, .mark.abstain, .mark.could-not-run { color: var(--warn); }
.mark.not-run { color: var(--soft); } .mark.other { white-space: normal; }
.scroll { overflow-x: auto; margin: 0 0 1.4rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding: .2rem 0 .4rem; }
th, td { text-align: left; vertical-align: top; padding: .34rem .9rem .34rem 0; border-bottom: 1px solid var(--line); }
thead th { font-weight: 600; color: var(--soft); overflow-wrap: normal; vertical-align: bottom; }
tbody th { font-weight: 500; min-width: 11rem; }
.n { text-align: right; overflow-wrap: normal; } td.n { white-space: nowrap; }
code { font: .86em ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; }
figure { margin: 0 0 1.6rem; } figcaption { color: var(--soft); font-size: .9rem; margin-bottom: .3rem; }
figure div { overflow-x: auto; } svg { width: 100%; height: auto; display: block; }
figure svg { max-width: 47rem; min-width: 34rem; }
svg text { font-family: system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; }
rect.kept { fill: var(--kept); } rect.lost { fill: var(--lost); }
td:has(> svg.bar) { width: 9rem; min-width: 5rem; vertical-align: middle; } svg.bar { height: .55rem; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); gap: 1.2rem 1.6rem; }
.panel { min-width: 0; } .panel h3 { margin: .2rem 0 0; font-size: .95rem; } .panel p { margin: 0 0 .3rem; }
.panel table { font-size: .82rem; } .panel .scroll { margin: .3rem 0 .6rem; }
.panel th, .panel td { padding-top: .15rem; padding-bottom: .15rem; } .panel tbody th { min-width: 0; }
.card { margin: .5rem 0; padding: .6rem .9rem; border: 1px solid var(--line); border-radius: 3px;
  background: var(--tint); }
.card blockquote { margin: .35rem 0; padding-left: .7rem; border-left: 2px solid var(--line); font-size: .92rem; }
.url, .why { font-size: .85rem; color: var(--soft); } .why { color: var(--ink); }
.gate { margin-bottom: 1.6rem; }
.clocked { padding: .2rem 1rem .6rem; border: 1px dashed var(--warn); border-radius: 3px; }
.key { margin-left: .8rem; padding-left: 1.1em;
  background: linear-gradient(var(--kept), var(--kept)) 0 55%/.8em .8em no-repeat; }
.key.lost { background-image: linear-gradient(var(--lost), var(--lost)); }
details { margin: 0 0 1rem; } summary { cursor: pointer; color: var(--soft); padding: .2rem 0; font-size: .92rem; }
@media print { body { max-width: none; padding: 0; font-size: 10.5pt; } nav { display: none; }
  h2, h3, caption { break-after: avoid; } tr, figure { break-inside: avoid; } .scroll { overflow: visible; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
  .card, .panel { break-inside: avoid; } .panel details { display: none; } nav { position: static; }
  rect, path, .key { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


def page(title: str, body: Html) -> str:
    """The whole document. Its policy lets nothing be loaded or run, whatever a name in the data may hold."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
