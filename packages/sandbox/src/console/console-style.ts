/** Style of the console, in addition to the common one. */
export const consoleStyle = `
.page { max-width: 92rem; padding-bottom: 1rem }
header { margin-bottom: 1rem }
main { display: grid; grid-template-columns: minmax(0, 1.2fr) minmax(0, 1fr); gap: 1.5rem; align-items: start }
.bar { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .5rem 1rem; margin: 0 0 .625rem }
.bar h2 { margin: 0 } .bar form { display: flex; flex-wrap: wrap; gap: .5rem 1rem; font-size: .875rem; color: var(--quiet) }
.bar label { display: inline-flex; align-items: center; gap: .375rem }
select { font: inherit; max-width: 11rem; min-height: 2rem; padding: .125rem .375rem; border-radius: .5rem; border: 1px solid var(--line);
  background: var(--card); color: var(--text) }
select:focus-visible, pre:focus-visible, .detail:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.bar button { width: auto; min-height: 2rem; padding: .125rem .75rem }
ol, ul { margin: 0; padding: 0 } ol { list-style: none } time { color: var(--quiet); font-variant-numeric: tabular-nums; white-space: nowrap }
code { overflow-wrap: anywhere }
.rows { background: var(--card); border: 1px solid var(--line); border-radius: .875rem; overflow: hidden }
.rows li + li { border-top: 1px solid var(--line) }
.rows a { display: grid; grid-template-columns: 4.25rem 3.75rem 8.5rem 6.75rem minmax(0, 1fr); gap: .125rem .5rem;
  align-items: baseline; padding: .5625rem .875rem; color: inherit; text-decoration: none; font-size: .875rem }
.rows a:hover { background: var(--field) } .rows a[aria-current] { background: var(--field); box-shadow: inset .25rem 0 var(--accent) }
.rows a:focus-visible { outline-offset: -3px }
.rows .why { color: var(--quiet) } .rows .why, .rows .tool, .rows .who { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden }
.tag, .label { font-weight: 600; font-size: .8125rem; white-space: nowrap }
.tag::before { content: ""; display: inline-block; width: .5rem; height: .5rem; margin-right: .4rem; border-radius: 50%; background: currentColor }
.good { color: var(--good) } .bad { color: var(--bad) } .warn { color: var(--warn) }
.tag.quiet, .label.quiet { color: var(--quiet) }
.detail { position: sticky; top: 1rem; max-height: calc(100vh - 2rem); overflow-y: auto; background: var(--card); border: 1px solid var(--line);
  border-radius: .875rem; padding: 1rem 1.125rem }
.detail > h2:first-child { margin: 0 0 .75rem } .detail h3 { font-size: .875rem; margin: 1.25rem 0 .375rem; color: var(--quiet); font-weight: 600 }
.detail .big code { font-size: 1.125rem; font-weight: 600 } .detail dl { margin: .625rem 0; gap: .125rem 1rem; font-size: .875rem }
.detail .code { color: var(--quiet) } .back { margin: 0 0 .75rem; font-size: .875rem }
.reason { border: 1px solid var(--line); border-left: .25rem solid currentColor; border-radius: .375rem; padding: .625rem .875rem; margin: .875rem 0; background: var(--field) }
.reason > * { color: var(--text) } .detail .reason h3 { margin: 0; color: var(--text) } .detail .reason h3 ~ h3 { margin-top: .75rem }
.reason > ul:not(.lines) { padding-left: 1.125rem; font-size: .875rem } .reason p, .question { font-size: .9375rem }
.reason details { color: var(--quiet) }
.lines { list-style: none; font-size: .8125rem; color: var(--quiet); overflow-wrap: anywhere } .lines .lines { padding-left: 1rem }
.lines .no { color: var(--bad) } .lines .no > .lines { color: var(--quiet) }
.steps > li { display: grid; grid-template-columns: 1.25rem 6rem minmax(0, 1fr) auto; gap: .5rem; padding: .3125rem 0; font-size: .875rem; align-items: baseline }
.steps > li + li { border-top: 1px solid var(--line) } .steps .what > details { margin: .25rem 0 0 }
.mark { font-weight: 700; text-align: center }
.states { display: flex; flex-wrap: wrap; gap: .125rem 1rem; font-size: .875rem } .plain { list-style: none; font-size: .875rem }
.plain li + li { border-top: 1px solid var(--line); margin-top: .375rem; padding-top: .375rem } .plain p { margin: .125rem 0 }
.feed { font-size: .8125rem } .feed li { display: grid; grid-template-columns: 4rem 4.75rem minmax(0, 1fr); gap: .5rem; padding: .25rem 0; align-items: baseline }
pre { font: .8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, "Liberation Mono", monospace; margin: .375rem 0 0; padding: .625rem .75rem; overflow-x: auto;
  background: var(--card); border: 1px solid var(--line); border-radius: .5rem; color: var(--text) }
@media (max-width: 62rem) {
  main { grid-template-columns: minmax(0, 1fr) } main.opened .calls { display: none }
  .detail { position: static; max-height: none; overflow: visible }
}
@media (max-width: 34rem) {
  .rows a { grid-template-columns: auto fit-content(5.5rem) minmax(0, 1fr) auto; gap: .125rem .625rem } .rows .why { grid-column: 1 / -1 } .rows .why:empty { display: none }
  .steps > li { grid-template-columns: 1.25rem minmax(0, 1fr) auto; gap: 0 .5rem } .steps .what { grid-area: 2 / 2 / 3 / 4 }
  .feed li { grid-template-columns: 4rem minmax(0, 1fr); gap: 0 .5rem; padding: .3125rem 0 } .feed li > :last-child { grid-column: 1 / -1 }
  .bar label, select { flex: 1; min-width: 0; max-width: none } .bar form { width: 100%; flex-wrap: nowrap }
}
`
