import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../stand-ins/free-port.js'
import { until } from '../stand-ins/until.js'
import {
  type Form,
  findProgram,
  folderFor,
  type MailClient,
  portOf,
  recipient,
  run,
  sender,
  type Target,
} from './mail-clients.js'

/** A program that runs on, and sends mails by itself: one start sends every form. */
export interface AlertingService extends Omit<MailClient, 'send'> {
  start: (forms: Form[], target: Target) => Promise<{ stop: () => Promise<void> }>
}

export const alertingServices: AlertingService[] = [
  {
    name: 'Postfix',
    program: 'postfix',
    needsRoot: true,
    tls: ['plain', 'starttls', 'implicit'],
    auth: ['none', 'PLAIN', 'LOGIN'],
    start: startPostfix,
  },
  // It speaks implicit TLS on port 465 only, and takes PLAIN where that is offered.
  {
    name: 'Alertmanager',
    program: 'prometheus-alertmanager',
    tls: ['plain', 'starttls'],
    auth: ['none', 'PLAIN'],
    start: startAlertmanager,
  },
  {
    name: 'Monit',
    program: 'monit',
    tls: ['plain', 'implicit'],
    auth: ['none', 'PLAIN'],
    start: startMonit,
  },
]

/** A neighbour that relays: one instance on a private folder, a transport for each form, chosen by the sender. */
async function startPostfix(forms: Form[], target: Target): Promise<{ stop: () => Promise<void> }> {
  const folder = folderFor('postfix', 'etc', target)
  for (const name of ['queue', 'data']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'passwords'), `127.0.0.1 ${target.user}:${target.password}\n`)
  writeFileSync(join(folder, 'main.cf'), postfixSettings(folder))
  writeFileSync(join(folder, 'master.cf'), [...postfixServices, ...forms.map(postfixTransport)].join('\n'))
  const routes = forms.map((form, index) => `${senderOf(index)} form${index}:[127.0.0.1]:${portOf(form.tls, target)}`)
  writeFileSync(join(folder, 'transports'), `${routes.join('\n')}\n`)
  await run('chown', ['postfix', join(folder, 'data')])
  await run('postfix', ['-c', folder, 'start'])
  for (const [index, { subject }] of forms.entries()) {
    await run(
      'sendmail',
      ['-C', folder, '-f', senderOf(index), recipient],
      `From: ${sender}\nSubject: ${subject}\n\nx\n`,
    )
  }
  return { stop: () => run('postfix', ['-c', folder, 'stop']) }
}

const senderOf = (index: number): string => `form${index}@client.example`

function postfixSettings(folder: string): string {
  return `compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
maillog_file = ${folder}/log
maillog_file_prefixes = ${folder}
myhostname = client.example
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
smtp_sasl_password_maps = texthash:${folder}/passwords
smtp_sasl_security_options =
sender_dependent_default_transport_maps = texthash:${folder}/transports
`
}

function postfixTransport({ tls, auth }: Form, index: number): string {
  const options = [
    `smtp_tls_security_level=${tls === 'plain' ? 'none' : 'encrypt'}`,
    `smtp_tls_wrappermode=${tls === 'implicit' ? 'yes' : 'no'}`,
    `smtp_sasl_auth_enable=${auth === 'none' ? 'no' : 'yes'}`,
    `smtp_sasl_mechanism_filter=${auth.toLowerCase()}`,
  ]
  return `form${index} unix - - n - - smtp ${options.map((option) => `-o ${option}`).join(' ')}`
}

const postfixServices = [
  'pickup unix n - n 1 1 pickup',
  'cleanup unix n - n - 0 cleanup',
  'qmgr unix n - n 300 1 qmgr',
  'rewrite unix - - n - - trivial-rewrite',
  ...['bounce', 'defer', 'trace'].map((name) => `${name} unix - - n - 0 bounce`),
  'error unix - - n - - error',
  'retry unix - - n - - error',
  'tlsmgr unix - - n 1000? 1 tlsmgr',
  'showq unix n - n - - showq',
  'postlog unix-dgram n - n - 1 postlogd',
]

async function startAlertmanager(forms: Form[], target: Target): Promise<{ stop: () => Promise<void> }> {
  const folder = folderFor('alertmanager', 'etc', target)
  const port = await freePort()
  const receivers = forms.map(({ tls, auth, subject }, index) => ({
    name: `form${index}`,
    email_configs: [
      {
        to: recipient,
        from: sender,
        smarthost: `127.0.0.1:${portOf(tls, target)}`,
        require_tls: tls === 'starttls',
        tls_config: { insecure_skip_verify: true },
        headers: { Subject: subject },
        ...(auth === 'none' ? {} : { auth_username: target.user, auth_password: target.password }),
      },
    ],
  }))
  const routes = forms.map((_, index) => ({ receiver: `form${index}`, continue: true }))
  const route = { receiver: 'form0', group_wait: '1ms', routes }
  // JSON is YAML.
  writeFileSync(join(folder, 'alertmanager.yml'), JSON.stringify({ route, receivers }))
  const service = keepRunning('prometheus-alertmanager', [
    `--config.file=${join(folder, 'alertmanager.yml')}`,
    `--storage.path=${folder}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ])
  const api = `http://127.0.0.1:${port}`
  await until(
    () =>
      fetch(`${api}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    'Alertmanager is ready',
  )
  const body = JSON.stringify([{ labels: { alertname: 'DiskFull', instance: 'db1' } }])
  const answer = await fetch(`${api}/api/v2/alerts`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  })
  if (!answer.ok) throw new Error(`Alertmanager: ${await answer.text()}`)
  return service
}

/** It has one mail server for all alerts, so each form is a process. */
async function startMonit(forms: Form[], target: Target): Promise<{ stop: () => Promise<void> }> {
  const services = forms.map(({ tls, auth, subject }) => {
    const folder = folderFor('monit', subject, target)
    const login = auth === 'none' ? '' : `username "${target.user}" password "${target.password}"`
    const settings = `set daemon 1
set pidfile ${folder}/pid
set idfile ${folder}/id
set statefile ${folder}/state
set logfile ${folder}/log
set tls options { selfsigned: allow, verify: disable }
set mailserver 127.0.0.1 port ${portOf(tls, target)} ${login} ${monitTls[tls]}
set mail-format { from: ${sender}
subject: ${subject} }
set alert ${recipient} { nonexist }
check file missing with path ${folder}/missing
`
    const file = join(folder, 'monitrc')
    writeFileSync(file, settings)
    chmodSync(file, 0o600)
    return keepRunning('monit', ['-I', '-c', file])
  })
  return {
    async stop() {
      await Promise.all(services.map(({ stop }) => stop()))
    },
  }
}

// Monit 5.33 takes "using starttls", and then sends in the clear.
const monitTls = { plain: '', starttls: '', implicit: 'using tls' }

function keepRunning(program: string, args: string[]): { stop: () => Promise<void> } {
  const child: ChildProcess = spawn(findProgram(program) ?? program, args, { stdio: 'ignore' })
  const ended = once(child, 'close')
  return {
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
