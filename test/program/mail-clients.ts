import { execFile } from 'node:child_process'
import { accessSync, chownSync, constants, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createTransport } from 'nodemailer'

export type Tls = 'plain' | 'starttls' | 'implicit'
export type Auth = 'none' | 'PLAIN' | 'LOGIN'

/** One mail to be sent by a client: how, and what it is found by. */
export interface Form {
  tls: Tls
  auth: Auth
  subject: string
}

/** The gateway, and a folder for what a client needs on disk. */
export interface Target {
  port: number
  implicitPort: number
  user: string
  password: string
  folder: string
}

export interface MailClient {
  name: string
  /** What has to be on the machine; null for what is a package of ours. */
  program: string | null
  /** It changes its user by itself, which takes root. */
  needsRoot?: boolean
  tls: readonly Tls[]
  auth: readonly Auth[]
  send: (form: Form, target: Target) => Promise<unknown>
}

export const sender = 'alerts@client.example'
export const recipient = 'devops@mailtrigger.app'
const everyTls = ['plain', 'starttls', 'implicit'] as const
const everyAuth = ['none', 'PLAIN', 'LOGIN'] as const

/** Programs that send one mail and end. Each is asked as its manual says, on the command line or by a file of settings. */
export const oneShotClients: MailClient[] = [
  { name: 'swaks', program: 'swaks', tls: everyTls, auth: everyAuth, send: runSwaks },
  { name: 'msmtp', program: 'msmtp', tls: everyTls, auth: everyAuth, send: runMsmtp },
  { name: 'curl', program: 'curl', tls: everyTls, auth: everyAuth, send: runCurl },
  { name: 'Python smtplib', program: 'python3', tls: everyTls, auth: everyAuth, send: runPython },
  { name: 's-nail', program: 's-nail', tls: everyTls, auth: everyAuth, send: runNail },
  { name: 'ssmtp', program: 'ssmtp', tls: everyTls, auth: ['none', 'LOGIN'], send: runSsmtp },
  { name: 'exim4', program: 'exim4', needsRoot: true, tls: everyTls, auth: everyAuth, send: runExim },
  { name: 'nodemailer', program: null, tls: everyTls, auth: everyAuth, send: runNodemailer },
]

function runSwaks({ tls, auth, subject }: Form, target: Target): Promise<void> {
  return run('swaks', [
    ...['--server', '127.0.0.1', '--port', portOf(tls, target), '--from', sender, '--to', recipient, '--silent', '2'],
    ...['--header', `Subject: ${subject}`, '--body', 'disk full'],
    ...(tls === 'starttls' ? ['--tls'] : tls === 'implicit' ? ['--tls-on-connect'] : []),
    ...(auth === 'none' ? [] : ['--auth', auth, '--auth-user', target.user, '--auth-password', target.password]),
  ])
}

function runMsmtp({ tls, auth, subject }: Form, target: Target): Promise<void> {
  const login = [`--auth=${auth.toLowerCase()}`, `--user=${target.user}`, `--passwordeval=echo ${target.password}`]
  return run(
    'msmtp',
    [
      ...['--host=127.0.0.1', `--port=${portOf(tls, target)}`, `--from=${sender}`],
      `--tls=${tls === 'plain' ? 'off' : 'on'}`,
      ...(tls === 'plain' ? [] : [`--tls-starttls=${tls === 'starttls' ? 'on' : 'off'}`, '--tls-certcheck=off']),
      ...(auth === 'none' ? ['--auth=off'] : login),
      ...['--', recipient],
    ],
    mailOf(subject),
  )
}

function runCurl({ tls, auth, subject }: Form, target: Target): Promise<void> {
  const scheme = tls === 'implicit' ? 'smtps' : 'smtp'
  return run(
    'curl',
    [
      ...['--silent', '--show-error', '--insecure', '--max-time', '20', '--noproxy', '*'],
      ...['--url', `${scheme}://127.0.0.1:${portOf(tls, target)}/client.example`],
      ...(tls === 'starttls' ? ['--ssl-reqd'] : []),
      ...(auth === 'none' ? [] : ['--user', `${target.user}:${target.password}`, '--login-options', `AUTH=${auth}`]),
      ...['--mail-from', sender, '--mail-rcpt', recipient, '--upload-file', '-'],
    ],
    mailOf(subject).replaceAll('\n', '\r\n'),
  )
}

function runPython({ tls, auth, subject }: Form, target: Target): Promise<void> {
  const script = `import smtplib, ssl, sys
tls, auth, port, user, password, sender, recipient = sys.argv[1:]
context = ssl._create_unverified_context()
client = smtplib.SMTP_SSL("127.0.0.1", int(port), context=context) if tls == "implicit" else smtplib.SMTP("127.0.0.1", int(port))
if tls == "starttls": client.starttls(context=context)
client.ehlo()
client.user, client.password = user, password
if auth != "none": client.auth(auth, getattr(client, "auth_" + auth.lower()))
client.sendmail(sender, [recipient], sys.stdin.read())
client.quit()
`
  const { user, password } = target
  const words = [tls, auth, portOf(tls, target), user, password, sender, recipient]
  return run('python3', ['-c', script, ...words], mailOf(subject))
}

