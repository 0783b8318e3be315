import { connect } from 'node:net'
import { dataBytes, formatId } from './mails.mjs'

/**
 * @typedef {object} LoadOptions
 * @property {number} port on 127.0.0.1
 * @property {string} run names the run in each mail's id
 * @property {import('./mails.mjs').BenchMail} mail
 * @property {number} sessions at a time
 * @property {number} messages in all; no more than this are sent
 * @property {boolean} keepsConnection false opens a connection per message
 * @property {number | null} ratePerSecond an open loop: message n is due at n / rate, however slow the server is
 * @property {number} secondsMax no message is begun after this
 *
 * @typedef {object} LoadResult
 * @property {Map<number, number>} sentAt when the final dot was written, in ms of the machine's steady clock
 * @property {Map<number, number>} acceptedAt when the 250 was read
 * @property {number[]} latenessMs how much later than due each mail of an open loop was begun
 * @property {Map<string, number>} refusals what else the server said, with how often
 * @property {number} startedAt
 * @property {number} endedAt
 */

export const clockMs = () => Number(process.hrtime.bigint()) / 1e6

/** Sends the mails and resolves when each is answered. @param {LoadOptions} options @returns {Promise<LoadResult>} */
export async function sendLoad(options) {
  const startedAt = clockMs()
  const work = { ...options, startedAt, next: 0, endsBy: startedAt + options.secondsMax * 1000 }
  /** @type {LoadResult} */
  const result = {
    sentAt: new Map(),
    acceptedAt: new Map(),
    latenessMs: [],
    refusals: new Map(),
    startedAt,
    endedAt: 0,
  }
  const workers = Math.min(options.sessions, options.messages)
  await Promise.all(Array.from({ length: workers }, () => runSessions(work, result)))
  result.endedAt = clockMs()
  return result
}

/** @typedef {LoadOptions & { startedAt: number, next: number, endsBy: number }} Work */

/** One sender: session after session until nothing is left to send. @param {Work} work @param {LoadResult} result */
async function runSessions(work, result) {
  while (hasMore(work)) await runSession(work, result)
}

/** @param {Work} work */
function hasMore(work) {
  return work.next < work.messages && clockMs() < work.endsBy
}

/** One connection, from the greeting to its end. @param {Work} work @param {LoadResult} result @returns {Promise<void>} */
function runSession(work, result) {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: work.port, noDelay: true })
    let step = 'greeting'
    let number = -1
    let unread = ''

    const say = (/** @type {string} */ nextStep, /** @type {string | Buffer} */ line) => {
      step = nextStep
      socket.write(line)
    }
    const quit = () => say('quit', 'QUIT\r\n')
    const begin = () => {
      if (!hasMore(work) || (!work.keepsConnection && number >= 0)) return quit()
      number = work.next++
      const dueAt = work.ratePerSecond === null ? 0 : work.startedAt + (number / work.ratePerSecond) * 1000
      const waitMs = dueAt - clockMs()
      if (waitMs > 1) setTimeout(mail, waitMs, dueAt)
      else mail(dueAt)
    }
    const mail = (/** @type {number} */ dueAt) => {
      if (dueAt > 0) result.latenessMs.push(Math.max(0, clockMs() - dueAt))
      say('mail', 'MAIL FROM:<alerts@svc.example.test>\r\n')
    }
    const onReply = (/** @type {string} */ reply) => {
      if (step === 'quit') return socket.end()
      const wanted = { greeting: '220', data: '354' }[step] ?? '250'
      if (!reply.startsWith(wanted)) {
        const words = `${step}: ${reply}`.slice(0, 100)
        result.refusals.set(words, (result.refusals.get(words) ?? 0) + 1)
        return quit()
      }
      if (step === 'greeting') say('ehlo', 'EHLO bench.example.test\r\n')
      else if (step === 'mail') say('rcpt', 'RCPT TO:<ops@gw.example.test>\r\n')
      else if (step === 'rcpt') say('data', 'DATA\r\n')
      else if (step === 'data') {
        say('body', dataBytes(work.mail, formatId(work.run, number)))
        result.sentAt.set(number, clockMs())
      } else {
        if (step === 'body') result.acceptedAt.set(number, clockMs())
        begin()
      }
    }
    socket.on('data', (chunk) => {
      unread += chunk.latin1Slice()
      for (let end = unread.indexOf('\r\n'); end >= 0; end = unread.indexOf('\r\n')) {
        const line = unread.slice(0, end)
        unread = unread.slice(end + 2)
        // A hyphen behind the code says that the reply goes on.
        if (line[3] !== '-') onReply(line)
      }
    })
    socket.on('error', (error) => result.refusals.set(error.message, (result.refusals.get(error.message) ?? 0) + 1))
    socket.on('close', () => resolve())
    // A server that says nothing must not hold the benchmark for ever.
    socket.setTimeout(30_000, () => socket.destroy(new Error(`no answer in 30 s after ${step}`)))
  })
}
