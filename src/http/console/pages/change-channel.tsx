import { type Context, Hono } from 'hono'
import { ApiError } from '../../../domain/errors.js'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import { leaveFor } from '../flash.js'
import type { RenderPage } from '../render-page.js'
import { ChannelForm } from '../setting-form/channel-form.js'
import { type ChannelFormState, openChannelForm, takeChannelForm } from '../setting-form/take-channel-form.js'
import { GuideCard } from './new-channel.js'
import type { MountPage } from './page.js'

/** Settings of a channel that was made here, to be changed. Those of a file are changed there. */
export const changeChannelPages: MountPage = (parts, render) => {
  const app = new Hono<ConsoleEnv>()
  app.get('/channels/:name/change', async (c) => show(c, render, await openKnown(parts, c.req.param('name'))))
  app.post('/channels/:name/change', async (c) => {
    const name = c.req.param('name')
    const taken = await takeChannelForm(c, parts, await openKnown(parts, name), name)
    if ('shown' in taken) return show(c, render, taken.shown)
    return leaveFor(c, hrefOf(name), `${name} is changed.`, 'It is in force from now on.')
  })
  return app
}

async function openKnown({ calls }: ConsoleParts, name: string): Promise<ChannelFormState> {
  const { kind, origin, settings } = await calls.readChannel(name)
  if (origin === 'file') {
    throw new ApiError(409, 'in_file', `the channel ${name} stands in a file`, 'change it there; the file is reloaded')
  }
  return openChannelForm(await calls.readKind(kind), name, settings)
}

function show(c: Context<ConsoleEnv>, render: RenderPage, state: ChannelFormState) {
  const { name, kind, status } = state
  const above = [
    { label: 'Channels', href: '/channels' },
    { label: name, href: hrefOf(name) },
  ]
  return render(
    c,
    { title: `Change ${name}`, section: 'channels', above, status },
    <div class="form-and-guide">
      <ChannelForm c={c} state={state} action={`${hrefOf(name)}/change`} isNew={false} back={hrefOf(name)} />
      <GuideCard kind={kind} />
    </div>,
  )
}

function hrefOf(name: string): string {
  return `/channels/${encodeURIComponent(name)}`
}
