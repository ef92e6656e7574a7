/** Style sheet of the HTML report; the colours are those of the dashboard. */
export const STYLES = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#fbfbfa, #141413);
  --panel: light-dark(#fff, #1b1b1a);
  --line: light-dark(#e4e4e0, #32322f);
  --text: light-dark(#1c1c1a, #ececea);
  --second: light-dark(#65655f, #a3a39c);
  --quiet: light-dark(#f1f1ee, #252523);
  --accent: light-dark(#3b5bdb, #8ea4ff);
  --survived: light-dark(#17713f, #5dc98e);
  --survived-fill: light-dark(#e6f4ec, #14301f);
  --findings: light-dark(#8a5800, #e3a94a);
  --findings-fill: light-dark(#fdf2de, #38290f);
  --broke: light-dark(#b92b2b, #ff8a80);
  --broke-fill: light-dark(#fdeaea, #3f1c1a);
  --fault: light-dark(#7c30ee, #c39bff);
  --fault-fill: light-dark(#f2eaff, #30214a);
  --shadow: 0 12px 40px light-dark(rgb(0 0 0 / 18%), rgb(0 0 0 / 60%));
  --sans: system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'Liberation Sans', sans-serif;
  --mono: ui-monospace, 'SF Mono', 'Cascadia Mono', 'Liberation Mono', Menlo, Consolas, monospace;
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 14px/1.5 var(--sans); }
main { max-width: 1240px; margin: 0 auto; padding: 28px 24px 80px; }
h1, h2, h3, p, ol, ul, pre, dl, dd { margin: 0; padding: 0; }
h1 { font-size: 22px; font-weight: 640; letter-spacing: -0.01em; }
h1 code { font-size: 0.78em; font-weight: 500; }
h2 { font-size: 16px; font-weight: 620; margin: 36px 0 12px; }
h3 { font-size: 13px; font-weight: 620; margin: 20px 0 6px; }
a { color: inherit; }
code, pre { font-family: var(--mono); font-size: 12px; }
code { overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--quiet); border-radius: 6px; padding: 10px 12px; }
ol, ul { list-style: none; }
.second { color: var(--second); }
.card { background: var(--panel); border: 1px solid var(--line); border-radius: 10px; }
header { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: baseline; justify-content: space-between; margin-bottom: 18px; }

.hero { display: grid; grid-template-columns: auto 1fr; gap: 20px 32px; align-items: center; padding: 22px 26px; }
.score { font-size: 60px; line-height: 1; font-weight: 680; letter-spacing: -0.03em; font-variant-numeric: tabular-nums; }
.score small { font-size: 26px; font-weight: 560; margin-left: 2px; }
.bar { display: flex; gap: 2px; height: 12px; border-radius: 6px; overflow: hidden; background: var(--quiet); }
.bar i { min-width: 3px; }
.bar .survived { background: var(--survived); }
.bar .findings { background: var(--findings); }
.bar .broke { background: var(--broke); }
.legend { display: flex; flex-wrap: wrap; gap: 6px 20px; margin-top: 12px; }
.legend b { font-size: 16px; font-variant-numeric: tabular-nums; margin-right: 5px; }
.legend .survived b { color: var(--survived); }
.legend .findings b { color: var(--findings); }
.legend .broke b { color: var(--broke); }

.scores { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px; margin-top: 10px; }
.scores li { padding: 12px 14px; }
.scores strong { display: block; font-size: 22px; font-weight: 640; font-variant-numeric: tabular-nums; margin-bottom: 6px; }
.scores .bar { height: 5px; margin-bottom: 8px; }
.scores span { font-size: 12.5px; color: var(--second); }

.first { display: grid; grid-template-columns: repeat(auto-fit, minmax(320px, 1fr)); gap: 10px; }
.first a { display: block; height: 100%; padding: 14px 16px; text-decoration: none; border-left: 3px solid; }
.first a.findings { border-left-color: var(--findings); }
.first a.broke { border-left-color: var(--broke); }
.first a:hover { border-color: var(--accent); }
.first p { margin-top: 6px; }

.word { display: inline-block; border-radius: 5px; padding: 1px 7px; font-size: 12px; font-weight: 600; white-space: nowrap; }
.word.survived { color: var(--survived); background: var(--survived-fill); }
.word.findings { color: var(--findings); background: var(--findings-fill); }
.word.broke { color: var(--broke); background: var(--broke-fill); }
.word.not-met, .word.not-run { color: var(--second); background: var(--quiet); font-weight: 500; }

.matrix { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(560px, 100%), 1fr)); gap: 14px; align-items: start; }
.matrix section { overflow: hidden; }
.matrix .head { display: flex; gap: 12px; align-items: baseline; justify-content: space-between; padding: 14px 16px 10px; }
.matrix .head h3 { margin: 0; font-size: 14px; overflow-wrap: anywhere; }
.matrix .head strong { font-size: 18px; white-space: nowrap; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
.matrix table { border-collapse: collapse; width: 100%; }
.matrix th { font-weight: 500; text-align: left; }
.matrix thead th { font-size: 12px; color: var(--second); padding: 4px 3px; text-align: center; white-space: nowrap; }
.matrix tbody th { padding: 2px 8px 2px 16px; font-size: 13px; min-width: 128px; }
.matrix tbody.group th.title { font-size: 11.5px; color: var(--second); padding-top: 12px; padding-bottom: 3px; }
.matrix td { padding: 2px 3px; text-align: center; min-width: 72px; }
.matrix td:last-child { padding-right: 14px; }
.matrix tr:last-child > * { padding-bottom: 3px; }
.matrix table { margin-bottom: 12px; }
.matrix td a, .matrix td span.word { display: block; padding: 3px 2px; text-decoration: none; }
.matrix td a:hover { box-shadow: 0 0 0 1.5px currentColor; }
a:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }

.story { display: none; position: fixed; inset: 0 0 0 auto; width: min(680px, 100%); overflow-y: auto; background: var(--panel); box-shadow: var(--shadow); padding: 22px 26px 60px; z-index: 2; border-left: 1px solid var(--line); }
.story:target { display: block; }
.shade { display: none; position: fixed; inset: 0; background: rgb(0 0 0 / 28%); z-index: 1; }
body:has(.story:target) .shade { display: block; }
body:has(.story:target) { overflow: hidden; }
.story .top { display: flex; gap: 12px; justify-content: space-between; align-items: center; margin-bottom: 12px; }
.story .close { text-decoration: none; border: 1px solid var(--line); border-radius: 6px; padding: 3px 11px; font-size: 13px; }
.story .close:hover { border-color: var(--second); }
.story h2 { margin: 0 0 4px; font-size: 18px; line-height: 1.35; }
.story .found li { padding: 9px 12px; border-radius: 6px; background: var(--findings-fill); margin-bottom: 6px; }
.story .found b { color: var(--findings); }
.story .requests li { display: grid; grid-template-columns: 74px 52px 1fr; gap: 0 10px; padding: 6px 8px; border-bottom: 1px solid var(--line); font-size: 13px; align-items: baseline; }
.story .requests li.faulty { background: var(--fault-fill); border-radius: 6px; border-bottom-color: transparent; }
.story .requests .when { color: var(--second); font-variant-numeric: tabular-nums; font-size: 12px; }
.story .requests .status { font-weight: 640; font-variant-numeric: tabular-nums; }
.story .requests .good { color: var(--survived); }
.story .requests .bad { color: var(--broke); }
.story .requests .note { grid-column: 3; overflow-wrap: anywhere; color: var(--second); font-size: 12px; }
.story .requests .fault { color: var(--fault); font-weight: 600; }
.story details { margin-top: 14px; }
.story summary { cursor: pointer; font-weight: 620; font-size: 13px; margin-bottom: 6px; }
.story pre { margin-top: 4px; }

@media (max-width: 640px) {
  main { padding: 18px 14px 60px; }
  .hero { grid-template-columns: 1fr; padding: 18px; gap: 14px; }
  .scores { grid-template-columns: repeat(2, 1fr); }
  .first { grid-template-columns: 1fr; }
  .matrix td { min-width: 62px; }
  .matrix tbody th { min-width: 104px; padding-left: 12px; font-size: 12.5px; }
  .matrix .word { font-size: 11.5px; }
  .story { padding: 16px 16px 60px; }
  .story .requests li { grid-template-columns: 62px 44px 1fr; padding: 6px 4px; }
}
@media print {
  .story { display: block; position: static; width: auto; box-shadow: none; border: 0; break-inside: avoid; }
  .shade, .close { display: none !important; }
}
`
