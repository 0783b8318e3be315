import { expect, it } from 'vitest'
import { examineDns } from '#src/engine/examine-dns.js'
import { startDnsServer } from '../stand-ins/dns-server.js'

const settings = { policy: 'none' as const, timeoutMs: 5_000 }

it('has nothing to find out where nobody checks senders', async () => {
  expect(await examineDns(null)).toEqual([])
})

it('is well with a server that answers, whatever it says', async () => {
  const dns = await startDnsServer()
  const [finding] = await examineDns({ ...settings, resolvers: [dns.address] })
  expect(finding).toMatchObject({ check: 'dns', state: 'ok', text: expect.stringContaining(dns.address) })
  await dns.stop()
})

it.each(['REFUSED', 'SERVFAIL'] as const)('is not with one that says %s', async (trouble) => {
  const dns = await startDnsServer({ 'check.invalid': { trouble } })
  const [finding] = await examineDns({ ...settings, resolvers: [dns.address] })
  expect(finding).toMatchObject({ state: 'bad', hint: expect.stringContaining('server.smtp.sender_auth.resolvers') })
  expect(finding?.text).toContain(dns.address)
  await dns.stop()
})
