import { z } from '@hono/zod-openapi'
import type { PersonLine } from '../../engine/known-people.js'
import type { LinkAnswer } from '../../engine/people-calls.js'
import { Time } from './time.js'

const PersonAddress = z.object({
  channel: z.string(),
  kind: z.string().nullable().describe('Null when the channel is gone.'),
  address: z.string().describe('Masked where only its owner and the vendor may know it.'),
  origin: z
    .enum(['file', 'entry', 'link'])
    .describe('`file`: of the config; `entry`: somebody entered it; `link`: the person opened a link there.'),
  at: Time.nullable().describe('Since when; null for what stands in a file.'),
  problem: z.string().nullable().describe('Why nothing is sent there; null when it is in force.'),
})

export const Person = z
  .object({
    address: z.string().describe('The mail address that names the person, in lower case.'),
    name: z.string().nullable(),
    manager: z.string().nullable().describe('The mail address of the manager.'),
    groups: z.array(z.string()),
    channels: z.array(PersonAddress),
    quiet_hours: z.object({ calendar: z.string(), except: z.array(z.string()) }).nullable(),
    origin: z.enum(['file', 'entry']).describe('`file`: the person, or a group with them, stands in the config.'),
    fixed: z
      .array(z.string())
      .describe('What stands in a file and is changed there: `name`, `manager`, `quiet_hours`.'),
    changed_at: Time.nullable().describe('When the last change was made here; null when there was none.'),
    changed_by: z.string().nullable(),
  })
  .openapi('Person') satisfies z.ZodType<PersonLine>

export const PersonLink = z
  .object({
    person: z.string(),
    channel: z.string(),
    url: z.string().describe('Whoever opens it first gets the alerts of the person: send it to nobody else.'),
    code: z.string(),
    expires_at: Time,
    problem: z.string().nullable().describe('Why the channel does not hear at the moment who opens it.'),
  })
  .openapi('PersonLink') satisfies z.ZodType<LinkAnswer>
