import { describe, expect, test } from 'vitest'
import { compileNetworkPolicy } from '#src/outbound/network-policy.js'

const open = { denyPrivate: false, allow: [], deny: [] }
const closed = { denyPrivate: true, allow: [], deny: [] }

describe('private addresses', () => {
  const privateAddresses = [
    '127.0.0.1',
    '127.255.0.9',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '0.0.0.0',
    '0.1.2.3',
    '192.0.2.1',
    '198.18.0.1',
    '240.0.0.1',
    '::1',
    '::',
    'fc00::1',
    'fd12:3456::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:10.0.0.1',
    '::a00:1',
    '::127.0.0.1',
    '64:ff9b::10.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::10.0.0.1',
    '2002:7f00:1::',
    '2002:a00:1::1',
    '2001:0:1::1',
    '2001:db8::1',
  ]
  test.each(privateAddresses)('%s is denied with deny_private', (address) => {
    expect(compileNetworkPolicy(closed)('a.example', address)).toMatch(/private/)
  })
  test.each(['127.0.0.1', '10.0.0.1', '::1', 'fd12::1', '::ffff:127.0.0.1'])('%s is open by default', (address) => {
    expect(compileNetworkPolicy(open)('a.example', address)).toBeNull()
  })
  test.each(['93.184.216.34', '2606:4700::1111', '::ffff:93.184.216.34', '64:ff9b::5db8:d822', '2002:5db8:d822::1'])(
    '%s is public',
    (address) => expect(compileNetworkPolicy(closed)('a.example', address)).toBeNull(),
  )
})

describe('metadata and link-local addresses', () => {
  const metadata = [
    '169.254.169.254',
    '169.254.0.1',
    '169.254.170.2',
    'fe80::1',
    'fd00:ec2::254',
    'fd20:ce::254',
    '100.100.100.200',
    '168.63.129.16',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::',
    '::a9fe:a9fe',
  ]
  test.each(metadata)('%s is denied whatever the policy', (address) => {
    expect(compileNetworkPolicy(open)('a.example', address)).toMatch(/metadata/)
    const wide = { denyPrivate: false, allow: ['0.0.0.0/0', '::/0', '*', 'a.example'], deny: [] }
    expect(compileNetworkPolicy(wide)('a.example', address)).toMatch(/metadata/)
  })
  test('the name of Google’s service is denied wherever it resolves to, unless it or its address is named', () => {
    const name = 'Metadata.google.internal.'
    const denied = [[], ['*'], ['*.google.internal'], ['0.0.0.0/0']]
    for (const allow of denied) {
      expect(compileNetworkPolicy({ ...open, allow })(name, '93.184.216.34')).toMatch(/metadata/)
      expect(compileNetworkPolicy({ ...open, allow })(name, '169.254.169.254')).toMatch(/metadata/)
    }
    for (const allow of [['metadata.google.internal'], ['169.254.169.254']]) {
      expect(compileNetworkPolicy({ ...open, allow })(name, '169.254.169.254')).toBeNull()
      expect(compileNetworkPolicy({ ...open, allow })('a.example', '169.254.169.253')).toMatch(/metadata/)
    }
    const deny = ['169.254.169.254']
    expect(compileNetworkPolicy({ ...open, allow: [name], deny })(name, deny[0] ?? '')).toMatch(/network\.deny/)
  })

  test('one named in allow is open', () => {
    const policy = { denyPrivate: true, allow: ['169.254.169.254', '169.254.10.0/24'], deny: [] }
    expect(compileNetworkPolicy(policy)('a.example', '169.254.169.254')).toBeNull()
    expect(compileNetworkPolicy(policy)('a.example', '169.254.10.9')).toBeNull()
    expect(compileNetworkPolicy(policy)('a.example', '169.254.1.1')).toMatch(/metadata/)
  })
})

test.each([
  ['allow a range', { denyPrivate: true, allow: ['10.0.0.0/8'], deny: [] }, 'x', '10.1.2.3', true],
  [
    'the same through its mapped spelling',
    { denyPrivate: true, allow: ['10.0.0.0/8'], deny: [] },
    'x',
    '::ffff:10.1.2.3',
    true,
  ],
  ['not the next range', { denyPrivate: true, allow: ['10.0.0.0/8'], deny: [] }, 'x', '11.0.0.1', true],
  ['not another private range', { denyPrivate: true, allow: ['10.0.0.0/8'], deny: [] }, 'x', '192.168.0.1', false],
  ['allow a host', { denyPrivate: true, allow: ['mapping.internal'], deny: [] }, 'Mapping.Internal.', '10.0.0.1', true],
  ['allow a glob', { denyPrivate: true, allow: ['*.internal'], deny: [] }, 'a.b.internal', '10.0.0.1', true],
  ['a dot in a glob is a dot', { denyPrivate: true, allow: ['a.internal'], deny: [] }, 'axinternal', '10.0.0.1', false],
  ['deny beats allow', { denyPrivate: false, allow: ['10.0.0.0/8'], deny: ['10.9.0.0/16'] }, 'x', '10.9.1.1', false],
  [
    'deny a host',
    { denyPrivate: false, allow: [], deny: ['*.evil.example'] },
    'a.evil.example',
    '93.184.216.34',
    false,
  ],
  ['deny reaches through NAT64', { denyPrivate: false, allow: [], deny: ['8.8.8.8'] }, 'x', '64:ff9b::808:808', false],
  [
    'deny an IPv6 range as written',
    { denyPrivate: false, allow: [], deny: ['2002::/16'] },
    'x',
    '2002:808:808::',
    false,
  ],
  ['loopback v6 may be allowed', { denyPrivate: true, allow: ['::1'], deny: [] }, 'x', '::1', true],
  ['multicast never', { denyPrivate: false, allow: ['224.0.0.0/4'], deny: [] }, 'x', '224.0.0.1', false],
  ['nonsense never', open, 'x', 'localhost', false],
])('%s', (_, policy, host, address, allowed) => {
  expect(compileNetworkPolicy(policy)(host, address) === null).toBe(allowed)
})
