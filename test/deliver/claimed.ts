import type { ClaimedDelivery } from '#src/store/store.js'
import { makeMessage, noon } from '../store/store-fixture.js'

type Changes = Partial<Omit<ClaimedDelivery, 'notification'>> & {
  notification?: Partial<ClaimedDelivery['notification']>
}

/** A claimed delivery as the store would hand it out, born at noon, on its first attempt. */
export function makeClaimed({ notification, ...changes }: Changes = {}): ClaimedDelivery {
  return {
    id: 'd1',
    notificationId: 'n1',
    mailId: 'm1',
    runId: null,
    route: 'disks',
    channel: 'ops',
    recipient: 'tim@y.example',
    address: '111',
    status: 'processing',
    attempts: 1,
    counted: 1,
    retryMs: [60_000],
    retryWindowMs: 3_600_000,
    purpose: 'alert',
    aboutId: null,
    repeatNumber: 0,
    repeat: null,
    offersAck: true,
    during: null,
    nextAttemptAt: null,
    lastError: null,
    remote: {},
    createdAt: noon,
    updatedAt: noon,
    epoch: 1,
    owner: 'loop',
    message: makeMessage(),
    aboutRemote: null,
    ...changes,
    notification: {
      id: 'n1',
      status: 'processing',
      severity: 'warning',
      labels: { host: 'db1' },
      fingerprint: 'f',
      createdAt: noon,
      acknowledged: null,
      resolved: null,
      ...notification,
    },
  }
}
