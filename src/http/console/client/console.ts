import { askBeforeSending } from './confirm.js'
import { offerCopies } from './copy.js'
import { runCountdowns } from './countdown.js'
import { listenToKeys } from './keys.js'
import { followEvents } from './live.js'
import { showLocalTimes } from './times.js'
import { showUploads } from './upload.js'

/** Everything here is an addition: each page reads and acts without it. */
showLocalTimes(document)
runCountdowns()
askBeforeSending()
listenToKeys()
showUploads()
offerCopies()
followEvents()
document.addEventListener('htmx:after:swap', () => showLocalTimes(document))
