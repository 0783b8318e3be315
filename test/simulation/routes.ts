/** The routes of the simulated week: one for each way in which a delivery may wait, repeat, be gathered or end. */
export function simulatedRoutes(sinkUrl: string): string {
  return `
version: 1
defaults: { retry: [1m, 5m, 15m, 30m, 1h], retry_window: 3d }
otherwise: { send: ops }
channels:
  chat:  { kind: webhook, url: "${sinkUrl}/chat" }
  pager: { kind: webhook, url: "${sinkUrl}/pager" }
  ops:   { kind: webhook, url: "${sinkUrl}/ops" }
  team:  { kind: webhook, url: "${sinkUrl}/team", rate_limit: "120/1m" }
calendars:
  office: { days: mon-fri, between: "09:00-18:00", timezone: Europe/Berlin }
routes:
  - name: stopped services
    when: { from: monit@corp.example, subject: { contains: Does not exist } }
    steps:
      - extract: { service: { from: body, regex: 'Service: (\\S+)' } }
      - hold: { for: 30m, key: "{{ service }}", unless: { from: monit@corp.example, subject: { contains: Exists } } }
      - send: chat
  - name: errors
    when: { from: sentry@corp.example }
    steps:
      - extract: { issue: { from: body, regex: 'issue: (\\S+)' } }
      - dedupe: { key: [issue], for: 30m }
      - send: chat
  - name: checks go down
    when: { from: checks@corp.example, subject: { contains: DOWN } }
    steps:
      - extract: { check: { from: body, regex: 'check: (\\S+)' } }
      - set: { fingerprint: "{{ check }}" }
      - send: pager
  - name: checks come back
    when: { from: checks@corp.example, subject: { contains: UP } }
    steps:
      - extract: { check: { from: body, regex: 'check: (\\S+)' } }
      - resolve: "{{ check }}"
  - name: disks
    when: { from: disk@corp.example }
    severity: critical
    steps:
      - send:
          channel: pager
          repeat: { every: 10m, times: 3 }
          then: { after: 25m, send: ops }
  - name: reports
    when: { from: cron@corp.example }
    steps:
      - extract: { team: { from: body, regex: 'team: (\\S+)' } }
      - digest: { key: "{{ team }}", every: 4h }
      - send: { channel: team, during: office }
monitors:
  backup: { expect: { when: { from: backup@corp.example, subject: { contains: OK } } }, every: 24h, grace: 1h, on_down: { send: ops }, on_recovery: { send: ops } }
`
}
