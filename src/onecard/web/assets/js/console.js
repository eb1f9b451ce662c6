// The console's scripts. Every page works without them; they save keystrokes, reloads and accidents.
import { startDialogs } from './dialogs.js'
import { startEvents } from './events.js'
import { startFields } from './fields.js'
import { startForms } from './forms.js'
import { startGrants } from './grants.js'
import { startKeys } from './keys.js'
import { startLists } from './lists.js'
import { lost, startNetwork, stream } from './network.js'
import { startPalette } from './palette.js'
import { startPasskeys } from './passkeys.js'
import { startPreferences } from './preferences.js'
import { startSession } from './session.js'
import { startToasts } from './toasts.js'
import { startTrees } from './trees.js'

startToasts()
startPreferences()
startDialogs()
startForms({ lost })
startFields()
startLists()
startTrees()
startGrants()
startPalette()
startKeys()
startNetwork()
startEvents(stream)
startSession()
startPasskeys()
// htmx puts off its own start until the browser has time: what somebody quick typed until then would go nowhere
globalThis.htmx.process(document.body)
