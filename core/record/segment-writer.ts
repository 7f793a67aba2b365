// The open segment of a spool: takes batches of whole frames, one write each. What a failed write left behind is cut
// off, so that no frame stands in the file whose caller was told that it does not.
import { join } from 'node:path'
import type { SpoolFiles } from './files.ts'
import { segmentId } from './segment.ts'

export interface SegmentWriterOptions {
  readonly folder: string
  readonly boot: string
  readonly fsync: boolean
  readonly files: SpoolFiles
}

export class SegmentWriter {
  readonly #options: SegmentWriterOptions
  #file: number | null = null
  #number = 0
  #length = 0
  #torn = false

  constructor(options: SegmentWriterOptions) {
    this.#options = options
  }

  /** Number of the segment that is open, or 0. */
  get number(): number {
    return this.#file === null ? 0 : this.#number
  }

  /** Bytes of whole frames in the open segment. */
  get length(): number {
    return this.#length
  }

  /** Appends `bytes[0, length)` to segment `number`, sealing an older one first. Rejects with the error of the file system. */
  async append(number: number, bytes: Buffer, length: number): Promise<void> {
    if (this.#file !== null && this.#number !== number) await this.seal()
    if (this.#file === null) await this.#open(number)
    try {
      if (this.#torn) await this.#cut()
      await this.#writeAll(bytes, length)
      if (this.#options.fsync) await this.#options.files.sync(this.#file!)
      this.#length += length
    } catch (error) {
      this.#torn = true
      await this.#cut().catch(() => undefined)
      throw error
    }
  }

  /** Closes the open segment and marks it whole; the recorder ships it from here on. */
  async seal(): Promise<void> {
    if (this.#file === null) return
    const { files, folder, boot } = this.#options
    if (this.#torn) await this.#cut().catch(() => undefined)
    await files.close(this.#file)
    this.#file = null
    this.#torn = false
    const path = join(folder, segmentId(boot, this.#number))
    await files.rename(`${path}.open`, `${path}.seg`)
  }

  async #open(number: number): Promise<void> {
    const { files, folder, boot } = this.#options
    this.#file = await files.create(join(folder, `${segmentId(boot, number)}.open`))
    this.#number = number
    this.#length = 0
  }

  async #writeAll(bytes: Buffer, length: number): Promise<void> {
    let done = 0
    while (done < length) {
      const written = await this.#options.files.write(this.#file!, bytes, done, length - done, this.#length + done)
      if (written === 0) throw Object.assign(new Error('the disk takes no more bytes'), { code: 'ENOSPC' })
      done += written
    }
  }

  async #cut(): Promise<void> {
    await this.#options.files.truncate(this.#file!, this.#length)
    this.#torn = false
  }
}
