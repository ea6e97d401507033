#pragma once
// How the report looks: one style sheet, for light and dark, for a desk and a pocket.

namespace gpt {

inline constexpr const char* report_style = R"(
  :root { color-scheme: light dark; --page: #f5f6f8; --card: #ffffff; --edge: #e1e4e8; --text: #1f2937;
    --quiet: #57606a; --good: #0a8754; --bad: #c92a2a; --busy: #2563eb; --warn: #9a6700; }
  @media (prefers-color-scheme: dark) {
    :root { --page: #0d1117; --card: #161b22; --edge: #2b323b; --text: #e6edf3; --quiet: #9198a1;
      --good: #4ad295; --bad: #ff7b72; --busy: #6ea8fe; --warn: #e3b341; }
  }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--page); color: var(--text); line-height: 1.5; -webkit-text-size-adjust: 100%;
    font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; }
  main { max-width: 1120px; margin: 0 auto; padding: 28px 20px 48px; }
  header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 14px; margin-bottom: 6px; }
  h1 { font-size: 1.7rem; margin: 0; overflow-wrap: anywhere; }
  h2 { font-size: 1.15rem; margin: 34px 0 10px; }
  p { margin: 4px 0; color: var(--quiet); }
  .pill { font-size: .85rem; font-weight: 600; padding: 2px 12px; border-radius: 999px;
    border: 1.5px solid currentColor; white-space: nowrap; }
  .running { color: var(--busy); }  .done { color: var(--good); }  .bad { color: var(--bad); }
  .stopped { color: var(--warn); }
  .note { border-left: 4px solid var(--bad); background: var(--card); border-radius: 4px; padding: 10px 14px;
    margin: 16px 0 0; color: var(--text); overflow-wrap: anywhere; }
  .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-top: 20px; }
  .tile, figure, .card { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; }
  .tile { padding: 12px 14px; }
  .tile b { display: block; font-size: 1.35rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
  .tile span { color: var(--quiet); font-size: .84rem; }
  .charts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 14px; }
  .charts .wide { grid-column: 1 / -1; }
  figure { margin: 0; padding: 12px 14px 6px; }
  figcaption { display: flex; flex-wrap: wrap; gap: 2px 16px; align-items: baseline; margin-bottom: 6px; }
  figcaption b { margin-right: auto; }  small { color: var(--quiet); font-weight: 400; margin-left: 4px; }
  figcaption span, .names span { color: var(--quiet); font-size: .84rem; white-space: nowrap; }
  figcaption span svg, .names span svg { width: 22px; height: 10px; margin-right: 5px; }
  .names { display: flex; flex-wrap: wrap; gap: 2px 16px; margin-top: 4px; }
  figure > svg, .desk svg, .pocket svg { display: block; width: 100%; height: auto; }  .pocket { display: none; }
  figure .page, .card .page { fill: none; }
  .scroll { overflow-x: auto; }
  .scroll > svg { display: block; min-width: 720px; width: 100%; height: auto; }
  .card { padding: 6px 14px; overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
  th, td { text-align: left; padding: 6px 18px 6px 0; border-bottom: 1px solid var(--edge); vertical-align: top; }
  tr:last-child td { border-bottom: 0; }
  th { color: var(--quiet); font-weight: 600; }
  .number { text-align: right; }
  pre { margin: 6px 0; white-space: pre-wrap; overflow-wrap: anywhere; font: .88rem/1.5 ui-monospace, 'DejaVu Sans Mono',
    monospace; }
  .choices { columns: 3 240px; column-gap: 28px; margin: 6px 0; font-size: .92rem; }
  .choices div { display: flex; justify-content: space-between; gap: 12px; break-inside: avoid;
    border-bottom: 1px solid var(--edge); padding: 3px 0; }
  .choices span { color: var(--quiet); }  .choices b { font-weight: 600; overflow-wrap: anywhere; text-align: right; }
  footer { margin-top: 34px; color: var(--quiet); font-size: .84rem; overflow-wrap: anywhere; }
  @media (max-width: 720px) {
    main { padding: 18px 12px 32px; }  .charts { grid-template-columns: minmax(0, 1fr); }
    .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); }  .charts svg text { font-size: 16px; }
    .pocket { display: block; }  .desk { display: none; }
  }
)";

}  // namespace gpt
