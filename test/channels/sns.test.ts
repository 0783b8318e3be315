import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { signAws } from '#src/channels/sign-aws.js'
import { sns } from '#src/channels/sns.js'
import type { ChannelContext } from '#src/domain/channel.js'
import type { Message } from '#src/domain/message.js'
import type { Outbound } from '#src/outbound/client.js'
import { snsPhone, snsTopic } from '../stand-ins/vendors/sns.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { makeContext, makeMessage, openOutbound } from './context.js'

let sink: WebhookSink
let outbound: Outbound
beforeEach(async () => {
  sink = await startWebhookSink()
  sink.replyWith(snsTopic.answer)
  outbound = openOutbound()
})
afterEach(async () => {
  await sink.stop()
  await outbound.close()
})

async function publish(
  settings: Record<string, unknown> = {},
  changes: Partial<ChannelContext> = {},
  message: Partial<Message> = {},
) {
  const parsed = sns.settings.parse({ ...snsTopic.settings(sink.url), ...settings })
  const outcome = await sns.send(makeMessage(message), null, parsed, makeContext(outbound, changes))
  return { outcome, fields: Object.fromEntries(new URLSearchParams(sink.requests.at(-1)?.body)) }
}

test('a call is signed as the example of the documentation', () => {
  // AWS General Reference, "Signature Version 4 signing process": ListUsers of IAM.
  const headers = signAws(
    {
      method: 'GET',
      url: 'https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08',
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: '',
      region: 'us-east-1',
      service: 'iam',
    },
    { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', sessionToken: null },
    Date.UTC(2015, 7, 30, 12, 36, 0),
  )
  expect(headers.authorization).toBe(
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, ' +
      'SignedHeaders=content-type;host;x-amz-date, ' +
      'Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
  )
})

test('a topic gets a subject, and the severity to filter by', async () => {
  const { outcome, fields } = await publish()
  expect(outcome).toMatchObject({ kind: 'accepted', remote: { message_id: '567910cd-659e-55d4-8ccb-5aaf14679dc0' } })
  expect(fields).toMatchObject({
    Action: 'Publish',
    Subject: 'CRITICAL: Disk full on db1',
    'MessageAttributes.entry.1.Name': 'severity',
    'MessageAttributes.entry.1.Value.DataType': 'String',
    'MessageAttributes.entry.1.Value.StringValue': 'critical',
  })
  expect(sink.requests[0]?.headers['x-amz-security-token']).toBe('CANARY-session')
})

test.each([
  ['Größe übérall', 'CRITICAL: Grosse uberall'],
  ['Диск заполнен', 'CRITICAL: alert'],
  ['x'.repeat(200), `CRITICAL: ${'x'.repeat(89)}`],
])('the subject of %s is ASCII', async (title, subject) => {
  expect((await publish({}, {}, { title })).fields.Subject).toBe(subject)
})

describe('a FIFO topic', () => {
  const topic = { topic_arn: 'arn:aws:sns:eu-central-1:123456789012:alerts.fifo' }

  test('gets the delivery as the key of repeats, and the fingerprint as the group', async () => {
    const { outcome, fields } = await publish(topic)
    expect(outcome.kind).toBe('accepted')
    expect(fields).toMatchObject({ MessageGroupId: 'disk_db1', MessageDeduplicationId: '01JDELIVERY' })
    expect((await publish(topic, { fingerprint: 'шумит диск' })).outcome.kind).toBe('accepted')
  })

  test('may simply be asked again when an answer is lost', async () => {
    sink.script({ fault: 'close' })
    expect((await publish(topic)).outcome.kind).toBe('transient')
  })
})

test('an SMS is transactional, and has a sender where there is one', async () => {
  sink.replyWith(snsPhone.answer)
  const parsed = sns.settings.parse({ ...snsPhone.settings(sink.url), sender_id: 'MailTrigger' })
  expect(await sns.send(makeMessage(), '4915112345678', parsed, makeContext(outbound))).toMatchObject({
    kind: 'accepted',
  })
  const fields = Object.fromEntries(new URLSearchParams(sink.requests[0]?.body))
  expect(fields).toMatchObject({
    PhoneNumber: '+4915112345678',
    'MessageAttributes.entry.1.Value.StringValue': 'Transactional',
    'MessageAttributes.entry.2.Name': 'AWS.SNS.SMS.SenderID',
    'MessageAttributes.entry.2.Value.StringValue': 'MailTrigger',
  })
})

test.each([
  ['eu-central-1', 'https://sns.eu-central-1.amazonaws.com/'],
  ['cn-north-1', 'https://sns.cn-north-1.amazonaws.com.cn/'],
])('%s is called at its own address', async (region, expected) => {
  const urls: string[] = []
  const request: ChannelContext['request'] = async ({ url }) => {
    urls.push(url)
    return { status: 200, headers: {}, text: '<MessageId>1</MessageId>', truncated: false }
  }
  await publish({ region, base_url: undefined }, { request })
  expect(urls).toEqual([expected])
})
