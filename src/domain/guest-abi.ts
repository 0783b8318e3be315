import { z } from 'zod'

/** What a guest sees, and what it may answer. Snake case, because guests in every language read it. */
export interface GuestAttachment {
  filename: string
  content_type: string
  size: number
  /** The text of textual attachments up to 256 KB; null otherwise. */
  content: string | null
  truncated: boolean
}

export interface ActionInput {
  version: 1
  action: { name: string; config: Record<string, unknown> }
  envelope: { from: string; to: string[] }
  recipients: string[]
  variables: Record<string, string>
  mail: {
    id: string
    date: string
    subject: string
    from: string
    to: string[]
    cc: string[]
    text: string
    html: string | null
    headers: Record<string, string[]>
  }
  attachments: GuestAttachment[]
}

/** All keys are optional; unknown keys are ignored, wrong types are an error of the action. */
export const actionOutputSchema = z.object({
  recipients: z.array(z.string().max(320)).max(1_000).optional(),
  drop: z.boolean().optional(),
  title: z.string().max(1_000).optional(),
  text: z.string().max(1_000_000).optional(),
  severity: z.string().max(32).optional(),
  labels: z.record(z.string().max(64), z.string().max(1_000)).optional(),
  reason: z.string().max(1_000).optional(),
})
export type ActionOutput = z.infer<typeof actionOutputSchema>
