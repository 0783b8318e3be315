const team = (/** @type {number} */ number) => `team-${number}`

/** Every form a rule usually takes; none of them matches the mails sent here. */
const forms = [
  (/** @type {number} */ n) => ({ subject: { starts_with: `[Service ${n}]` } }),
  (/** @type {number} */ n) => ({ rcpt: `${team(n)}@gw.example.test`, subject: { contains: 'error' } }),
  (/** @type {number} */ n) => ({ subject: { matches: `^ALERT-${n}: [a-z.-]+ is (down|up)$` } }),
  (/** @type {number} */ n) => ({ from: `*@host-${n}.example.test`, body: { contains: 'level = fatal' } }),
  (/** @type {number} */ n) => ({ header: { 'X-Project': { is: `project ${n}` } } }),
  (/** @type {number} */ n) => ({ body: { matches: `disk /dev/sd[a-z]${n} is \\d+% full` } }),
]

/**
 * A routes file of which exactly one route matches, the last, so that each mail makes one delivery. JSON is YAML.
 * @param {{ url: string, routes: number }} options
 */
export function routesFile({ url, routes }) {
  const others = Array.from({ length: routes - 1 }, (_, index) => ({
    name: `Team ${index}`,
    when: forms[index % forms.length]?.(index),
    steps: [{ send: 'hook' }],
  }))
  const checkout = {
    name: 'Checkout errors',
    when: { subject: { starts_with: '[Checkout]' }, body: { contains: 'level = error' } },
    steps: [{ send: 'hook' }],
  }
  const file = {
    version: 1,
    otherwise: { archive: true },
    channels: { hook: { kind: 'webhook', url } },
    routes: [...others, checkout],
  }
  return `${JSON.stringify(file, null, 2)}\n`
}
