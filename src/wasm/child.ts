/** Entry of the processes in which guests without a network run. */
import { serveGuests } from './serve-guests.js'

serveGuests(() => ({}))
