import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authenticateMail } from '#src/authenticate/authenticate-mail.js'
import { cutHeader } from '#src/authenticate/header-cut.js'
import { createDnsCache } from '#src/authenticate/resolver.js'
import { authVerdicts, type SenderAuth } from '#src/domain/mail.js'
import { type DnsServer, startDnsServer, type Zone } from '../stand-ins/dns-server.js'
import { makeKey, signMail, writeMail } from './signed-mail.js'

const rsa = makeKey()
const ed25519 = makeKey('ed25519')
const weak = makeKey('rsa', 768)
const client = '192.0.2.1'
let dns: DnsServer

beforeAll(async () => {
  dns = await startDnsServer()
})
afterAll(() => dns.stop())

interface Asking {
  zone: Zone
  mail?: string
  from?: string
  helo?: string
  client?: string
  timeoutMs?: number
}

async function check(asking: Asking): Promise<SenderAuth> {
  const { zone, mail = writeMail('alert@example.com'), from = 'alert@example.com', helo = 'mx.example.com' } = asking
  dns.zone = zone
  dns.asked.length = 0
  const { ask } = createDnsCache([dns.address], 500, Date.now)
  const envelope = { from, to: ['ops@gw.test'], client: asking.client ?? client, helo, tls: true, user: null }
  const { signal } = new AbortController()
  const options = { resolve: ask, timeoutMs: asking.timeoutMs ?? 5_000, signal, hostname: 'gw.test' }
  return authenticateMail({ envelope, ...cutHeader(Buffer.from(mail)) }, options)
}

const spf = (record: string, more: Zone = {}): Zone => ({ 'example.com': { TXT: [record] }, ...more })

describe('SPF', () => {
  it.each<[string, Asking, string, RegExp]>([
    [
      'passes who is listed',
      { zone: spf('v=spf1 ip4:192.0.2.0/24 -all') },
      'pass',
      /example\.com permits 192\.0\.2\.1/,
    ],
    ['fails who is not', { zone: spf('v=spf1 ip4:198.51.100.0/24 -all') }, 'fail', /does not permit 192\.0\.2\.1/],
    ['softly fails', { zone: spf('v=spf1 ~all') }, 'softfail', /does not quite permit/],
    ['is neutral', { zone: spf('v=spf1 ?all') }, 'neutral', /says nothing/],
    ['finds no record', { zone: { 'example.com': { A: [client] } } }, 'none', /no SPF record/],
    ['finds no domain', { zone: {} }, 'none', /no SPF record/],
    [
      'finds an MX',
      {
        zone: spf('v=spf1 mx -all', {
          'example.com': { TXT: ['v=spf1 mx -all'], MX: ['mx.example.com'] },
          'mx.example.com': { A: [client] },
        }),
      },
      'pass',
      /permits/,
    ],
    ['knows IPv6', { zone: spf('v=spf1 ip6:2001:db8::/32 -all'), client: '2001:db8::7' }, 'pass', /2001:db8::7/],
    [
      'takes a bounce by its HELO',
      { zone: { 'mx.example.com': { TXT: ['v=spf1 a -all'], A: [client] } }, from: '' },
      'pass',
      /mx\.example\.com permits/,
    ],
    [
      'expands macros',
      { zone: spf('v=spf1 exists:%{ir}.ok.example.com -all', { '1.2.0.192.ok.example.com': { A: ['127.0.0.2'] } }) },
      'pass',
      /permits/,
    ],
    [
      'takes a domain that is no ASCII',
      { zone: { 'xn--bcher-kva.example': { TXT: ['v=spf1 ip4:192.0.2.1 -all'] } }, from: 'a@bücher.example' },
      'pass',
      /xn--bcher-kva\.example permits/,
    ],
    ['leaves an address literal alone', { zone: {}, from: 'a@[192.0.2.1]' }, 'none', /no domain/],
    [
      'reads an answer that is too long for UDP',
      { zone: spf(`v=spf1 ${'ip4:198.51.100.1 '.repeat(60)}ip4:192.0.2.1 -all`) },
      'pass',
      /permits/,
    ],
    [
      'refuses two records',
      { zone: { 'example.com': { TXT: ['v=spf1 -all', 'v=spf1 +all'] } } },
      'permerror',
      /multiple SPF records/,
    ],
    ['refuses an unknown mechanism', { zone: spf('v=spf1 magic -all') }, 'permerror', /magic/],
    [
      'stops at ten lookups',
      { zone: spf(`v=spf1 ${listIncludes(11)} -all`, makeIncludes(11)) },
      'permerror',
      /Too many DNS requests/,
    ],
    [
      'stops a record that includes itself',
      { zone: spf('v=spf1 include:example.com -all') },
      'permerror',
      /Too many DNS requests/,
    ],
    [
      'stops at two void lookups',
      { zone: spf('v=spf1 a:a.example.com a:b.example.com a:c.example.com -all') },
      'permerror',
      /void/,
    ],
    ['is unsure when DNS fails', { zone: { 'example.com': { trouble: 'SERVFAIL' } } }, 'temperror', /servers failed/],
    ['is unsure when DNS refuses', { zone: { 'example.com': { trouble: 'REFUSED' } } }, 'temperror', /refused/],
    [
      'is unsure when an included record cannot be asked',
      { zone: spf('v=spf1 include:in.example.com -all', { 'in.example.com': { trouble: 'SERVFAIL' } }) },
      'temperror',
      /servers failed/,
    ],
    [
      'is unsure when DNS does not answer',
      { zone: { 'example.com': { trouble: 'silence' } }, timeoutMs: 300 },
      'temperror',
      /no time was left|did not answer/,
    ],
  ])('%s', async (_, asking, verdict, reason) => {
    const auth = await check(asking)
    expect(auth.spf).toBe(verdict)
    expect(auth.reasons.spf).toMatch(reason)
  })

  it('takes a server that nobody listens on for trouble', async () => {
    const { ask } = createDnsCache(['127.0.0.1:1'], 200, Date.now)
    const envelope = { from: 'a@example.com', to: [], client, helo: 'x', tls: false, user: null }
    const { signal } = new AbortController()
    const options = { resolve: ask, timeoutMs: 5_000, signal, hostname: 'gw.test' }
    const auth = await authenticateMail({ envelope, ...cutHeader(Buffer.from(writeMail('a@example.com'))) }, options)
    expect(auth).toMatchObject({ spf: 'temperror', dkim: 'none', dmarc: 'temperror' })
  })
})

