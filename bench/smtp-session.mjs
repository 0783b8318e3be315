import { connect } from 'node:net'

/** @typedef {{ socket: import('node:net').Socket, reply: () => Promise<string> }} Session */

/** A greeted connection; `reply` gives the last line of each reply, and `gone` once there are no more. @param {number} port @returns {Promise<Session>} */
export async function openSession(port) {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  /** @type {string[]} */
  const replies = []
  let wake = () => {}
  let rest = ''
  let isGone = false
  socket.on('error', () => {})
  socket.on('data', (bytes) => {
    rest += bytes
    for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
      if (rest[3] !== '-') replies.push(rest.slice(0, end))
      rest = rest.slice(end + 2)
    }
    wake()
  })
  socket.on('close', () => {
    isGone = true
    wake()
  })
  const reply = async () => {
    for (;;) {
      const first = replies.shift()
      if (first !== undefined) return first
      if (isGone) return 'gone'
      await new Promise((done) => {
        wake = () => done(undefined)
      })
    }
  }
  await reply()
  return { socket, reply }
}

/** Says everything up to 354. Throws what was said instead. @param {Session} session */
export async function beginData({ socket, reply }) {
  for (const command of ['EHLO bench', 'MAIL FROM:<bench@mailtrigger.app>', 'RCPT TO:<ops@mailtrigger.app>', 'DATA']) {
    socket.write(`${command}\r\n`)
    const answer = await reply()
    if (!/^(250|354)/.test(answer)) throw new Error(`${command}: ${answer}`)
  }
}
