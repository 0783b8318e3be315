import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import { raw } from 'hono/html'
import type { Child, PropsWithChildren } from 'hono/jsx'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Identity } from '../../domain/identity.js'
import type { Assets } from './assets.js'
import type { ConfigTrouble, ConsoleEnv } from './console-env.js'
import { cutText } from './cut-text.js'
import { Icon } from './elements/icon.js'
import { Time } from './elements/time.js'
import { type Flash, takeFlash } from './flash.js'
import { type SectionId, sections } from './sections.js'

export interface PageFrame {
  title: string
  section: SectionId
  /** Pages above this one, from the top. */
  above?: { label: string; href: string }[]
  /** Buttons at the right of the heading. */
  actions?: Child
  status?: ContentfulStatusCode
  /** Scripts of this page alone, by the names of their files. */
  scripts?: string[]
  styles?: string[]
}

export type RenderPage = (c: Context<ConsoleEnv>, frame: PageFrame, content: Child) => Response | Promise<Response>

const troubleLengthMax = 400
const doctype = raw('<!DOCTYPE html>')

/** `auto` is what the reader's system says. */
export const themes = ['auto', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]
export const themeCookie = 'mailtrigger_theme'

/** Everything around a page's content: head, menu, heading, and what came of the last action. */
export function createRenderer(assets: Assets, configTrouble: () => ConfigTrouble | null): RenderPage {
  return (c, frame, content) => {
    const flash = takeFlash(c)
    const page = (
      <Document assets={assets} theme={readTheme(c)} title={frame.title} scripts={frame.scripts} styles={frame.styles}>
        <Menu
          current={frame.section}
          identity={c.get('identity')}
          theme={readTheme(c)}
          back={new URL(c.req.url).pathname}
        />
        <main id="main" tabindex={-1}>
          <TroubleNote trouble={configTrouble()} />
          <FlashNote flash={flash} />
          <Heading frame={frame} />
          {content}
        </main>
      </Document>
    )
    return c.html(page, frame.status ?? 200)
  }
}

export function readTheme(c: Context): Theme {
  const kept = getCookie(c, themeCookie)
  return kept === 'light' || kept === 'dark' ? kept : 'auto'
}

/** The page itself, also for pages that nobody is known on (signing in). */
export function Document({
  assets,
  theme,
  title,
  scripts = [],
  styles = [],
  children,
}: PropsWithChildren<{ assets: Assets; theme: Theme; title: string } & Pick<PageFrame, 'scripts' | 'styles'>>) {
  return (
    <>
      {doctype}
      <html lang="en" data-theme={theme}>
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="htmx-config" content='{"includeIndicatorCSS":false,"history":true}' />
          <title>{`${title} · MailTrigger`}</title>
          <link rel="icon" href="data:," />
          {['console.css', 'elements.css', 'trace.css', 'channels.css', 'mails.css', ...styles].map((name) => (
            <link rel="stylesheet" href={assets.url(name)} />
          ))}
          <script src={assets.url('htmx.js')} defer />
          {['console.js', ...scripts].map((name) =>
            name.startsWith('uplot') ? (
              <script src={assets.url(name)} defer />
            ) : (
              <script src={assets.url(name)} type="module" />
            ),
          )}
        </head>
        <body>
          <a class="skip" href="#main">
            Skip to the content
          </a>
          {children}
        </body>
      </html>
    </>
  )
}

function Menu({
  current,
  identity,
  theme,
  back,
}: {
  current: SectionId
  identity: Identity
  theme: Theme
  back: string
}) {
  return (
    <header class="menu">
      <a class="brand" href="/">
        <Icon name="send" />
        MailTrigger
      </a>
      <details class="menu-fold">
        <summary>
          <Icon name="menu" />
          Menu
        </summary>
      </details>
      <nav aria-label="Sections">
        {sections.map(({ id, label, href, icon }) => (
          <a href={href} aria-current={id === current ? 'page' : undefined}>
            <Icon name={icon} />
            {label}
          </a>
        ))}
      </nav>
      <div class="menu-foot">
        <span class="live" data-live-state hidden>
          <Icon name="dot" /> <span>live</span>
        </span>
        <ThemeSwitch theme={theme} back={back} />
        <button type="button" class="plain-button" data-keys hidden>
          <Icon name="keys" />
          Keys
        </button>
        <a href="/account" class="who" title={`role ${identity.role}`}>
          <Icon name="people" />
          {identity.name}
        </a>
      </div>
    </header>
  )
}

function ThemeSwitch({ theme, back }: { theme: Theme; back: string }) {
  return (
    <form method="post" action="/theme" class="themes">
      <input type="hidden" name="back" value={back} />
      <fieldset>
        <legend class="hidden">Theme</legend>
        {themes.map((one) => (
          <button type="submit" name="theme" value={one} aria-pressed={one === theme ? 'true' : 'false'}>
            {one}
          </button>
        ))}
      </fieldset>
    </form>
  )
}

function Heading({ frame }: { frame: PageFrame }) {
  return (
    <div class="heading">
      <div>
        {frame.above && frame.above.length > 0 ? (
          <nav class="above" aria-label="Above this page">
            {frame.above.map(({ label, href }) => (
              <>
                <a href={href}>{label}</a>
                <Icon name="arrow" />
              </>
            ))}
          </nav>
        ) : null}
        <h1>{frame.title}</h1>
      </div>
      {frame.actions ? <div class="actions">{frame.actions}</div> : null}
    </div>
  )
}

/** On every page until it is mended: what people write into the file meanwhile does nothing. */
function TroubleNote({ trouble }: { trouble: ConfigTrouble | null }) {
  if (trouble === null) return null
  return (
    <div class="flash failed" role="alert">
      <Icon name="warning" />
      <div>
        <p>
          The config on disk is invalid since <Time at={trouble.at} />, and the one before it stays in force.{' '}
          <a href="/config">See what is wrong</a>
        </p>
        <p class="hint">{cutText(trouble.message, troubleLengthMax)}</p>
      </div>
    </div>
  )
}

function FlashNote({ flash }: { flash: Flash | null }) {
  if (flash === null) return null
  return (
    <div class={`flash ${flash.kind}`} role={flash.kind === 'failed' ? 'alert' : 'status'}>
      <Icon name={flash.kind === 'failed' ? 'warning' : 'check'} />
      <div>
        <p>{flash.text}</p>
        {flash.hint ? <p class="hint">{flash.hint}</p> : null}
      </div>
    </div>
  )
}
