/** Where mails go in: as the reader's machine would reach it, as far as is known. */
export interface Door {
  host: string
  port: number
  /** An address that the gateway accepts. */
  to: string
}

export interface Snippet {
  name: string
  /** Where it belongs. */
  place: string
  text: string
}

/** What makes the first mail come in: two commands, and the settings of programs that send alerts. Plain SMTP, without a name. */
export function writeSnippets({ host, port, to }: Door): Snippet[] {
  const from = 'alerts@example.com'
  // In a URL, and where a port follows, an IPv6 address stands in brackets (RFC 3986, section 3.2.2).
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return [
    {
      name: 'swaks',
      place: 'In a shell:',
      text: `swaks --server ${place} --from ${from} --to ${to} --header "Subject: Hello"`,
    },
    {
      name: 'curl',
      place: 'In a shell:',
      text: `printf 'Subject: Hello\\n\\nIt works.\\n' | curl smtp://${place} --mail-from ${from} --mail-rcpt ${to} --upload-file -`,
    },
    {
      name: 'Sentry',
      place: 'Self-hosted, in sentry/config.yml:',
      text: lines(
        'mail.backend: "smtp"',
        `mail.host: "${host}"`,
        `mail.port: ${port}`,
        'mail.use-tls: false',
        `mail.from: "${from}"`,
      ),
    },
    {
      name: 'Jenkins',
      place: 'Manage Jenkins, System, E-mail Notification, Advanced:',
      text: lines(
        `SMTP server  ${host}`,
        `SMTP Port    ${port}`,
        `Recipients   ${to}   (in the job's post-build action)`,
      ),
    },
    {
      name: 'Healthchecks',
      place: 'In the environment of a self-hosted one:',
      text: lines(
        `EMAIL_HOST=${host}`,
        `EMAIL_PORT=${port}`,
        'EMAIL_USE_TLS=False',
        `DEFAULT_FROM_EMAIL=${from}`,
        `# then add an Email integration to ${to}`,
      ),
    },
    { name: 'Monit', place: 'In monitrc:', text: lines(`set mailserver ${host} port ${port}`, `set alert ${to}`) },
    {
      name: 'Alertmanager',
      place: 'In alertmanager.yml:',
      text: lines(
        'global:',
        `  smtp_smarthost: '${place}'`,
        `  smtp_from: '${from}'`,
        '  smtp_require_tls: false',
        'receivers:',
        '  - name: mailtrigger',
        `    email_configs: [{ to: '${to}' }]`,
      ),
    },
    {
      name: 'Grafana',
      place: 'In grafana.ini, then a contact point of the type Email:',
      text: lines(
        '[smtp]',
        'enabled = true',
        `host = ${place}`,
        `from_address = ${from}`,
        'startTLS_policy = NoStartTLS',
        `;contact point: ${to}`,
      ),
    },
    {
      name: 'Proxmox VE',
      place: 'In a shell of a node:',
      text: lines(
        'pvesh create /cluster/notifications/endpoints/smtp --name mailtrigger \\',
        `  --server ${host} --port ${port} --mode insecure --from-address ${from} --mailto ${to}`,
      ),
    },
    {
      name: 'cron',
      place: 'By msmtp: in /etc/msmtprc, and on top of the crontab:',
      text: lines('account default', `host ${host}`, `port ${port}`, 'tls off', `from ${from}`, '', `MAILTO=${to}`),
    },
  ]
}

/**
 * The address of the door for a reader who came by `readerHost`.
 * @param recipients the globs of accepted recipients; null where any is
 */
export function findDoor(
  listen: { host: string; port: number } | undefined,
  readerHost: string,
  recipients: readonly string[] | null,
): Door {
  const isEverywhere = listen === undefined || listen.host === '0.0.0.0' || listen.host === '::'
  const accepted = recipients?.map((glob) => glob.replaceAll('*', 'alerts')) ?? []
  return {
    host: isEverywhere ? readerHost.replaceAll(/[[\]]/g, '') : listen.host,
    port: listen?.port ?? 25,
    // It stands in a command that people copy.
    to: accepted.find((address) => /^[\w.+-]+@[\w.-]+$/.test(address)) ?? 'alerts@example.com',
  }
}

function lines(...texts: string[]): string {
  return texts.join('\n')
}