function listIncludes(count: number): string {
  return Object.keys(makeIncludes(count))
    .map((name) => `include:${name}`)
    .join(' ')
}

function makeIncludes(count: number): Zone {
  const names = Array.from({ length: count }, (_, index) => `i${index}.example.com`)
  return Object.fromEntries(names.map((name) => [name, { TXT: ['v=spf1 ip4:198.51.100.9 ?all'] }]))
}

describe('DKIM', () => {
  const plain = writeMail('Alerts <alert@example.com>')
  const keys = (record: string): Zone => ({ 's1._domainkey.example.com': { TXT: [record] } })
  const day = 86_400_000
  const cases: [string, () => Promise<string> | string, Zone, string, RegExp][] = [
    [
      'passes rsa-sha256',
      () => signMail(plain, rsa, { domain: 'example.com' }),
      keys(rsa.record),
      'pass',
      /example\.com \(s1\) signed it/,
    ],
    [
      'passes ed25519-sha256',
      () => signMail(plain, ed25519, { domain: 'example.com', algorithm: 'ed25519-sha256' }),
      keys(ed25519.record),
      'pass',
      /signed it/,
    ],
    [
      'passes simple bodies',
      () => signMail(plain, rsa, { domain: 'example.com', canonicalization: 'simple/simple' }),
      keys(rsa.record),
      'pass',
      /signed it/,
    ],
    [
      'passes a mail whose blanks were folded on the way',
      async () => (await signMail(plain, rsa, { domain: 'example.com' })).replace('disk is', 'disk  is'),
      keys(rsa.record),
      'pass',
      /signed it/,
    ],
    [
      'fails a changed body',
      async () => (await signMail(plain, rsa, { domain: 'example.com' })).replace('full', 'empty'),
      keys(rsa.record),
      'fail',
      /body hash/,
    ],
    [
      'fails a changed subject',
      async () => (await signMail(plain, rsa, { domain: 'example.com' })).replace('Subject: disk', 'Subject: desk'),
      keys(rsa.record),
      'fail',
      /bad signature/,
    ],
    [
      'fails what is over',
      () =>
        signMail(plain, rsa, {
          domain: 'example.com',
          signedAt: new Date(Date.now() - 2 * day),
          expires: new Date(Date.now() - day),
        }),
      keys(rsa.record),
      'fail',
      /expired/,
    ],
    [
      'fails a body of which a part is signed',
      async () => `${await signMail(plain, rsa, { domain: 'example.com', bodyLength: 5 })}More.\r\n`,
      keys(rsa.record),
      'fail',
      /only a part of the body/,
    ],
    ['has no key', () => signMail(plain, rsa, { domain: 'example.com' }), {}, 'permerror', /no key/],
    [
      'has a revoked key',
      () => signMail(plain, rsa, { domain: 'example.com' }),
      keys('v=DKIM1; p='),
      'permerror',
      /public key/,
    ],
    [
      'has a key of another version',
      () => signMail(plain, rsa, { domain: 'example.com' }),
      keys(rsa.record.replace('DKIM1', 'DKIM9')),
      'permerror',
      /version/,
    ],
    [
      'has a short key',
      () => signMail(plain, weak, { domain: 'example.com' }),
      keys(weak.record),
      'permerror',
      /shorter than 1024/,
    ],
    [
      'does not verify SHA-1',
      () => signMail(plain, rsa, { domain: 'example.com', algorithm: 'rsa-sha1' }),
      keys(rsa.record),
      'permerror',
      /without trust/,
    ],
    [
      'wants From to be signed',
      () => signMail(plain, rsa, { domain: 'example.com', headers: 'subject:to' }),
      keys(rsa.record),
      'permerror',
      /leaves the From header out/,
    ],
    [
      'is unsure when DNS fails',
      () => signMail(plain, rsa, { domain: 'example.com' }),
      { 's1._domainkey.example.com': { trouble: 'SERVFAIL' } },
      'temperror',
      /servers failed/,
    ],
    ['is not there', () => plain, {}, 'none', /not signed/],
    ['is nonsense', () => `DKIM-Signature: ${';='.repeat(500)}\r\n${plain}`, {}, 'permerror', /names no domain/],
    [
      'names more headers than there are',
      async () =>
        (await signMail(plain, rsa, { domain: 'example.com' })).replace(/h=[^;]+/, `h=from${':x'.repeat(500)}`),
      keys(rsa.record),
      'permerror',
      /more than 200 headers/,
    ],
  ]
  it.each(cases)('%s', async (_, makeMail, zone, verdict, reason) => {
    const auth = await check({ zone, mail: await makeMail() })
    expect([auth.dkim, auth.reasons.dkim]).toEqual([verdict, expect.stringMatching(reason)])
  })

  it('needs one signature of several to hold, and says which', async () => {
    const signed = await signMail(await signMail(plain, rsa, { domain: 'example.com' }), rsa, { domain: 'relay.test' })
    const auth = await check({ zone: keys(rsa.record), mail: signed })
    expect([auth.dkim, auth.reasons.dkim]).toEqual(['pass', 'example.com (s1) signed it'])
  })

  it('looks at ten signatures, and at those of the author first', async () => {
    const own = await signMail(plain, rsa, { domain: 'example.com' })
    const foreign = Array.from({ length: 50 }, (_, n) =>
      own.slice(0, own.indexOf('From:')).replace('d=example.com', `d=d${n}.test`),
    )
    const auth = await check({ zone: keys(rsa.record), mail: `${foreign.join('')}${own}` })
    expect(auth.dkim).toBe('pass')
    expect(dns.asked.filter((one) => one.includes('_domainkey'))).toHaveLength(10)
  })

  it('takes a seal of a forwarding chain for no signature', async () => {
    const seal = 'ARC-Seal: i=1; a=rsa-sha256; cv=none; d=example.com; s=s1; b=AAAA\r\n'
    expect((await check({ zone: keys(rsa.record), mail: `${seal}${plain}` })).dkim).toBe('none')
  })
})

