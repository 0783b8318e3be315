/** The same at any time and on any machine: ids, times, signatures, boundaries. */
export function makeConstant(dump: string): string {
  return (
    dump
      .replaceAll('CANARY', 'SECRET')
      .replace(/\back:[\w.~-]+/g, 'ack:SIGNED')
      // A quoted-printable line may end in the middle of the link.
      .replace(/\/ack\/(?:[\w.~-]|=\r\n)+/g, '/ack/SIGNED')
      .replace(/\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b/g, '01J00000000000000000000000')
      .replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '2026-08-01T12:00:00.000Z')
      .replace(/\b\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, '2026-08-01 12:00 UTC')
      .replace(/^Date: .*$/gm, 'Date: Sat, 01 Aug 2026 12:00:00 +0000')
      .replace(/^(X-MailTrigger-Hop: )[0-9a-f]{16}/gim, (_, name: string) => `${name}0123456789abcdef`)
      .replace(/--_NmP-[0-9a-f]+-Part_/g, '--boundary-Part_')
  )
}
