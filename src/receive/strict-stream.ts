import { SMTPStream, type SMTPStreamOptions } from 'smtp-server/lib/smtp-stream.js'
import { DataDecoder, type LineFault } from './data-decoder.js'

export interface StreamWatch {
  /** The client began a command line, or another one; null when it owes us no rest of a line. */
  onLine: (state: 'begun' | null) => void
  onData: (state: 'begun' | 'ended') => void
}

/**
 * smtp-server's parser with our reading of DATA (see `DataDecoder`), which also saves it a turn of the event loop for
 * every dot at the start of a line. It says when a line or a mail is awaited, since the package knows idle clients only,
 * and none is idle that sends a byte now and then.
 */
export class StrictStream extends SMTPStream {
  readonly #watch: StreamWatch
  #decoder = new DataDecoder()

  constructor(options: SMTPStreamOptions, watch: StreamWatch) {
    super(options)
    this.#watch = watch
  }

  /** Of the mail that is being read, or was read last. */
  get fault(): LineFault | null {
    return this.#decoder.fault
  }

  /** It is us who keep the client waiting, not the client us. */
  get isHeldUp(): boolean {
    return this._dataStream?.writableNeedDrain ?? false
  }

  override startDataMode(bytesMax?: number | string | null): ReturnType<SMTPStream['startDataMode']> {
    this.#decoder = new DataDecoder()
    this.#watch.onData('begun')
    return super.startDataMode(bytesMax)
  }

  override _write(chunk: Buffer, encoding: BufferEncoding | 'buffer', next: (error?: Error | null) => void): void {
    const isNewLine = this._remainder === '' || chunk.includes('\n')
    super._write(chunk, encoding, (error) => {
      if (this._remainder === '' || this.isClosed) this.#watch.onLine(null)
      else if (isNewLine) this.#watch.onLine('begun')
      next(error)
    })
  }

  override _feedDataStream(chunk: Buffer, done: (error?: Error | null) => void): void {
    const { content, end } = this.#decoder.decode(chunk)
    this._countDataBytes(content.length)
    if (end >= 0) {
      this.#watch.onData('ended')
      this._endDataMode(content, chunk.subarray(end), done)
      return
    }
    const stream = this._dataStream
    if (content.length === 0 || !stream?.writable || stream.write(content) || stream.destroyed) {
      done()
      return
    }
    const goOn = (): void => {
      stream.removeListener('drain', goOn)
      stream.removeListener('close', goOn)
      done()
    }
    stream.once('drain', goOn)
    // A stream that is destroyed never drains.
    stream.once('close', goOn)
  }

  /** What came before the end of the connection without an end of line is no command. */
  override _flushData(): void {
    this._remainder = ''
  }
}
