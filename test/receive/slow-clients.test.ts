import { expect, it } from 'vitest'
import { beginData, connectRaw } from './raw-client.js'
import { startGateway } from './smtp-fixture.js'

/** Writes a byte again and again, as a client does that wants to be neither idle nor done. */
function trickle(write: () => void): Disposable {
  const timer = setInterval(write, 5)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

it('a command line that does not end is cut, and a whole one starts the time anew', async () => {
  await using gateway = await startGateway({}, { limits: { commandMs: 500 } })
  const client = await connectRaw(gateway.port)
  await client.ask('EHLO test')
  client.write('NO')
  await new Promise((resolve) => setImmediate(resolve))
  client.write('OP\r\n')
  expect(await client.reply()).toMatch(/^250/)
  client.write('NOOP\r\nN')
  expect(await client.reply()).toMatch(/^250/)
  using _ = trickle(() => client.socket.writable && client.write('N'))
  expect(await client.reply()).toBe('421 4.4.2 the command line took too long')
  await client.closed
  expect(gateway.rejections).toMatchObject([{ reason: 'too_slow', client: '127.0.0.1' }])
})

it('a password that does not end is cut as well', async () => {
  await using gateway = await startGateway(
    { users: [{ name: 'a', password: 'b', certificate: null, senders: null, recipients: null, limits: {} }] },
    { limits: { commandMs: 50 } },
  )
  const client = await connectRaw(gateway.port)
  await client.ask('EHLO test')
  expect(await client.ask('AUTH LOGIN')).toMatch(/^334/)
  using _ = trickle(() => client.socket.writable && client.write('Y'))
  expect(await client.reply()).toMatch(/^421 4\.4\.2/)
})

it('a mail that comes too slowly is cut after the time of grace, with the reason', async () => {
  await using gateway = await startGateway({}, { limits: { slowDataGraceMs: 100, dataBytesPerSecondMin: 500 } })
  const client = await connectRaw(gateway.port)
  await beginData(client)
  using _ = trickle(() => client.socket.writable && client.write('x'.repeat(1)))
  expect(await client.reply()).toBe('421 4.4.2 DATA came slower than 500 bytes a second')
  await client.closed
  expect(gateway.saved).toEqual([])
  expect(gateway.rejections).toMatchObject([{ reason: 'too_slow', from: 'monit@host.example' }])
})

it('a mail that keeps its pace may take longer than the time of grace', async () => {
  await using gateway = await startGateway({}, { limits: { slowDataGraceMs: 30, dataBytesPerSecondMin: 10 } })
  const client = await connectRaw(gateway.port)
  await beginData(client)
  for (let n = 0; n < 20; n++) {
    client.write('twenty bytes a line.\r\n')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  expect(await client.ask('.')).toMatch(/^250/)
})