describe('DMARC', () => {
  const listed = { TXT: ['v=spf1 ip4:192.0.2.1 -all'] }
  const keyed = (domain: string): Zone => ({ [`s1._domainkey.${domain}`]: { TXT: [rsa.record] } })
  const dmarc = (record: string, domain = 'example.com'): Zone => ({ [`_dmarc.${domain}`]: { TXT: [record] } })
  const signed = (from: string, domain: string) => signMail(writeMail(from), rsa, { domain })
  const forged: Zone = { 'evil.test': listed }

  it.each<[string, () => Promise<Asking> | Asking, string, string | null]>([
    ['passes by SPF', () => ({ zone: { 'example.com': listed, ...dmarc('v=DMARC1; p=reject') } }), 'pass', 'reject'],
    [
      'passes by SPF of a subdomain',
      () => ({ zone: { 'mail.example.com': listed, ...dmarc('v=DMARC1; p=reject') }, from: 'b@mail.example.com' }),
      'pass',
      'reject',
    ],
    [
      'fails SPF of a subdomain when aspf is strict',
      () => ({
        zone: { 'mail.example.com': listed, ...dmarc('v=DMARC1; p=reject; aspf=s') },
        from: 'b@mail.example.com',
      }),
      'fail',
      'reject',
    ],
    [
      'passes SPF of the very domain when aspf is strict',
      () => ({ zone: { 'example.com': listed, ...dmarc('v=DMARC1; p=reject; aspf=s') } }),
      'pass',
      'reject',
    ],
    [
      'passes by DKIM',
      async () => ({
        zone: { ...keyed('example.com'), ...forged, ...dmarc('v=DMARC1; p=reject') },
        mail: await signed('a@example.com', 'example.com'),
        from: 'x@evil.test',
      }),
      'pass',
      'reject',
    ],
    [
      'passes by DKIM of a subdomain',
      async () => ({
        zone: { ...keyed('m.example.com'), ...dmarc('v=DMARC1; p=reject') },
        mail: await signed('a@example.com', 'm.example.com'),
      }),
      'pass',
      'reject',
    ],
    [
      'fails DKIM of a subdomain when adkim is strict',
      async () => ({
        zone: { ...keyed('m.example.com'), ...dmarc('v=DMARC1; p=reject; adkim=s') },
        mail: await signed('a@example.com', 'm.example.com'),
      }),
      'fail',
      'reject',
    ],
    [
      'fails what a stranger vouches for',
      async () => ({
        zone: { ...keyed('evil.test'), ...forged, ...dmarc('v=DMARC1; p=reject') },
        mail: await signed('a@example.com', 'evil.test'),
        from: 'x@evil.test',
      }),
      'fail',
      'reject',
    ],
    [
      'has a policy for subdomains',
      () => ({
        zone: { ...forged, ...dmarc('v=DMARC1; p=none; sp=quarantine') },
        mail: writeMail('a@sub.example.com'),
        from: 'x@evil.test',
      }),
      'fail',
      'quarantine',
    ],
    [
      'is on trial below 100 per cent',
      () => ({ zone: { ...forged, ...dmarc('v=DMARC1; p=reject; pct=20') }, from: 'x@evil.test' }),
      'fail',
      'quarantine',
    ],
    [
      'is on trial with t=y',
      () => ({ zone: { ...forged, ...dmarc('v=DMARC1; p=quarantine; t=y') }, from: 'x@evil.test' }),
      'fail',
      'none',
    ],
    [
      'only watches',
      () => ({ zone: { ...forged, ...dmarc('v=DMARC1; p=none') }, from: 'x@evil.test' }),
      'fail',
      'none',
    ],
    ['has no record', () => ({ zone: { 'example.com': listed } }), 'none', null],
    [
      'counts two records as none',
      () => ({ zone: { '_dmarc.example.com': { TXT: ['v=DMARC1; p=reject', 'v=DMARC1; p=none'] } } }),
      'none',
      null,
    ],
    [
      'is unsure when DNS fails',
      () => ({ zone: { 'example.com': listed, '_dmarc.example.com': { trouble: 'SERVFAIL' } } }),
      'temperror',
      null,
    ],
    [
      'is unsure when what could vouch for it could not be asked',
      () => ({ zone: { 'example.com': { trouble: 'SERVFAIL' }, ...dmarc('v=DMARC1; p=reject') } }),
      'temperror',
      'reject',
    ],
    [
      'is sure when a stranger could not be asked',
      () => ({ zone: { 'evil.test': { trouble: 'SERVFAIL' }, ...dmarc('v=DMARC1; p=reject') }, from: 'x@evil.test' }),
      'fail',
      'reject',
    ],
    [
      'takes the worst of two authors',
      () => ({
        zone: { 'evil.test': listed, ...dmarc('v=DMARC1; p=none', 'evil.test'), ...dmarc('v=DMARC1; p=reject') },
        mail: writeMail('x@evil.test, a@example.com'),
        from: 'x@evil.test',
      }),
      'fail',
      'reject',
    ],
    [
      'takes the worst of two From headers',
      () => ({
        zone: { 'evil.test': listed, ...dmarc('v=DMARC1; p=reject') },
        mail: writeMail('x@evil.test', '', 'From: a@example.com\r\n'),
        from: 'x@evil.test',
      }),
      'fail',
      'reject',
    ],
    [
      'refuses a crowd of authors',
      () => ({ zone: {}, mail: writeMail('a@a.test, b@b.test, c@c.test, d@d.test, e@e.test') }),
      'fail',
      'reject',
    ],
    [
      'takes an author whose domain is no ASCII',
      () => ({
        zone: { ...forged, ...dmarc('v=DMARC1; p=reject', 'xn--bcher-kva.example') },
        mail: writeMail('a@bücher.example'),
        from: 'x@evil.test',
      }),
      'fail',
      'reject',
    ],
    ['finds no author', () => ({ zone: {}, mail: 'Subject: x\r\n\r\nx' }), 'none', null],
  ])('%s', async (_, make, verdict, policy) => {
    const auth = await check(await make())
    expect([auth.dmarc, auth.policy, auth.reasons.dmarc]).toEqual([verdict, policy, expect.any(String)])
  })

  it('asks for the record of the author even when a stranger is slow on purpose', async () => {
    const zone: Zone = {
      'evil.test': { trouble: 'silence' },
      's1._domainkey.evil.test': { trouble: 'silence' },
      ...dmarc('v=DMARC1; p=reject'),
    }
    const mail = await signed('a@sub.example.com', 'evil.test')
    const auth = await check({ zone, mail, from: 'x@evil.test', timeoutMs: 400 })
    expect(auth).toMatchObject({ spf: 'temperror', dkim: 'temperror', dmarc: 'fail', policy: 'reject' })
  })
})

