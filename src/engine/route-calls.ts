import { readRouteText } from '../config/route-text.js'
import type { Config } from '../domain/config.js'
import { ApiError, ConfigError, type ConfigIssue } from '../domain/errors.js'
import type { Route } from '../domain/route.js'
import { hideSecrets } from '../domain/secrets.js'
import type { CompiledRoute } from '../route/compile-routes.js'
import { listConditionLines } from '../route/write-condition.js'
import type { RouteHits } from '../store/stats-store.js'
import { describeStep, listChannels } from './describe-step.js'
import type { Engine } from './engine.js'

/** A route, as the API and the console show it. */
export interface RouteLine {
  name: string
  /** `routes.yaml:12` */
  position: string
  enabled: boolean
  /** Ends the list after it matched. */
  stop: boolean
  severity: string | null
  event: string | null
  /** The condition as a tree, two spaces a level. */
  conditions: string[]
  steps: string[]
  sends_to: string[]
  hits_24h: number
  hits_7d: number
  last_matched_at: string | null
  /** The last mails it matched, the newest first, at most five. */
  last_mails: string[]
  /** Since when the gateway has it and it matched nothing; null when it did. */
  never_matched_since: string | null
  /** What the check of the config warns of. */
  warnings: { code: string; message: string; hint: string | null }[]
}

export interface RouteDetail extends RouteLine {
  labels: Record<string, string>
  on_error: Route['onError']
  /** As its file writes it; null when the file was changed since it was loaded. */
  yaml: string | null
}

/** What may be asked about routes. Rejects with `ApiError`. */
export function offerRouteCalls(engine: Engine) {
  const { store, now } = engine

  async function readHits(): Promise<Map<string, RouteHits>> {
    return new Map((await store.listRouteHits(now())).map((hits) => [hits.route, hits]))
  }

  function describeAll(hits: Map<string, RouteHits>): RouteLine[] {
    const { parts, warnings } = engine.current()
    const { routes } = parts.routes
    return routes.map((compiled, index) => {
      const own = warningsOf(compiled.route, routes[index + 1]?.route ?? null, warnings)
      return describeRoute(compiled, hits.get(compiled.route.name) ?? null, own, parts.config)
    })
  }

  return {
    /** In the order in which they are evaluated. */
    listRoutes: async (): Promise<RouteLine[]> => describeAll(await readHits()),
    async readRoute(name: string): Promise<RouteDetail> {
      const { config, parts } = engine.current()
      const route = parts.routes.routes.find((compiled) => compiled.route.name === name)?.route
      const line = describeAll(await readHits()).find((one) => one.name === name)
      if (!route || !line) throw new ApiError(404, 'not_found', `there is no route "${name}"`)
      const yaml = await readYaml(config, route)
      return { ...line, labels: route.labels, on_error: route.onError, yaml }
    },
  }
}

/** Files that are gone or unreadable since they were loaded have changed. */
async function readYaml(config: Config, { position }: Route): Promise<string | null> {
  try {
    const text = await readRouteText(config, position)
    return text && hideSecrets(text, config.secrets)
  } catch (error) {
    if (error instanceof ConfigError) return null
    throw error
  }
}

function describeRoute(
  { route, condition }: CompiledRoute,
  hits: RouteHits | null,
  warnings: ConfigIssue[],
  { secrets }: Config,
): RouteLine {
  const { name, enabled, stop, severity, event, position } = route
  const hide = (text: string): string => hideSecrets(text, secrets)
  return {
    name,
    position: `${position.file.split('/').at(-1)}:${position.line}`,
    enabled,
    stop,
    severity,
    event,
    conditions: listConditionLines(condition).map(hide),
    steps: route.steps.map((step) => hide(describeStep(step))),
    sends_to: listChannels(route),
    hits_24h: hits?.hits_24h ?? 0,
    hits_7d: hits?.hits_7d ?? 0,
    last_matched_at: hits?.last_matched_at ?? null,
    last_mails: hits?.last_mails ?? [],
    never_matched_since: hits && hits.last_matched_at === null ? hits.known_since : null,
    warnings: warnings.map(({ code, message, hint }) => ({ code, message: hide(message), hint })),
  }
}

/** Warnings that point between the beginning of a route and that of the next in its file. */
function warningsOf({ position }: Route, next: Route | null, warnings: ConfigIssue[]): ConfigIssue[] {
  const { file, line } = position
  const end = next?.position.file === file ? next.position.line : Number.POSITIVE_INFINITY
  return warnings.filter(({ code, position: at }) => {
    return at?.file === file && at.line >= line && at.line < end && !isOfOtherSections(code)
  })
}

/** Behind the last route of a file other sections may follow. */
function isOfOtherSections(code: string): boolean {
  return code.startsWith('unused-') || code === 'overridden-action' || code === 'plaintext-secret'
}
