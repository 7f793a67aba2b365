// The public keys of issuers: fetched when first needed, kept, and fetched again when a token names a key that is not among them. However many
// tokens come, and whatever they name, an issuer is asked once in a while.
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { Clock } from '../../core/plugin/index.ts'
import type { Issuer } from './settings.ts'

/** Between two looks for a key that is not there: forged key ids must not become requests to the issuer. */
const COOL_DOWN_MS = 10_000
/** Between two tries while nothing is known of an issuer: neither must forged tokens that come while it is away. */
const FAILED_MS = 1000
const KEEP_MS = 10 * 60_000
/** Keys that cannot be read again go on for this long: an issuer that is away locks nobody out, and a key that it withdrew does not live for ever. */
const KEEP_AWAY_MS = 60 * 60_000
/** For each of the two documents of an issuer. What they cost comes on top for whoever has little of the machine. */
export const DOCUMENT_MS = 5000
const MAX_DOCUMENT_BYTES = 512 * 1024

/** The keys cannot be had: the issuer's fault or the network's, never the caller's. */
export class KeysUnavailable extends Error {}

/** Resolves key ids of one issuer. */
export class KeySet {
  readonly #issuer: Pick<Issuer, 'issuer' | 'jwksUri'>
  readonly #clock: Clock
  /** Where the keys are, as far as it is known. */
  #uri: string | undefined
  #keys: JWTVerifyGetKey | null = null
  /** Monotonic ms. */
  #readAt = -Infinity
  #askedAt = -Infinity
  #failure: unknown = null
  #reading: Promise<void> | null = null

  constructor(issuer: Pick<Issuer, 'issuer' | 'jwksUri'>, clock: Clock) {
    this.#issuer = issuer
    this.#clock = clock
  }

  /** Rejects with KeysUnavailable when neither the document nor the keys can be fetched, and with an error of jose when there is no such key. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const keys = await this.#current()
    try {
      return await keys(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !(await this.#looksAgain())) throw error
      return this.#keys!(header, token)
    }
  }

  async #current(): Promise<JWTVerifyGetKey> {
    const age = this.#ageOf(this.#readAt)
    if (age >= KEEP_MS) {
      const read = this.#read(this.#keys === null ? FAILED_MS : COOL_DOWN_MS)
      // An issuer that is known to be away may take its time, and nobody has to wait for what is known.
      if (this.#failure === null || age >= KEEP_AWAY_MS) await read
    }
    if (this.#keys !== null && this.#ageOf(this.#readAt) < KEEP_AWAY_MS) return this.#keys
    throw this.#failure
  }

  /** False: what is known is all that can be known now. */
  async #looksAgain(): Promise<boolean> {
    const before = this.#readAt
    await this.#read(COOL_DOWN_MS)
    return this.#readAt !== before
  }

  /** Never rejects. Those who come while it reads get what it reads. */
  #read(pauseMs: number): Promise<void> {
    if (this.#reading !== null) return this.#reading
    if (this.#ageOf(this.#askedAt) < pauseMs) return Promise.resolve()
    this.#reading = this.#fetch().then(
      (keys) => {
        this.#keys = keys
        this.#readAt = this.#clock.monotonic()
        this.#over(null)
      },
      (error: unknown) => {
        this.#uri = undefined
        this.#over(error)
      },
    )
    return this.#reading
  }

  #over(failure: unknown): void {
    this.#failure = failure
    this.#askedAt = this.#clock.monotonic()
    this.#reading = null
  }

  async #fetch(): Promise<JWTVerifyGetKey> {
    this.#uri ??= this.#issuer.jwksUri ?? (await discover(this.#issuer.issuer))
    const document = await readDocument(this.#uri)
    try {
      return createLocalJWKSet(document as unknown as JSONWebKeySet)
    } catch (error) {
      throw new KeysUnavailable(`${this.#uri} is no set of keys`, { cause: error })
    }
  }

  #ageOf(moment: number): number {
    return this.#clock.monotonic() - moment
  }
}

/** OpenID Connect Discovery 1.0, section 4. */
async function discover(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const { issuer: named, jwks_uri: found } = await readDocument(url)
  if (named !== issuer) throw new KeysUnavailable(`${url} is of another issuer: ${String(named)}`)
  if (typeof found !== 'string' || !/^https?:\/\//.test(found)) throw new KeysUnavailable(`${url} names no jwks_uri`)
  return found
}

/** No redirects (the configuration says where keys come from), no document without end, and none that is not JSON: all of it is not the caller's fault. */
async function readDocument(url: string): Promise<{ readonly [name: string]: unknown }> {
  try {
    return await readJson(
      url,
      await fetch(url, {
        headers: { accept: 'application/json, application/jwk-set+json' },
        redirect: 'manual',
        signal: AbortSignal.timeout(DOCUMENT_MS),
      }),
    )
  } catch (error) {
    if (error instanceof KeysUnavailable) throw error
    throw new KeysUnavailable(`${url} cannot be read`, { cause: error })
  }
}

async function readJson(url: string, response: Response): Promise<{ readonly [name: string]: unknown }> {
  if (response.status !== 200) throw new KeysUnavailable(`${url} answered ${response.status}`)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > MAX_DOCUMENT_BYTES) throw new KeysUnavailable(`${url} is larger than ${MAX_DOCUMENT_BYTES} bytes`)
    chunks.push(chunk)
  }
  const document: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  if (typeof document !== 'object' || document === null) throw new KeysUnavailable(`${url} is no JSON object`)
  return document as { readonly [name: string]: unknown }
}
