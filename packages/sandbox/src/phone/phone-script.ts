import { liveScript } from '../pages/index.ts'

/** Script of the phone's page: listens for changes, fetches the page again, counts down. */
export const phoneScript = `${liveScript}
const left = (seconds) => Math.floor(seconds / 60) + ':' + String(seconds % 60).padStart(2, '0')
// Its questions and its history.
const listed = (page) => [...page.querySelectorAll('#content :is([name=question], time[datetime])')].map((one) => one.value ?? one.dateTime).join()
function renew(words, unlessSame) {
  fetchPage(location.pathname, (next) => {
    if (unlessSame && listed(next) === listed(document)) return
    const focused = document.activeElement
    const inside = byId('content').contains(focused)
    const opened = openedIds()
    byId('content').replaceChildren(...next.getElementById('content').childNodes)
    reopen(opened)
    // Answers have no id: an address could name it, and a key that is held down would answer.
    const same = [...document.querySelectorAll('[data-answer]')].find((one) => one.dataset.answer === focused.dataset.answer)
    if (inside) (same ?? byId('waiting')).focus()
    document.title = next.title
    if (words) byId('said').textContent = words
    tick()
  })
}
function tick() {
  for (const place of document.querySelectorAll('[data-expires]')) {
    const seconds = Math.max(0, Math.ceil(Number(place.dataset.expires) - Date.now() / 1000))
    place.textContent = left(seconds)
    place.parentElement.classList.toggle('soon', seconds < 60)
    if (seconds === 0 && !place.dataset.over) { place.dataset.over = '1'; setTimeout(renew, 400) }
  }
}
// A page that is current keeps its message about the last answer.
follow(location.pathname + '/events', { opened: () => renew('', true), changed: (words) => renew(words) })
setInterval(tick, 1000)
tick()
`
