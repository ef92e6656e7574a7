import { crc32, deflateSync, inflateSync } from 'node:zlib'

const SIGNATURE = 8

/**
 * Compresses a screenshot. A browser writes each pixel as a difference to its neighbours, as suits
 * photographs; areas of one colour take a third of that when they are written as they are.
 */
export function compressed(png: Buffer): Buffer {
  const kept: Buffer[] = [png.subarray(0, SIGNATURE)]
  const data: Buffer[] = []
  for (let at = SIGNATURE; at < png.length;) {
    const length = png.readUInt32BE(at)
    const type = png.toString('latin1', at + 4, at + 8)
    const content = png.subarray(at + 8, at + 8 + length)
    if (type === 'IDAT') data.push(content)
    else {
      if (type === 'IEND') {
        const pixels = unfiltered(inflateSync(Buffer.concat(data)), png)
        kept.push(chunk('IDAT', deflateSync(pixels, { level: 9, memLevel: 9 })))
      }
      kept.push(chunk(type, content))
    }
    at += length + 12
  }
  return Buffer.concat(kept)
}

/** Bytes of a pixel, by colour type, at 8 bits a channel. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }

/**
 * Returns the rows of an image without their filters (PNG, section 9); the first byte of a row
 * names its filter.
 */
function unfiltered(rows: Buffer, png: Buffer): Buffer {
  const step = CHANNELS[png[SIGNATURE + 17]!]! // of the header, the first chunk
  const width = png.readUInt32BE(SIGNATURE + 8) * step
  const none = Buffer.alloc(rows.length)
  for (let row = 0; row < rows.length; row += width + 1) {
    const filter = rows[row]!
    for (let x = 0; x < width; x++) {
      const at = row + 1 + x
      const left = x < step ? 0 : none[at - step]!
      const up = row === 0 ? 0 : none[at - width - 1]!
      const corner = row === 0 || x < step ? 0 : none[at - width - 1 - step]!
      none[at] = rows[at]! + predicted(filter, left, up, corner)
    }
  }
  return none
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 1) return left
  if (filter === 2) return up
  if (filter === 3) return (left + up) >> 1
  if (filter !== 4) return 0
  const [a, b, c] = [left, up, corner].map((one) => Math.abs(left + up - corner - one)) as [
    number,
    number,
    number,
  ]
  return a <= b && a <= c ? left : b <= c ? up : corner
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}
