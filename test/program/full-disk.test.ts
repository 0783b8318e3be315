import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Diagnosis } from '#src/engine/doctor-calls.js'
import { beginData, connectRaw } from '../receive/raw-client.js'
import { canMount, mountSmallDisk, type SmallDisk } from '../stand-ins/small-disk.js'
import { until } from '../stand-ins/until.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { listDelivered, listStored, missingFrom, oneHook, sendOne } from './load.js'
import { type ServeProcess, startServe } from './serve-process.js'

const diskBytes = 64_000_000

describe.skipIf(!canMount())('a disk that fills up (skipped where no file system can be mounted)', () => {
  let disk: SmallDisk
  let hook: WebhookSink
  let server: ServeProcess

  beforeEach(async () => {
    disk = mountSmallDisk(diskBytes)
    hook = await startWebhookSink()
  })
  afterEach(async () => {
    await server.kill('SIGTERM')
    await hook.stop()
    disk.remove()
  })

  it('takes no mail below server.min_free, says so everywhere, and goes on by itself', {
    timeout: 60_000,
  }, async () => {
    writeFileSync(join(disk.folder, 'routes.yaml'), oneHook(hook, 'server: { min_free: 20MB }\n'))
    server = await startServe(disk.folder, [])
    const client = await connectRaw(server.smtpPort)
    expect(await sendOne(client, 'before', 500)).toMatch(/^250/)

    const large = await connectRaw(server.smtpPort)
    await beginData(large)
    large.write(`Subject: large\r\n\r\n${'x'.repeat(400_000)}`)
    await until(() => listSpool(disk).length === 1, 'a large mail is under way')
    disk.fill(19_000_000)
    await until(async () => (await readDisk(server)).nearly_full, 'the gateway has seen it')
    expect(await sendOne(client, 'refused', 500)).toBe('452 4.3.1 the disk is nearly full, try again later')
    expect(await large.ask(`${'x'.repeat(400_000)}\r\n.`)).toMatch(/^452 4\.3\.1/)
    await until(() => listSpool(disk).length === 0, 'the spool is empty')
    const answer = await inject(server)
    expect([answer.status, await answer.json()]).toMatchObject([507, { error: { code: 'disk_full' } }])
    expect(await readMetric(server, 'disk_nearly_full')).toBe(1)
    expect(await readMetric(server, 'disk_free_bytes')).toBeLessThan(20_000_000)
    const { findings } = await server.get<Diagnosis>('/doctor')
    expect(findings.find(({ check }) => check === 'disk')).toMatchObject({
      state: 'bad',
      text: expect.stringContaining('no mail is taken in below 20 MB (server.min_free)'),
    })

    disk.clear()
    await until(async () => !(await readDisk(server)).nearly_full, 'there is room again')
    expect(await sendOne(client, 'after', 500)).toMatch(/^250/)
    expect((await inject(server)).status).toBe(201)
    expect(await readMetric(server, 'disk_nearly_full')).toBe(0)
    await until(() => listDelivered(hook).length === 3, 'all are delivered')
    expect(server.log().match(/the disk is nearly full: no mail is taken in/g)).toHaveLength(1)
    expect(server.log().match(/the disk has room again/g)).toHaveLength(1)
  })

  it('without a floor, what does not fit is put off, and nothing acknowledged is lost', {
    timeout: 90_000,
  }, async () => {
    writeFileSync(join(disk.folder, 'routes.yaml'), oneHook(hook, 'server: { min_free: 1B }\n'))
    server = await startServe(disk.folder, [])
    const acknowledged: string[] = []
    const send = async (subject: string, bodyBytes: number): Promise<string> => {
      const client = await connectRaw(server.smtpPort)
      const reply = await sendOne(client, subject, bodyBytes)
      client.socket.destroy()
      if (reply.startsWith('250')) acknowledged.push(subject)
      return reply
    }
    expect(await send('before', 500)).toMatch(/^250/)
    disk.fill(3_000_000)
    const replies: string[] = []
    for (let count = 0; count < 40; count++) replies.push(await send(`small-${count}`, 200_000))
    expect(replies.at(-1)).toMatch(/^45[12] 4\.3\.[01]/)
    expect(await send('large', 900_000)).toMatch(/^45[12] /)

    disk.clear()
    await until(async () => (await send('after', 500)).startsWith('250'), 'mails are taken in again')
    expect(await send('large after', 900_000)).toMatch(/^250/)
    await until(() => missingFrom(listDelivered(hook), acknowledged).length === 0, 'all are delivered', 30_000)
    expect(missingFrom(await listStored(server), acknowledged)).toEqual([])

    disk.fill(0)
    await server.kill('SIGTERM')
    expect(await server.ended, server.log()).toBe(0)
    await expect(startServe(disk.folder, [])).rejects.toThrow(
      /ended with 1: .*(the disk is full|no space left).*make room on/s,
    )
  })
})

function listSpool(disk: SmallDisk): string[] {
  return readdirSync(join(disk.folder, 'data', 'spool'))
}

async function readDisk(server: ServeProcess): Promise<{ nearly_full: boolean }> {
  const { disk } = await server.get<{ disk: { nearly_full: boolean } }>('/status')
  return disk
}

async function readMetric(server: ServeProcess, name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  return Number(new RegExp(`^mailtrigger_${name} (\\S+)$`, 'm').exec(text)?.[1])
}

function inject({ url, token }: ServeProcess): Promise<Response> {
  return fetch(`${url}/api/v1/mails?from=a@mailtrigger.app&to=b@mailtrigger.app`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'message/rfc822' },
    body: 'Subject: by HTTP\r\n\r\ntext\r\n',
  })
}
