/**
 * Script of the phone's page: listens for changes, fetches the page again, counts down. Without script the page works, and is
 * as old as its last load.
 */
export const phoneScript = `
const byId = (id) => document.getElementById(id)
const left = (seconds) => Math.floor(seconds / 60) + ':' + String(seconds % 60).padStart(2, '0')
// Its questions and its history.
const listed = (page) => [...page.querySelectorAll('#content :is([name=question], time[datetime])')].map((one) => one.value ?? one.dateTime).join()
let renewing
function renew(words, unlessSame) {
  renewing = (renewing ?? Promise.resolve()).then(async () => {
    const response = await fetch(location.pathname, { headers: { accept: 'text/html' } })
    if (!response.ok) return location.reload()
    const next = new DOMParser().parseFromString(await response.text(), 'text/html')
    if (unlessSame && listed(next) === listed(document)) return
    const focused = document.activeElement
    const inside = byId('content').contains(focused)
    const opened = [...document.querySelectorAll('details[open]')].map(({ id }) => id)
    byId('content').replaceChildren(...next.getElementById('content').childNodes)
    for (const id of opened) byId(id)?.setAttribute('open', '')
    // Answers have no id: an address could name it, and a key that is held down would answer.
    const same = [...document.querySelectorAll('[data-answer]')].find((one) => one.dataset.answer === focused.dataset.answer)
    if (inside) (same ?? byId('waiting')).focus()
    document.title = next.title
    if (words) byId('said').textContent = words
    tick()
  }).catch(() => {})
}
function tick() {
  for (const place of document.querySelectorAll('[data-expires]')) {
    const seconds = Math.max(0, Math.ceil(Number(place.dataset.expires) - Date.now() / 1000))
    place.textContent = left(seconds)
    place.parentElement.classList.toggle('soon', seconds < 60)
    if (seconds === 0 && !place.dataset.over) { place.dataset.over = '1'; setTimeout(renew, 400) }
  }
}
const live = byId('live')
const source = new EventSource(location.pathname + '/events')
const show = (on) => { live.classList.toggle('on', on); live.textContent = on ? 'Live' : 'Not connected' }
// Changes before it opened were sent to no page. A page that is current keeps its message about the last answer.
source.onopen = () => { renew('', true); show(true) }
source.onerror = () => show(false)
source.addEventListener('changed', ({ data }) => renew(JSON.parse(data)))
setInterval(tick, 1000)
tick()
`