function runNail({ tls, auth, subject }: Form, target: Target): Promise<void> {
  const login = auth === 'none' ? '' : `${target.user}:${encodeURIComponent(target.password)}@`
  const scheme = tls === 'implicit' ? 'smtps' : 'smtp'
  return run(
    's-nail',
    [
      ...['-:/', '-Sv15-compat', '-Stls-verify=ignore', '-Ssendwait', `-Sfrom=${sender}`],
      `-Smta=${scheme}://${login}127.0.0.1:${portOf(tls, target)}`,
      `-Ssmtp-auth=${auth.toLowerCase()}`,
      ...(tls === 'starttls' ? ['-Ssmtp-use-starttls'] : []),
      ...['-s', subject, recipient],
    ],
    'disk full\n',
  )
}

function runSsmtp({ tls, auth, subject }: Form, target: Target): Promise<void> {
  const settings = join(folderFor('ssmtp', subject, target), 'ssmtp.conf')
  const lines = [
    `mailhub=127.0.0.1:${portOf(tls, target)}`,
    'FromLineOverride=YES',
    `UseTLS=${tls === 'plain' ? 'NO' : 'YES'}`,
    `UseSTARTTLS=${tls === 'starttls' ? 'YES' : 'NO'}`,
    ...(auth === 'none' ? [] : [`AuthUser=${target.user}`, `AuthPass=${target.password}`, `AuthMethod=${auth}`]),
  ]
  writeFileSync(settings, `${lines.join('\n')}\n`)
  return run('ssmtp', [`-C${settings}`, recipient], mailOf(subject))
}

function runExim({ tls, auth, subject }: Form, target: Target): Promise<void> {
  const folder = folderFor('exim', subject, target)
  const settings = `spool_directory = ${folder}
log_file_path = ${folder}/%slog
exim_user = mail
exim_group = mail
keep_environment =
primary_hostname = client.example
trusted_users = root
tls_try_verify_hosts =
begin routers
gateway:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = gateway
begin transports
gateway:
  driver = smtp
  port = ${portOf(tls, target)}
  allow_localhost
  tls_verify_hosts =
  tls_try_verify_hosts =
  hosts_require_auth = ${auth === 'none' ? '' : '*'}
  hosts_try_auth = ${auth === 'none' ? '' : '*'}
  hosts_avoid_tls = ${tls === 'plain' ? '*' : ''}
  hosts_require_tls = ${tls === 'plain' ? '' : '*'}
  protocol = ${tls === 'implicit' ? 'smtps' : 'smtp'}
begin authenticators
${auth === 'LOGIN' ? 'login' : 'plain'}:
  driver = plaintext
  public_name = ${auth === 'LOGIN' ? 'LOGIN' : 'PLAIN'}
  client_send = ${auth === 'LOGIN' ? ': ' : '^'}${target.user}${auth === 'LOGIN' ? ' : ' : '^'}${target.password}
`
  writeFileSync(join(folder, 'exim.conf'), settings)
  // It never delivers as root, and Debian's user "mail" has this number everywhere.
  chownSync(folder, 8, 8)
  return run('exim4', ['-C', join(folder, 'exim.conf'), '-odf', '-f', sender, recipient], mailOf(subject))
}

async function runNodemailer({ tls, auth, subject }: Form, target: Target): Promise<void> {
  const transport = createTransport({
    host: '127.0.0.1',
    port: Number(portOf(tls, target)),
    secure: tls === 'implicit',
    ignoreTLS: tls === 'plain',
    requireTLS: tls === 'starttls',
    tls: { rejectUnauthorized: false },
    ...(auth === 'none' ? {} : { auth: { user: target.user, pass: target.password }, authMethod: auth }),
  })
  await transport.sendMail({ from: sender, to: recipient, subject, text: 'disk full' })
  transport.close()
}

export function portOf(tls: Tls, target: Target): string {
  return String(tls === 'implicit' ? target.implicitPort : target.port)
}

/** Where the program is, with the folders that are not on the path of a service's user; null when it is nowhere. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']
  for (const folder of folders) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not in this one.
    }
  }
  return null
}

export function folderFor(client: string, subject: string, target: Target): string {
  const folder = join(target.folder, `${client}-${subject.replaceAll(/\W+/g, '-')}`)
  mkdirSync(folder, { recursive: true })
  return folder
}

function mailOf(subject: string): string {
  return `From: Alerts <${sender}>\nTo: <${recipient}>\nSubject: ${subject}\n\ndisk full\n.\n..dots\n`
}

/** Runs it to its end; what it said is in the error when it fails. */
export function run(program: string, args: string[], input = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    const path = findProgram(program) ?? program
    const child = execFile(path, args, { timeout: 30_000 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${program}: ${error.message}\n${stdout}${stderr}`))
      else resolve()
    })
    // Not all of them read their input; how they ended says whether they should have.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}

export function isHere({ program, needsRoot }: Pick<MailClient, 'program' | 'needsRoot'>): boolean {
  return (program === null || findProgram(program) !== null) && (!needsRoot || process.getuid?.() === 0)
}
