import type { Engine } from './engine.js'

export interface LlmUse {
  /** Null without an LLM. */
  model: string | null
  calls_per_day_max: number | null
  /** Days of UTC, the last one is today. */
  days: { day: string; calls: number }[]
}

const dayMs = 86_400_000
const daysMax = 90

/** How often an LLM was asked. */
export function offerLlmUseCalls({ store, current, now }: Pick<Engine, 'store' | 'current' | 'now'>) {
  return {
    async readLlmUse(daysBack: number): Promise<LlmUse> {
      const { llm } = current().config
      const today = now()
      const days = Array.from({ length: Math.min(Math.max(1, daysBack), daysMax) }, (_, index) =>
        new Date(today - index * dayMs).toISOString().slice(0, 10),
      ).reverse()
      return {
        model: llm?.model ?? null,
        calls_per_day_max: llm?.callsPerDayMax ?? null,
        days: await Promise.all(days.map(async (day) => ({ day, calls: await store.readCount('llm', day) }))),
      }
    },
  }
}