describe('what strangers send', () => {
  /** Questions of mails before may still be repeated. */
  const listAsked = (): string[] => dns.asked.filter((one) => one.endsWith('cached.test'))

  it('asks nothing twice, also side by side, and remembers answers', async () => {
    dns.zone = { 'cached.test': { A: [client] } }
    dns.asked.length = 0
    const { ask } = createDnsCache([dns.address], 500, Date.now)
    expect(await Promise.all([ask('cached.test', 'A'), ask('CACHED.test', 'A')])).toEqual([[client], [client]])
    await ask('cached.test', 'A')
    const missing = { code: 'ENOTFOUND' }
    await expect(ask('none.cached.test', 'A')).rejects.toMatchObject(missing)
    await expect(ask('none.cached.test', 'A')).rejects.toMatchObject(missing)
    expect(listAsked()).toEqual(['A cached.test', 'A none.cached.test'])
  })

  it('forgets answers after a minute', async () => {
    let now = 0
    dns.zone = { 'cached.test': { A: [client] } }
    dns.asked.length = 0
    const { ask } = createDnsCache([dns.address], 500, () => now)
    await ask('cached.test', 'A')
    now = 60_000
    await ask('cached.test', 'A')
    expect(listAsked()).toHaveLength(2)
  })

  it('asks again after trouble', async () => {
    dns.zone = { 'cached.test': { trouble: 'SERVFAIL' } }
    const { ask } = createDnsCache([dns.address], 500, Date.now)
    await expect(ask('cached.test', 'A')).rejects.toThrow('the DNS servers failed when asked for cached.test')
    dns.zone = { 'cached.test': { A: [client] } }
    expect(await ask('cached.test', 'A')).toEqual([client])
  })

  it.each([
    [
      'a body of single blanks',
      `${'a \r\n'.repeat(2_000_000)}`,
      'DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s1; h=from; bh=x; b=y\r\n',
    ],
    ['a header without an end', '', `X: ${'a'.repeat(2_000_000)}`],
    [
      'sixty thousand headers',
      '',
      `DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s1; h=from; bh=x; b=y\r\n${'a:\r\n'.repeat(60_000)}`,
    ],
    [
      'ten lengths of body',
      'x\r\n'.repeat(500_000),
      Array.from(
        { length: 12 },
        (_, n) =>
          `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s${n}; l=${n}; h=from; bh=x; b=y\r\n`,
      ).join(''),
    ],
  ])('comes to an end with %s', async (_, body, header) => {
    const auth = await check({ zone: {}, mail: `${header}${writeMail('a@example.com', body)}` })
    expect(auth.dkim).not.toBe('pass')
  })

  it.each([
    ['a group', 'From: x: a@example.com;\r\n'],
    ['a blank before the colon', 'From : a@example.com\r\n'],
    ['an encoded word', 'From: =?utf-8?q?a=40example.com?=\r\n'],
    ['an encoded word of the other kind', `From: =?utf-8?b?${Buffer.from('a@example.com').toString('base64')}?=\r\n`],
    ['a NUL', 'From: a@exam\0ple.com\r\n'],
    ['a dot of another script', 'From: a@example\u3002com\u3002\r\n'],
    ['a fold', 'from:\r\n a@example.com\r\n'],
    ['a comment', 'From: (x) a@example.com (y)\r\n'],
    ['an author behind more header than is read', `${'X: y\r\n'.repeat(5_001)}From: a@example.com\r\n`],
    ['no blank line', 'From: a@example.com'],
    ['bare line feeds', 'From: a@example.com\n\nFrom: x@evil.test\n'],
  ])('finds the author in %s', async (_, mail) => {
    const zone: Zone = { '_dmarc.example.com': { TXT: ['v=DMARC1; p=reject'] } }
    expect(await check({ zone, mail, from: 'x@evil.test' })).toMatchObject({ dmarc: 'fail', policy: 'reject' })
  })

  it('comes to a verdict on whatever bytes there are', async () => {
    const pieces = [
      'From: ',
      'a@example.com',
      'DKIM-Signature: ',
      'a=rsa-sha256;',
      'd=example.com;',
      's=s1;',
      'h=from;',
      'l=1;',
    ]
    const junk = fc.constantFrom(
      ...pieces,
      '\r\n',
      '\n',
      '\r\n\r\n',
      '<',
      '>',
      '"',
      '(',
      ':',
      ';',
      '=',
      '\0',
      '\\',
      '@',
      ',',
    )
    const bytes = fc.array(fc.oneof(junk, fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 60 })
    const zone = { 's1._domainkey.example.com': { TXT: [rsa.record] }, 'example.com': { TXT: ['v=spf1 %{l} a:%{d}'] } }
    await fc.assert(
      fc.asyncProperty(bytes, bytes, async (mail, local) => {
        const auth = await check({ zone, mail: mail.join(''), from: `${local.join('')}@example.com` })
        expect(authVerdicts).toEqual(expect.arrayContaining([auth.spf, auth.dkim, auth.dmarc]))
        expect(Object.values(auth.reasons).join('')).not.toMatch(/the check failed|cannot be verified/)
      }),
      { seed: 7, numRuns: 300 },
    )
  })

  it('keeps reasons on one short line', async () => {
    const auth = await check({ zone: {}, from: `a@${'x\u202e'.repeat(300)}.test` })
    expect(auth.reasons.spf.length).toBeLessThanOrEqual(300)
    expect(auth.reasons.spf).not.toMatch(/[\p{Cc}\u202e]/u)
  })
})
