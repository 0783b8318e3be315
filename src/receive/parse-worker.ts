import { parentPort } from 'node:worker_threads'
import type { RawMail } from '../domain/mail.js'
import { parseMail } from './parse.js'
import type { ParseAnswer } from './parser.js'

/** The thread behind `createParser`: one mail in, one mail out, in order, and nothing kept between them. */
if (parentPort === null) throw new Error('parse-worker runs as a worker thread only')
const port = parentPort

port.on('message', (raw: RawMail) => {
  const mail = parseMail(raw)
  const buffers = mail.attachments.map((attachment) => attachment.content.buffer as ArrayBuffer)
  const answer: ParseAnswer = { kind: 'parsed', mail }
  port.postMessage(answer, buffers)
})

const ready: ParseAnswer = { kind: 'ready' }
port.postMessage(ready)
