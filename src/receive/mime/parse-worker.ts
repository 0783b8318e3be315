import { parentPort } from 'node:worker_threads'
import type { RawMail } from '../../domain/mail.js'
import { parseMail } from './parse.js'
import type { ParseAnswer } from './parser.js'

/** The thread behind `createParser`: one mail in, one mail out, and nothing kept between them. */
if (parentPort === null) throw new Error('parse-worker runs as a worker thread only')
const port = parentPort

// Mails may lie here before their turn. Parsing waits for its own streams, so without this queue two would mingle, and
// one that hangs would be mistaken for the other.
let turn = Promise.resolve()
port.on('message', (raw: RawMail) => {
  turn = turn.then(() => parseAndAnswer(raw))
})

async function parseAndAnswer(raw: RawMail): Promise<void> {
  const mail = await parseMail(raw)
  const buffers = mail.attachments.map((attachment) => attachment.content.buffer as ArrayBuffer)
  const answer: ParseAnswer = { kind: 'parsed', mail }
  port.postMessage(answer, buffers)
}

const ready: ParseAnswer = { kind: 'ready' }
port.postMessage(ready)
