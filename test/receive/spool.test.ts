import { chmodSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { RawMail } from '#src/domain/mail.js'
import { openSpool } from '#src/receive/spool.js'
import { until } from '../stand-ins/until.js'
import { beginData, connectRaw, type RawClient } from './raw-client.js'
import { type Gateway, startGateway } from './smtp-fixture.js'

const head = 'Subject: large\r\n\r\n'

describe('a mail that is larger than memory is to hold', () => {
  it('waits in a file of our own while it is received, arrives byte for byte, and leaves nothing behind', async () => {
    await using gateway = await startGateway({ sizeBytesMax: 30_000_000 })
    const client = await connectRaw(gateway.port)
    await beginData(client)
    // Lines of every length, some of which begin with a dot, in pieces that end anywhere.
    const lines = Array.from(
      { length: 20_000 },
      (_, index) => `${'.'.repeat(index % 3)}${index} ${'x'.repeat(index % 97)}`,
    )
    const text = `${head}${lines.join('\r\n')}\r\n`
    const stuffed = text.replace(/^\./gm, '..')
    client.write(stuffed.slice(0, 600_001))
    await until(() => listSpool(gateway).length === 1, 'the spool is begun')
    const [name = ''] = listSpool(gateway)
    expect(statSync(join(gateway.spoolFolder, name)).mode & 0o777).toBe(0o600)
    for (let from = 600_001; from < stuffed.length; from += 77_777) client.write(stuffed.slice(from, from + 77_777))
    expect(await client.ask('.')).toMatch(/^250/)
    expect(Buffer.from(gateway.saved[0]?.raw ?? []).toString('latin1')).toBe(text)
    await until(() => listSpool(gateway).length === 0, 'the file is gone')
    expect(gateway.logged).toEqual([])
  })

  it('touches no file when it is small', async () => {
    const seen: number[] = []
    const names: (() => string[])[] = []
    await using gateway = await startGateway({}, { save: async () => void seen.push(names[0]?.().length ?? -1) })
    names.push(() => listSpool(gateway))
    expect(await send(await connectRaw(gateway.port), 200_000)).toMatch(/^250/)
    expect(seen).toEqual([0])
  })

  it('is forgotten when its sender vanishes', async () => {
    await using gateway = await startGateway({ sizeBytesMax: 30_000_000 })
    const client = await connectRaw(gateway.port)
    await beginData(client)
    client.write(`${head}${'x'.repeat(400_000)}`)
    await until(() => listSpool(gateway).length === 1, 'the spool is begun')
    client.socket.destroy()
    await until(() => listSpool(gateway).length === 0, 'the file is gone')
    expect(gateway.saved).toEqual([])
  })

  it('is forgotten when it is too large, or refused, and the session goes on', async () => {
    await using gateway = await startGateway({ sizeBytesMax: 500_000 }, { save: rejectOnce() })
    const client = await connectRaw(gateway.port)
    expect(await send(client, 900_000)).toMatch(/^552/)
    expect(await send(client, 400_000)).toMatch(/^451/)
    expect(await send(client, 400_000)).toMatch(/^250/)
    await until(() => listSpool(gateway).length === 0, 'the files are gone')
  })
})

describe('while memory is short', () => {
  it('mails go to the spool early, all of them arrive, and everything is given back', async () => {
    const limits = { bytesInFlightMax: 100_000 }
    await using gateway = await startGateway({}, { limits })
    const clients = await Promise.all(Array.from({ length: 10 }, () => connectRaw(gateway.port)))
    for (let round = 0; round < 3; round++) {
      await Promise.all(clients.map((client) => beginData(client)))
      for (const client of clients) client.write(`${head}${'y'.repeat(40_000)}`)
      await until(() => listSpool(gateway).length >= 8, 'most of them are in the spool')
      const replies = await Promise.all(clients.map((client) => client.ask(`${'z'.repeat(40_000)}\r\n.`)))
      expect(replies.every((reply) => reply.startsWith('250'))).toBe(true)
    }
    expect(gateway.saved.map(({ raw }) => raw.length)).toEqual(Array(30).fill(head.length + 80_002))
    await until(() => listSpool(gateway).length === 0, 'the files are gone')
  })

  it('they wait for their turn to be saved, and hear 452 when it does not come', async () => {
    let open = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const limits = { memoryBytesMax: 10_000, bytesInFlightMax: 200_000, saveMs: 100, savesWaitingMax: 1 }
    await using gateway = await startGateway({}, { save: () => gate, limits: { ...limits, saveMs: 2_000 } })
    const [first, second, third] = await Promise.all([1, 2, 3].map(() => connectRaw(gateway.port)))
    if (!first || !second || !third) throw new Error('three clients')
    const saved = send(first, 90_000)
    const waiting = send(second, 90_000)
    await until(() => listSpool(gateway).length === 2, 'both are in the spool')
    expect(await Promise.race([waiting, send(third, 90_000)])).toMatch(/^452 4\.3\.1/)
    open()
    expect(await Promise.all([saved, waiting])).toEqual([expect.stringMatching(/^250/), expect.stringMatching(/^250/)])
    await until(() => listSpool(gateway).length === 0, 'the files are gone')
    expect(await send(third, 90_000)).toMatch(/^250/)
  })

  it('small pieces of one mail cost no more than what is in them', async () => {
    await using gateway = await startGateway({ sizeBytesMax: 1_000_000 })
    const client = await connectRaw(gateway.port)
    await beginData(client)
    // Each doubled dot is a piece of its own for us.
    const before = process.memoryUsage().heapUsed
    client.write('..\r\n'.repeat(60_000))
    expect(await client.ask('.')).toMatch(/^250/)
    expect(gateway.saved[0]?.raw.length).toBe(180_000)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000)
  })
})

