// Trees of links, with the keys WAI-ARIA describes. What is open is remembered by this browser.
import { each, fetchInto, on, store } from './dom.js'

const narrow = matchMedia('(width < 62rem)')
const KEY = (tree) => `onecard-tree-${tree.dataset.tree}`
const itemsOf = (tree) => [...tree.querySelectorAll('[role=treeitem]')]
const shownOf = (tree) => itemsOf(tree).filter((item) => item.offsetParent !== null)
const parentOf = (item) => item.closest('ul[role=group]')?.previousElementSibling?.querySelector('[role=treeitem]')

function setOpen(item, open) {
  if (!item.hasAttribute('aria-expanded')) return
  item.setAttribute('aria-expanded', String(open))
  const tree = item.closest('[data-tree]')
  store.write(KEY(tree), { ...store.read(KEY(tree), {}), [item.dataset.node]: open })
}

function focus(item) {
  if (!item) return
  for (const other of itemsOf(item.closest('[data-tree]'))) other.tabIndex = -1
  item.tabIndex = 0
  item.focus()
}

function key(event, item) {
  if (event.ctrlKey || event.altKey || event.metaKey) return
  const tree = item.closest('[data-tree]')
  const shown = shownOf(tree)
  const at = shown.indexOf(item)
  const open = item.getAttribute('aria-expanded')
  const moves = {
    ArrowDown: () => focus(shown[at + 1]),
    ArrowUp: () => focus(shown[at - 1]),
    Home: () => focus(shown[0]),
    End: () => focus(shown.at(-1)),
    ArrowRight: () => (open === 'false' ? setOpen(item, true) : open && focus(shown[at + 1])),
    ArrowLeft: () => (open === 'true' ? setOpen(item, false) : focus(parentOf(item))),
    ' ': () => item.click(),
    '*': () => item.closest('ul').querySelectorAll(':scope > li > .tree-row > [role=treeitem]').forEach((each) => setOpen(each, true)),
  }
  if (!moves[event.key]) return
  event.preventDefault()
  event.stopPropagation()
  moves[event.key]()
}

function find(event, input) {
  const tree = input.closest('[data-tree]')
  const wanted = input.value.trim().toLowerCase()
  for (const item of itemsOf(tree)) {
    const own = item.querySelector('.tree-label').textContent.toLowerCase().includes(wanted)
    item.closest('li').hidden = Boolean(wanted) && !own
  }
  if (!wanted) return restore(tree)
  for (const item of itemsOf(tree)) {
    if (item.closest('li').hidden) continue
    for (let above = parentOf(item); above; above = parentOf(above)) {
      above.closest('li').hidden = false
      above.setAttribute('aria-expanded', 'true')
    }
  }
}

function restore(tree) {
  const remembered = store.read(KEY(tree), {})
  for (const item of itemsOf(tree)) {
    if (item.hasAttribute('aria-expanded') && item.dataset.node in remembered) {
      item.setAttribute('aria-expanded', String(remembered[item.dataset.node]))
    }
  }
  const current = tree.querySelector('[aria-current]')
  for (let above = current && parentOf(current); above; above = parentOf(above)) above.setAttribute('aria-expanded', 'true')
  const first = current ?? shownOf(tree)[0]
  if (first) first.tabIndex = 0
  current?.scrollIntoView({ block: 'nearest' })
}

// beside a list only the list is fetched anew
function follow(event, item) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return
  const table = document.querySelector('main [data-table][hx-get]')
  if (!table || new URL(item.href).pathname !== location.pathname) return
  event.preventDefault()
  focus(item)
  fetchInto(table.id, item.getAttribute('href'), { source: item, swap: 'outerHTML', push: 'true' })
  mark(item)
}

function mark(item) {
  const tree = item.closest('[data-tree]')
  for (const other of tree.querySelectorAll('[aria-current]')) {
    other.removeAttribute('aria-current')
    other.removeAttribute('aria-selected')
  }
  item.setAttribute('aria-current', 'true')
  item.setAttribute('aria-selected', 'true')
  const fold = tree.closest('.tree-fold')
  fold.querySelector('[data-tree-chosen]').textContent = item.querySelector('.tree-label').textContent
  if (narrow.matches) fold.open = false
}

export function startTrees() {
  on('keydown', '[data-tree] [role=treeitem]', key)
  on('click', '[data-tree] [role=treeitem]', follow)
  on('click', '[data-toggle]', (event, button) => {
    const item = button.nextElementSibling
    setOpen(item, item.getAttribute('aria-expanded') !== 'true')
  })
  on('click', '[data-collapse]', (event, button) => {
    const tree = button.closest('[data-tree]')
    for (const item of itemsOf(tree)) setOpen(item, item.getAttribute('aria-level') === '1')
  })
  on('input', '[data-tree-search]', find)
  on('keydown', '[data-tree-search]', (event, input) => {
    if (event.key !== 'ArrowDown' && event.key !== 'Enter') return
    event.preventDefault()
    focus(shownOf(input.closest('[data-tree]'))[0])
  })
  each('.tree-fold', (fold) => { fold.open = !narrow.matches })
  narrow.addEventListener('change', () => document.querySelectorAll('.tree-fold').forEach((fold) => { fold.open = !narrow.matches }))
  each('[data-tree]', restore)
}
