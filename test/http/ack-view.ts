import type { AckView } from '#src/engine/alert-calls.js'

type Notification = AckView['notification']

/** What the holder of a link sees of an alert that was sent and asks for an answer. */
export function makeView(changes: Partial<Notification> = {}): AckView {
  const message: Notification['message'] = {
    title: 'Disk full on db1',
    text: '',
    severity: 'critical',
    from: 'monit@db1',
    labels: {},
    links: [],
    attachments: [],
    notes: [],
    mailId: '01J9ZZZZZZZZZZZZZZZZZZZZZM',
    receivedAt: 0,
  }
  const notification: Notification = {
    id: '01J9ZZZZZZZZZZZZZZZZZZZZZN',
    route: 'Disks',
    status: 'sent',
    severity: 'critical',
    event: null,
    fingerprint: 'db1',
    title: message.title,
    flagged: null,
    created_at: '2026-11-20T12:00:00.000Z',
    source: 'mail',
    mail_id: message.mailId,
    run_id: null,
    reason: null,
    waits_until: null,
    suppressed_count: 0,
    acked_by: null,
    acked_at: null,
    ack_note: null,
    resolved_at: null,
    message,
    labels: {},
    delivery_list: [],
    ...changes,
  }
  return { notification, is_expired: false }
}
