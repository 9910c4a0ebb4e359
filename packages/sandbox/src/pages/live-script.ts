/**
 * Part of the scripts of live pages: it fetches a page again, and shows whether the page is live. Without scripts, a
 * page works, and shows the state of its last load.
 */
export const liveScript = `
const byId = (id) => document.getElementById(id)
let renewing
// One after another: an older page does not replace a newer one.
function fetchPage(address, use) {
  return renewing = (renewing ?? Promise.resolve()).then(async () => {
    const response = await fetch(address, { headers: { accept: 'text/html' } })
    if (!response.ok) return location.reload()
    use(new DOMParser().parseFromString(await response.text(), 'text/html'))
  }).catch(() => {})
}
const openedIds = () => [...document.querySelectorAll('details[open]')].map(({ id }) => id)
const reopen = (ids) => { for (const id of ids) byId(id)?.setAttribute('open', '') }
// Changes before it opened were sent to no page.
function follow(address, { opened, changed }) {
  const live = byId('live')
  const show = (on) => { live.classList.toggle('on', on); live.textContent = on ? 'Live' : 'Not connected' }
  const source = new EventSource(address)
  source.onopen = () => { opened(); show(true) }
  source.onerror = () => show(false)
  source.addEventListener('changed', ({ data }) => changed(JSON.parse(data)))
}
`
