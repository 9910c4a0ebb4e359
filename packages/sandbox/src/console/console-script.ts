import { liveScript } from '../pages/index.ts'

/** Time in which several changes cause one renewal, in milliseconds. */
const TOGETHER_MS = 150

/** Script of the console: fetches the page again after changes, and opens calls without a new page. */
export const consoleScript = `${liveScript}
const parts = ['list', 'filters', 'detail']
// As the server sent them: the person may have opened or selected something since.
const served = new Map(parts.map((id) => [id, byId(id).innerHTML]))
const here = () => location.pathname + location.search
const placeOf = (one) => one?.dataset?.key ?? one?.name
function renew({ words, focusOn } = {}) {
  const address = here()
  return fetchPage(address, (next) => {
    // The person went elsewhere meanwhile.
    if (address !== here()) return
    const focused = placeOf(document.activeElement)
    const opened = openedIds()
    for (const id of parts) {
      const part = next.getElementById(id)
      if (part.innerHTML === served.get(id)) continue
      served.set(id, part.innerHTML)
      byId(id).replaceChildren(...part.childNodes)
    }
    byId('main').className = next.getElementById('main').className
    reopen(opened)
    const wanted = focusOn ?? focused
    const same = wanted && [...document.querySelectorAll('[data-key], select')].find((one) => placeOf(one) === wanted)
    if (focusOn === 'about') { byId('detail').scrollTop = 0; byId('about').focus() }
    else if (same && same !== document.activeElement) same.focus({ preventScroll: focusOn === undefined })
    if (words) byId('said').textContent = words
  })
}
function go(address, focusOn) {
  history.pushState(null, '', address)
  renew({ focusOn })
}
const callOf = () => new URLSearchParams(location.search).get('call')
function openLink(link) {
  const back = link.dataset.key === 'back'
  go(link.href, back ? callOf() ?? undefined : 'about')
}
addEventListener('click', (event) => {
  const link = event.target.closest('a[data-key]')
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
  event.preventDefault()
  openLink(link)
})
addEventListener('keydown', (event) => {
  const link = document.querySelector('a[data-key=back]')
  if (event.key === 'Escape' && link) openLink(link)
})
addEventListener('change', ({ target }) => {
  if (!target.form) return
  const query = new URLSearchParams([...new FormData(target.form)].filter(([, value]) => value))
  if (callOf()) query.set('call', callOf())
  go(query.size ? '?' + query : location.pathname)
})
addEventListener('popstate', () => renew())
let isBusy = false
let isDue = false
let said = ''
// One renewal at a time, however many changes come.
function renewSoon(words) {
  said = words || said
  isDue = true
  if (isBusy) return
  isBusy = true
  setTimeout(async () => {
    isDue = false
    const last = said
    said = ''
    await renew({ words: last })
    isBusy = false
    if (isDue) renewSoon('')
  }, ${TOGETHER_MS})
}
follow(location.pathname + '/events', { opened: () => renew(), changed: renewSoon })
`
