const basic =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
const extension = '^{}\\[~]|€'

export function isGsmText(text: string): boolean {
  return [...text].every((letter) => basic.includes(letter) || extension.includes(letter))
}

/** How many segments a phone network makes of a text (3GPP TS 23.038 and 23.040): what cannot be divided moves on. */
export function countSegments(text: string): number {
  const isGsm = isGsmText(text)
  const widths = [...text].map((letter) => (isGsm ? (extension.includes(letter) ? 2 : 1) : letter.length))
  const total = widths.reduce((sum, width) => sum + width, 0)
  if (total <= (isGsm ? 160 : 70)) return 1
  const room = isGsm ? 153 : 67
  let segments = 1
  let used = 0
  for (const width of widths) {
    if (used + width > room) {
      segments++
      used = 0
    }
    used += width
  }
  return segments
}
