import { Card, Fold } from '../elements/card.js'
import { type Door, writeSnippets } from '../first-mail-snippets.js'

/** In the place of plots as long as no mail ever came: how the first one does. */
export function FirstMail({ door }: { door: Door }) {
  const [swaks, curl, ...programs] = writeSnippets(door)
  return (
    <Card title="Send your first mail" id="first-mail">
      <p>
        Mails come in at <code>{`${door.host}, port ${door.port}`}</code>. Send one by hand; this page shows it as soon
        as it is here:
      </p>
      {[swaks, curl].map((snippet) => (snippet ? <pre tabindex={0}>{snippet.text}</pre> : null))}
      <p>
        Or <code>mailtrigger send --to {door.to}</code> on the server. Then have your programs send theirs:
      </p>
      <div class="snippets">
        {programs.map(({ name, place, text }) => (
          <Fold title={name}>
            <p>{place}</p>
            <pre tabindex={0}>{text}</pre>
          </Fold>
        ))}
      </div>
      <p class="hint">
        From another machine than this one the door has to know the sender: by its network (
        <code>server.smtp.allow</code>) or by a name and a password (<code>server.smtp.users</code>). Who is refused
        stands in the <a href="/system/rejections">rejected log</a>.
      </p>
    </Card>
  )
}
