import type { NotifyRule } from '../domain/monitor.js'
import type { Silence } from '../domain/silence.js'
import type { Store } from '../store/store.js'

const silencesMax = 1_000

/** What people set while the server runs: looked at for every delivery and run, changed a few times a day. */
export interface StandingOrders {
  /** In force, and to come. */
  silences: () => readonly Silence[]
  rules: () => readonly NotifyRule[]
  /** Reads them again, after they were changed. */
  read: () => Promise<void>
}

export async function openStandingOrders(
  store: Pick<Store, 'listSilences' | 'listRules'>,
  now: () => number,
): Promise<StandingOrders> {
  let silences: readonly Silence[] = []
  let rules: readonly NotifyRule[] = []
  const read = async (): Promise<void> => {
    silences = await store.listSilences({ ended: false, now: now(), limit: silencesMax })
    rules = await store.listRules()
  }
  await read()
  return { silences: () => silences, rules: () => rules, read }
}
