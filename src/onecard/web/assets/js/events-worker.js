// One stream of events for all tabs of this browser: over HTTP/1.1 a host has only six connections.
const ports = new Set()
let source = null
let open = false

const tell = (message) => ports.forEach((port) => port.postMessage(message))

function listen(address) {
  if (source && source.readyState !== EventSource.CLOSED) return
  source = new EventSource(address)
  source.addEventListener('open', () => {
    open = true
    tell({ state: 'open' })
  })
  source.addEventListener('message', (event) => tell({ topic: JSON.parse(event.data) }))
  source.addEventListener('error', () => {
    open = false
    tell({ state: 'lost' })
  })
}

self.addEventListener('connect', ({ ports: [port] }) => {
  ports.add(port)
  port.addEventListener('message', ({ data }) => {
    if (data.address) listen(data.address)
    if (data.bye) ports.delete(port)
    if (!ports.size) {
      source?.close()
      source = null
    }
  })
  port.start()
  if (open) port.postMessage({ state: 'open' })
})
