// Events of the server as DOM events `onecard:<topic>` on the body; parts of the page that name one fetch themselves.
const { events: address, eventsWorker: script } = document.body.dataset
let wasLost = false

function heard({ topic, state }, tell) {
  if (topic) document.body.dispatchEvent(new CustomEvent(`onecard:${topic}`))
  if (state === 'lost') {
    wasLost = true
    tell('lost')
  }
  if (state === 'open') {
    tell('open')
    // what happened in between was not heard
    if (wasLost) refresh()
    wasLost = false
  }
}

function refresh() {
  for (const part of document.querySelectorAll('[hx-trigger*="onecard:"]')) {
    const topics = part.getAttribute('hx-trigger').match(/onecard:[\w.-]+/g) ?? []
    const live = topics.find((topic) => topic !== 'onecard:changed')
    if (live) document.body.dispatchEvent(new CustomEvent(live))
  }
}

export function startEvents(tell) {
  if (!address) return
  if (globalThis.SharedWorker) {
    const { port } = new SharedWorker(script, { name: 'onecard-events' })
    port.addEventListener('message', ({ data }) => heard(data, tell))
    port.start()
    port.postMessage({ address })
    addEventListener('pagehide', () => port.postMessage({ bye: true }))
    addEventListener('pageshow', (event) => { if (event.persisted) location.reload() })
  } else {
    const source = new EventSource(address)
    source.addEventListener('open', () => heard({ state: 'open' }, tell))
    source.addEventListener('error', () => heard({ state: 'lost' }, tell))
    source.addEventListener('message', (event) => heard({ topic: JSON.parse(event.data) }, tell))
  }
}
