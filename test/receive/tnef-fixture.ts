/** A `winmail.dat` ([MS-OXTNEF] 2.1.3): its signature, a key, and these attributes. */
export function tnef(attributes: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from('789f3e220100', 'hex'), ...attributes])
}

/** Level, id, type, length, data, checksum. */
export function attribute(level: 1 | 2, id: number, data: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUInt8(level, 0)
  head.writeUInt16LE(id, 1)
  head.writeUInt32LE(data.length, 5)
  return Buffer.concat([head, data, Buffer.alloc(2)])
}

/** A list of MAPI properties of one value each. */
export function properties(list: { type: number; id: number; value: Buffer }[]): Buffer {
  const count = Buffer.alloc(4)
  count.writeUInt32LE(list.length)
  const each = list.map(({ type, id, value }) => {
    const head = Buffer.alloc(12)
    head.writeUInt16LE(type, 0)
    head.writeUInt16LE(id, 2)
    head.writeUInt32LE(1, 4)
    head.writeUInt32LE(value.length, 8)
    return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)])
  })
  return Buffer.concat([count, ...each])
}
