/**
 * Time for which answers ignore clicks after they appear, or after their window comes to the front, in milliseconds.
 * They may be at a place where the person is about to click, such as on another question or a window above. The button
 * with the focus still gets keys.
 */
const STILL_MS = 1000

/** Common style of all pages of the sandbox: phone, login, consent. */
export const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
  --ground: #f3f5f8; --card: #fff; --text: #1b1f24; --quiet: #565f6b; --line: #dfe4ea; --field: #f7f9fb;
  --accent: #1d5bc4; --on-accent: #fff; --good: #146c3a; --bad: #a3231d; --warn: #8a5300 }
@media (prefers-color-scheme: dark) { :root { --ground: #0e1116; --card: #181c23; --text: #e9ecf0; --quiet: #a3adb9;
  --line: #2c333d; --field: #12161c; --accent: #8ab6ff; --on-accent: #0a1c38; --good: #6fd39a; --bad: #ff9a92; --warn: #f0bf6d } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--text); overflow-wrap: anywhere }
.page { max-width: 27rem; min-height: 100vh; margin: 0 auto; padding: 1.25rem 1rem 3rem }
header { display: flex; align-items: center; justify-content: space-between; gap: 1rem; margin: 0 0 1.5rem }
h1 { font-size: 1.25rem; line-height: 1.3; margin: 0; font-weight: 650 }
h2 { font-size: .9375rem; margin: 2rem 0 .625rem; color: var(--quiet); font-weight: 600 }
.big { font-size: 1.375rem; line-height: 1.25; margin: .25rem 0 .5rem; font-weight: 650; letter-spacing: -.01em; color: var(--text) }
p { margin: .375rem 0 } a { color: var(--accent) }
.quiet { color: var(--quiet); font-size: .875rem }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .875rem; padding: 1.125rem; margin: 0 0 .875rem;
  box-shadow: 0 1px 2px rgb(0 0 0 / .05) }
.empty { text-align: center; padding: 2rem 1rem; box-shadow: none; background: none; border-style: dashed }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .375rem 1rem; margin: .875rem 0; font-size: .9375rem }
dt { color: var(--quiet) } dd { margin: 0; font-variant-numeric: tabular-nums }
details { margin: .875rem 0 0; font-size: .875rem; color: var(--quiet) }
summary { cursor: pointer; padding: .25rem 0 } details dl { font-size: .8125rem; margin: .375rem 0 0 }
code { font: .8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, "Liberation Mono", monospace }
.answers { display: grid; grid-template-columns: 1fr 1fr; gap: .625rem; margin: 1rem 0 0 }
form { margin: 0 }
button, .button { font: inherit; font-weight: 600; width: 100%; min-height: 3rem; padding: .625rem 1rem; border-radius: .625rem;
  border: 1px solid var(--line); background: var(--card); color: var(--text); cursor: pointer; text-align: center }
button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent) }
button:hover { filter: brightness(.96) }
.answers button { animation: still ${STILL_MS}ms }
@keyframes still { from, to { pointer-events: none } }
.again .answers button { animation-name: still-again }
@keyframes still-again { from, to { pointer-events: none } }
button:focus-visible, a:focus-visible, summary:focus-visible, input:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.person { display: flex; gap: .875rem; align-items: center; text-align: left; margin: 0 0 .625rem; padding: .75rem 1rem }
.person small { display: block; font-weight: 400; color: var(--quiet) }
.face { flex: none; width: 2.5rem; height: 2.5rem; border-radius: 50%; display: grid; place-items: center; background: var(--field);
  border: 1px solid var(--line); color: var(--quiet); font-size: .875rem }
.left { display: flex; justify-content: space-between; gap: 1rem; font-size: .875rem; color: var(--quiet); font-variant-numeric: tabular-nums }
.left.soon { color: var(--warn); font-weight: 600 }
.live { display: inline-flex; align-items: center; gap: .4rem; font-size: .8125rem; color: var(--quiet); white-space: nowrap }
.live::before { content: ""; width: .5rem; height: .5rem; border-radius: 50%; background: var(--quiet) }
.live.on::before { background: var(--good) }
.history.card { list-style: none; padding: .25rem 1.125rem } .history li { padding: .75rem 0; border-top: 1px solid var(--line) }
.history li:first-child { border-top: 0 } .history .row { display: flex; justify-content: space-between; gap: 1rem }
.verdict { font-size: .875rem; font-weight: 600; white-space: nowrap }
.approved { color: var(--good) } .denied { color: var(--bad) } .expired { color: var(--quiet) }
ul.scopes { margin: .75rem 0; padding: 0 0 0 1.125rem } ul.scopes li { margin: .25rem 0 }
input[name=user_code] { font: 1.25rem/1.5 ui-monospace, monospace; width: 100%; min-height: 3rem; padding: .5rem .75rem; margin: .5rem 0;
  border: 1px solid var(--line); border-radius: .625rem; background: var(--field); color: inherit; text-transform: uppercase }
.said { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
.notice { border: 1px solid var(--line); border-left: .25rem solid var(--accent); padding: .5rem .875rem; background: var(--card); border-radius: .375rem; margin: 0 0 1rem }
.person + .person { margin-top: .625rem } .cards { display: grid; gap: .625rem }
`