describe('when the disk does not do its part', () => {
  it('a spool that cannot be written means 451, and the session goes on', async () => {
    await using gateway = await startGateway()
    const client = await connectRaw(gateway.port)
    rmSync(gateway.spoolFolder, { recursive: true })
    expect(await send(client, 400_000)).toMatch(/^451 4\.3\.0/)
    expect(gateway.rejections).toMatchObject([{ reason: 'not_stored', code: 451 }])
    expect(gateway.logged).toMatchObject([{ level: 'error', facts: { error: expect.stringContaining('ENOENT') } }])
    expect(await send(client, 100_000)).toMatch(/^250/)
  })

  it('a nearly full disk means 452 at MAIL FROM and for what is being spooled, until there is room', async () => {
    let isFull = false
    await using gateway = await startGateway({}, { isDiskFull: () => isFull })
    const client = await connectRaw(gateway.port)
    await beginData(client)
    client.write(`${head}${'x'.repeat(300_000)}`)
    await until(() => listSpool(gateway).length === 1, 'the spool is begun')
    isFull = true
    expect(await client.ask(`${'x'.repeat(300_000)}\r\n.`)).toBe('452 4.3.1 the disk is nearly full, try again later')
    await until(() => listSpool(gateway).length === 0, 'the file is gone')
    expect(await client.ask('MAIL FROM:<monit@host.example>')).toBe(
      '452 4.3.1 the disk is nearly full, try again later',
    )
    expect(gateway.rejections.map(({ reason }) => reason)).toEqual(['disk_full', 'disk_full'])
    isFull = false
    expect(await send(client, 300_000)).toMatch(/^250/)
  })

  it('what a process before left behind goes at the start, and the folder is ours alone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mailtrigger-spool-'))
    const spool = join(folder, 'spool')
    await openSpool(spool, () => undefined)
    expect(statSync(spool).mode & 0o777).toBe(0o700)
    writeFileSync(join(spool, 'left.part'), 'half a mail')
    chmodSync(spool, 0o755)
    const problems: string[] = []
    const { open } = await openSpool(spool, (problem) => problems.push(problem))
    expect(readdirSync(spool)).toEqual([])
    expect(statSync(spool).mode & 0o777).toBe(0o700)
    const file = await open()
    await file.append(Buffer.from('whole '))
    await file.append(Buffer.from('mail'))
    expect(Buffer.from(await file.readAll()).toString()).toBe('whole mail')
    rmSync(join(spool, readdirSync(spool)[0] ?? ''))
    await Promise.all([file.remove(), file.remove()])
    expect(problems).toEqual([expect.stringContaining('ENOENT')])
    await rm(folder, { recursive: true })
    expect(existsSync(folder)).toBe(false)
  })
})

function listSpool(gateway: Pick<Gateway, 'spoolFolder'>): string[] {
  return readdirSync(gateway.spoolFolder)
}

async function send(client: RawClient, bodyBytes: number): Promise<string> {
  await beginData(client)
  return client.ask(`${head}${'x'.repeat(bodyBytes)}\r\n.`)
}

/** A store that fails once. */
function rejectOnce(): (mail: RawMail) => Promise<void> {
  let calls = 0
  return () => (++calls === 1 ? Promise.reject(new Error('the store is away')) : Promise.resolve())
}
