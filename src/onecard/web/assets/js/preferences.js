// What this browser remembers: light or dark, which parts of the menu are open. Menus close by themselves.
import { on, remember, store } from './dom.js'

const AREAS = 'onecard-areas'

function theme(event, form) {
  if (event.submitter?.name !== 'theme') return
  event.preventDefault()
  const { value } = event.submitter
  document.documentElement.dataset.bsTheme = value
  document.querySelector('meta[name=color-scheme]').content = value === 'auto' ? 'light dark' : value
  for (const button of document.querySelectorAll('[data-theme-choice] button')) {
    button.setAttribute('aria-pressed', String(button.value === value))
  }
  remember('onecard-theme', value)
}

function areas() {
  const open = store.read(AREAS, {})
  for (const area of document.querySelectorAll('.nav-area')) {
    const name = area.dataset.area
    if (name in open && !area.hasAttribute('data-current')) area.open = open[name]
    area.addEventListener('toggle', () => store.write(AREAS, { ...store.read(AREAS, {}), [name]: area.open }))
  }
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    if (!menu.contains(except)) menu.open = false
  }
}

function inMenu(event, menu) {
  if (event.key === 'Escape') {
    event.preventDefault()
    event.stopPropagation()
    menu.open = false
    menu.querySelector('summary').focus()
    return
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (!step || menu.matches('.filters')) return
  event.preventDefault()
  const items = [...menu.querySelectorAll('.menu-item')].filter((item) => item.offsetParent)
  items[(items.indexOf(document.activeElement) + step + items.length) % items.length]?.focus()
}

export function startPreferences() {
  areas()
  on('submit', '[data-theme-choice]', theme)
  on('keydown', 'details.menu[open]', inMenu)
  document.addEventListener('click', (event) => closeMenus(event.target))
  on('focusin', 'body *', (event) => closeMenus(event.target))
  // the language is changed where one is, with the filters of the list
  on('submit', 'form:has([data-here])', (event, form) => {
    form.querySelector('[data-here]').value = location.pathname + location.search
  }, true)
  on('click', '.sidebar a', () => document.getElementById('sidebar').hidePopover?.())
}
